"""MathJax 3 and 4 output without its source, back to the MathML that it was made from.

Both outputs keep the tree: CHTML in element names (`mjx-msup`) with characters in class names
(`mjx-c1D465`), SVG in `data-mml-node` and `data-c`. MathJax's source, `output/chtml/Wrappers` and
`output/svg/Wrappers`, says how each element is laid out.
"""

from __future__ import annotations

import re

from udfs.html.tree import Node

_CHARACTER = re.compile(r"\bmjx-c([0-9A-F]{2,5})\b")
_HEIGHT = re.compile(r"translate\(\s*-?[\d.]+[ ,]+(-?)[\d.]")
_LEAVES = frozenset(("mi", "mo", "mn", "mtext", "ms"))
_NOTHING = frozenset(
    str.split(
        """
        spacer nstrut dstrut tstrut line surd strut mark speech assistive-mml labels rule
        """
    )
)
_LAID_OUT = frozenset(
    ("mfrac", "msub", "msup", "msubsup", "mover", "munder", "munderover", "mroot")
)
_ROLES = frozenset(("num", "den", "over", "under", "base", "root", "script"))
# Parts of which SVG builds tall and wide characters, by the character that they build.
_PARTS = {
    part: whole
    for whole, parts in {
        "(": "⎛⎜⎝",
        ")": "⎞⎟⎠",
        "[": "⎡⎢⎣",
        "]": "⎤⎥⎦",
        "{": "⎧⎨⎩",
        "}": "⎫⎬⎭",
        "⏞": "\ue150\ue151\ue155",
        "⏟": "\ue152\ue153\ue156",
        "": "⎪\ue154",
    }.items()
    for part in parts
}
Piece = Node | str


def to_mathml(output: Node) -> Node | None:
    """The `<math>` of one `mjx-container`, None where it shows nothing that could be read."""
    done: dict[int, list[Piece]] = {}
    math = None
    for node in reversed(list(output.walk())):
        below: list[Piece] = []
        for child in node.elements():
            pieces = done.pop(id(child))
            if below:
                below += pieces
            else:  # the list itself: elements that say nothing may nest without end
                below = pieces
        if node.tag.startswith("mjx-"):
            made = _from_chtml(node, node.tag[4:], below)
        else:
            made = _from_svg(node, below)
        done[id(node)] = made
        if len(made) == 1 and isinstance(made[0], Node) and made[0].tag == "math":
            math = made[0]
    return math if math is not None and math.children else None


def _make(tag: str, children: list[Piece], raw: str = "") -> Node:
    node = Node(tag, raw, None)
    node.children = children
    return node


def _group(pieces: list[Piece]) -> Node:
    if len(pieces) == 1 and isinstance(pieces[0], Node):
        return pieces[0]
    return _make("mrow", pieces)


def _from_chtml(node: Node, tag: str, below: list[Piece]) -> list[Piece]:
    if tag == "c" or tag.startswith("stretchy"):
        match = _CHARACTER.search(node.get("class"))
        return [chr(int(match.group(1), 16))] if match else [node.text()]
    if tag in _LEAVES:
        return [_leaf(tag, below)]
    if tag == "utext":
        return [node.text()]
    if tag in _NOTHING:
        return []
    if tag in _ROLES:
        return [_make("#" + tag, below)]
    if tag == "mspace":
        width = re.search(r"width:\s*([\d.]+em)", node.get("style"))
        return [_make("mspace", [], f'width="{width.group(1)}"' if width else "")]
    if tag not in _LAID_OUT:
        return _made(tag, below)
    roles = {
        piece.tag[1:]: piece.children
        for piece in below
        if isinstance(piece, Node) and piece.tag.startswith("#")
    }
    plain = [each for each in below if isinstance(each, str) or not each.tag.startswith("#")]
    if tag == "mfrac" and "num" in roles and "den" in roles:
        raw = 'linethickness="0"' if any("atop" in inner.raw for inner in node.elements()) else ""
        return [_make("mfrac", [_group(roles["num"]), _group(roles["den"])], raw)]
    if tag in ("msub", "msup", "msubsup", "mover", "munder", "munderover"):
        return [_scripted(tag, plain, roles)]
    if tag == "mroot" and "root" in roles:
        return [_make("mroot", [_group(plain), _group(roles["root"])])]
    return _made(tag, below)


def _scripted(tag: str, plain: list[Piece], roles: dict[str, list[Piece]]) -> Node:
    if "script" in roles:  # scripts at the side: upper, then lower
        scripts = roles["script"][::-1]
        return _make(tag, [_group(plain[:1]), *scripts])
    inner = plain[0] if plain else None
    if tag == "munderover" and isinstance(inner, Node) and inner.tag == "munder":
        return _make(tag, [*inner.children, _group(roles.get("over", []))])
    base = _group(roles.get("base", plain[:1]))
    marks = [_group(roles[name]) for name in ("under", "over") if name in roles]
    return _make(tag, [base, *marks])


def _from_svg(node: Node, below: list[Piece]) -> list[Piece]:
    code = node.get("data-c")
    if code:
        character = chr(int(code, 16)) if re.fullmatch(r"[0-9A-Fa-f]{1,5}", code) else ""
        return [_PARTS.get(character, character)]
    if node.tag == "text":
        return [node.text()]
    tag = node.get("data-mml-node").lower()
    if tag == "text":
        return below
    if not tag:
        is_inside = node.parent is not None and node.parent.get("data-mml-node") in (
            "msqrt",
            "mroot",
        )
        return [_make("mrow", below)] if is_inside and below else below
    if tag in _LEAVES:
        return [_moved(_leaf(tag, below), node)]
    if tag == "mfrac" and not any(inner.tag == "rect" for inner in node.elements()):
        return [_moved(_make("mfrac", below, 'linethickness="0"'), node)]
    if tag in ("msubsup", "munderover") and len(below) == 3:
        # The script that stands higher comes last in MathML.
        if _is_raised(below[1]):
            below = [below[0], below[2], below[1]]
        return [_moved(_make(tag, below), node)]
    if tag in ("msqrt", "mroot"):
        return [_moved(_make(tag, below[:-1]), node)]
    return [_moved(each, node) for each in _made(tag, below) if isinstance(each, Node)]


def _moved(made: Node, node: Node) -> Node:
    # Where a part stands is read by the element that holds it.
    if "transform" in node.raw and not made.raw:
        made.raw = f'transform="{node.get("transform")}"'
    return made


def _is_raised(piece: Piece) -> bool:
    if isinstance(piece, str):
        return False
    match = _HEIGHT.match(piece.get("transform"))
    return match is not None and not match.group(1)


def _leaf(tag: str, below: list[Piece]) -> Node:
    text = "".join(each for each in below if isinstance(each, str))
    if tag == "mo" and len(text) > 1 and not text.isalnum():  # pieces of one tall or wide sign
        arrow = text.strip("−–-=")
        if len(set(text)) == 1 and text[0] in "∣∥|‖⎪−–―=_⏞⏟":
            text = {"∣": "|", "∥": "‖"}.get(text[0], text[0])
        elif len(arrow) == 1 and arrow in "→←↔⇒⇐⇔":
            text = arrow
    return _make(tag, [text])


def _made(tag: str, below: list[Piece]) -> list[Piece]:
    """An element laid out as it is in MathML."""
    if tag in ("texatom", "mrow", "mstyle", "mpadded", "merror", "semantics", "inferredmrow"):
        return [_make("mrow", below)]
    if tag == "menclose":
        return [_make("menclose", below, 'notation="box"')]
    if tag in ("math", "mphantom", "mtable", "mtr", "mlabeledtr", "mtd", "msqrt", "mfrac"):
        return [_make(tag, below)]
    if tag in ("msub", "msup", "msubsup", "mover", "munder", "munderover", "mroot", "mspace"):
        return [_make(tag, below)]
    return below
