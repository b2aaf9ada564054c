"""MathML to LaTeX: the author's source where the markup keeps it, else our own conversion.

W3C, MathML Core and MathML 3 (presentation elements, chapter 3). Conversion goes from the leaves
up over the list of elements, so that no depth of nesting exhausts the stack.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.html import content
from udfs.html.latex import MAX_JOINED_CHARS, Formula, formula, is_latex
from udfs.html.symbols import (
    ACCENTS,
    BELOW,
    FUNCTIONS,
    from_characters,
    group,
    join,
)
from udfs.html.symbols import text as text_command

if TYPE_CHECKING:
    from udfs.html.tree import Node

_TEX_ENCODINGS = re.compile(r"tex|latex", re.IGNORECASE)
_FENCES = {
    "(": "pmatrix",
    "[": "bmatrix",
    "{": "Bmatrix",
    "|": "vmatrix",
    "∣": "vmatrix",
    "∥": "Vmatrix",
    "‖": "Vmatrix",
}
_CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|", "∣": "∣", "∥": "∥", "‖": "‖"}
_VARIANTS = {
    "bold": "mathbf",
    "bold-italic": "boldsymbol",
    "double-struck": "mathbb",
    "script": "mathcal",
    "bold-script": "mathcal",
    "fraktur": "mathfrak",
    "bold-fraktur": "mathfrak",
    "sans-serif": "mathsf",
    "monospace": "mathtt",
}
_ENCLOSURES = {
    "box": "\\boxed",
    "roundedbox": "\\boxed",
    "updiagonalstrike": "\\cancel",
    "downdiagonalstrike": "\\bcancel",
    "top": "\\overline",
    "bottom": "\\underline",
    "radical": "\\sqrt",
}
_SPACES = {
    "\u2009": "\\,",
    "\u2005": "\\:",
    "\u205f": "\\:",
    "\u2005\u200a": "\\;",
    "\u2004": "\\;",
    "\u2003": "\\quad ",
}
_FENCES_BY_SIGN = {"∣": "|", "∥": "\\|", "<": "\\langle", ">": "\\rangle"}
_STRETCHY = frozenset("()[]|{}⟨⟩⌈⌉⌊⌋‖∥")
_PRESENTATION = frozenset(
    str.split(
        """
        mi mn mo mtext ms mspace mrow mfrac msqrt mroot mstyle merror mpadded mphantom mfenced
        menclose msub msup msubsup munder mover munderover mmultiscripts mtable mtr mlabeledtr
        mtd maction semantics math mprescripts none mglyph
        """
    )
)
_CONTENT_ROOTS = frozenset(
    str.split(
        """
        apply ci cn csymbol bind matrix vector set list interval piecewise lambda
        """
    )
)


def to_formula(math: Node) -> Formula | None:
    """The formula of a `<math>` element.

    A TeX annotation is the author's own source and comes first; `alttext` is the converter's
    (LaTeXML, Wikipedia) normalised source and comes second; the rest is converted.

    Returns:
        None when the element shows nothing.
    """
    is_display = math.get("display") == "block" or math.get("mode") == "display"
    for node in math.walk():
        if node.tag == "annotation" and _TEX_ENCODINGS.search(node.get("encoding")):
            source = _clean(node.text())
            if source.strip():
                found = formula(source, is_display=is_display)
                if found is not None:
                    return found
    alt = math.get("alttext") or math.get("data-latex")
    if alt and (is_latex(alt) or re.fullmatch(r"[^A-Za-z]*(?:[A-Za-z][^A-Za-z]*){1,12}", alt)):
        return formula(_clean(alt), is_display=is_display)
    if not any(True for _ in math.elements()):
        # `<math>\\frac{1}{2}</math>`: the source of a wiki that nothing rendered.
        return formula(math.text(), is_display=is_display)
    latex = to_latex(math)
    return formula(latex, is_display=is_display) if latex.strip() else None


def _clean(source: str) -> str:
    # LaTeXML folds long sources by a comment sign at the end of the line.
    return re.sub(r"(?<!\\)%\n\s*", " ", source) if "%\n" in source else source


def to_latex(math: Node) -> str:
    """LaTeX of presentation or content MathML."""
    if any(node.tag in _CONTENT_ROOTS for node in math.elements()):
        return content.to_latex(math)
    done: dict[int, str] = {}
    joined = 0
    for node in reversed(list(math.walk())):
        parts = [done.pop(id(child), "") for child in node.elements()]
        done[id(node)] = latex = _convert(node, parts)
        joined += len(latex)
        if joined > MAX_JOINED_CHARS:
            return ""
    return re.sub(r"[ ]{2,}", " ", done[id(math)]).strip()


def _convert(node: Node, parts: list[str]) -> str:
    tag = node.tag
    if tag in ("mi", "mn", "mo", "mtext", "ms"):
        # KaTeX puts a stacked relation inside an operator.
        return join(parts) if any(parts) else _leaf(node, tag)
    if tag in ("mrow", "math", "mstyle", "mpadded", "merror", "mtd", "none", "mphantom"):
        row = _row(node, parts)
        return f"\\phantom{{{row}}}" if tag == "mphantom" and row else row
    if tag == "semantics":
        first = next(node.elements(), None)
        if first is not None and first.tag in _CONTENT_ROOTS:
            return content.to_latex(first)
        return parts[0] if parts else ""
    if tag == "maction":
        return parts[0] if parts else ""
    if tag == "mspace":
        if node.get("linebreak") == "newline":
            return " \\\\ "
        width = re.match(r"(\d+\.?\d*|\.\d+)em", node.get("width"))
        return "\\quad " if width and float(width.group(1)) >= 0.9 else " "
    if tag == "mfrac":
        top, bottom = _two(parts)
        if re.fullmatch(r"0(?:\.0*)?\w*", node.get("linethickness") or "1"):
            return f"{{{top} \\atop {bottom}}}"
        return f"\\frac{{{top}}}{{{bottom}}}"
    if tag == "msqrt":
        return f"\\sqrt{{{_row(node, parts)}}}"
    if tag == "mroot":
        body, index = _two(parts)
        return f"\\sqrt[{index}]{{{body}}}"
    if tag in ("msub", "msup", "msubsup"):
        return _scripts(tag, parts)
    if tag in ("munder", "mover", "munderover"):
        return _stack(node, tag, parts)
    if tag == "mmultiscripts":
        return _multiscripts(node, parts)
    if tag == "mfenced":
        return _fenced(node, parts)
    if tag == "menclose":
        return _enclosed(node, parts)
    if tag == "mtable":
        rows = [part for part in parts if part]
        aligns = node.get("columnalign").split()
        is_aligned = len(aligns) > 1 and aligns[:2] == ["right", "left"]
        name = "aligned" if is_aligned else "matrix"
        return f"\\begin{{{name}}}" + " \\\\ ".join(rows) + f"\\end{{{name}}}"
    if tag == "mtr":
        return " & ".join(parts) or " "
    if tag == "mlabeledtr":
        return " & ".join(parts[1:]) or " "
    if tag == "mglyph":
        return node.get("alt")
    if tag in ("annotation", "annotation-xml", "mprescripts", "script", "style"):
        return ""
    if parts:
        return join(parts)
    return from_characters(node.text().strip())


def _leaf(node: Node, tag: str) -> str:
    words = node.text()
    if tag in ("mtext", "ms"):
        if words in _SPACES:
            return _SPACES[words]
        collapsed = re.sub(r"[ \t\n\r]+", " ", words)
        if len(collapsed.strip()) == 1 and not collapsed.strip().isalnum():
            return from_characters(collapsed.strip())
        return text_command(collapsed)
    words = words.strip(" \t\n\r")
    if tag == "mi" and words in "∣∥":
        return {"∣": "|", "∥": "\\|"}.get(words, "")
    if tag == "mn":
        return words if words.isascii() and "%" not in words else from_characters(words)
    if tag == "mo":
        if words in _FENCES_BY_SIGN and (
            node.get("fence") == "true"
            or (node.get("stretchy") and words in "∣∥")
            or node.get("data-mjx-texclass") in ("OPEN", "CLOSE", "ORD")
        ):
            return _FENCES_BY_SIGN[words]
        if words == "mod":
            return "\\bmod"
        if words in FUNCTIONS and words != "mod":
            return f"\\{words}"
        if len(words) > 1 and words.isalpha() and words.isascii():
            return f"\\operatorname{{{words}}}"
        return from_characters(words)
    if len(words) > 1:
        if words in FUNCTIONS and words != "mod":
            return f"\\{words}"
        if words.isascii() and words.isalnum():
            variant = _VARIANTS.get(node.get("mathvariant"), "mathrm")
            return f"\\{variant}{{{words}}}"
    latex = from_characters(words)
    command = _VARIANTS.get(node.get("mathvariant"))
    return f"\\{command}{{{latex}}}" if command and latex else latex


def _row(node: Node, parts: list[str]) -> str:
    """A row; brackets round a lone table become the matrix that they make of it."""
    elements = list(node.elements())
    if not elements:
        return from_characters(node.text().strip())
    visible = [i for i, part in enumerate(parts) if part.strip()]
    if 2 <= len(visible) <= 3 and any(parts[i].startswith("\\begin{matrix}") for i in visible):
        first = elements[visible[0]].text().strip() if elements[visible[0]].tag == "mo" else ""
        body = parts[visible[1]]
        if body.startswith("\\begin{matrix}") and body.endswith("\\end{matrix}"):
            inner = body[len("\\begin{matrix}") : -len("\\end{matrix}")]
            if len(visible) == 2 and first == "{":
                return f"\\begin{{cases}}{inner}\\end{{cases}}"
            last = elements[visible[-1]].text().strip()
            if len(visible) == 3 and first in _FENCES and _CLOSING[first] == last:
                return f"\\begin{{{_FENCES[first]}}}{inner}\\end{{{_FENCES[first]}}}"
    parts = _upright(elements, parts)
    has_tall = any("\\frac" in part or "\\begin" in part for part in parts)
    if has_tall and len(visible) >= 3:
        opening, closing = elements[visible[0]], elements[visible[-1]]
        if opening.tag == closing.tag == "mo":
            left, right = opening.text().strip(), closing.text().strip()
            if (
                left in _STRETCHY
                and right in _STRETCHY
                and left in "([{|⟨⌈⌊‖∥"
                and right in ")]}|⟩⌉⌋‖∥"
            ):
                between = [parts[i] for i in visible[1:-1]]
                return join(["\\left", parts[visible[0]], *between, "\\right", parts[visible[-1]]])
    return join(parts)


def _upright(elements: list[Node], parts: list[str]) -> list[str]:
    """Upright letters side by side are one name, which KaTeX writes letter by letter."""
    if "normal" not in "".join(element.raw for element in elements):
        return parts
    out = list(parts)
    begin = 0
    for index, element in enumerate([*elements, None]):
        part = parts[index] if element is not None else ""
        if (
            element is not None
            and element.tag == "mi"
            and element.get("mathvariant") == "normal"
            and len(part) == 1
            and part.isalpha()
        ):
            continue
        if index - begin > 1:
            name = "".join(parts[begin:index])
            out[begin:index] = [""] * (index - begin)
            out[begin] = "\\bmod" if name == "mod" else f"\\mathrm{{{name}}}"
        begin = index + 1
    return out


def _two(parts: list[str]) -> tuple[str, str]:
    return (parts[0] if parts else "", parts[1] if len(parts) > 1 else "")


def _base(latex: str) -> str:
    """A base for scripts: one symbol as it is, all else in braces."""
    if len(latex) <= 1 or re.fullmatch(
        r"\\[a-zA-Z]+|\d+|\\(?:math\w+|text|operatorname|boldsymbol)\{[^{}]*\}|\\[|{}]", latex
    ):
        return latex or "{}"
    if latex.startswith(("\\left(", "\\left[", "\\begin{")):
        return latex
    return group(latex)


def _scripts(tag: str, parts: list[str]) -> str:
    base = _base(parts[0] if parts else "")
    low = high = ""
    if tag == "msub":
        low = parts[1] if len(parts) > 1 else ""
    elif tag == "msup":
        high = parts[1] if len(parts) > 1 else ""
    else:
        low, high = _two(parts[1:])
    out = base
    if low:
        out += f"_{{{low}}}"
    if high and not high.strip("'"):
        out += high
    elif high:
        out += f"^{{{high}}}"
    return out


def _stack(node: Node, tag: str, parts: list[str]) -> str:
    base = parts[0] if parts else ""
    elements = list(node.elements())
    signs = [element.text().strip() for element in elements[1:]]
    if tag in ("mover", "munder") and len(parts) > 1:
        sign = signs[0]
        accents = ACCENTS if tag == "mover" else BELOW
        if sign in accents and elements[1].tag in ("mo", "mtext", "mi"):
            command = accents[sign]
            if command == "bar" and len(base) > 1 and not base.startswith("\\"):
                command = "overline"
            return f"\\{command}{{{base}}}"
    low = parts[1] if tag != "mover" and len(parts) > 1 else ""
    high = parts[-1] if tag != "munder" and len(parts) > (2 if tag == "munderover" else 1) else ""
    if re.match(
        r"\\(?:sum|prod|coprod|int|iint|oint|lim|limsup|liminf|max|min|sup|inf|big\w+|det|gcd|Pr"
        r"|underbrace|overbrace|operatorname)\b",
        base,
    ):
        out = base
        out += f"_{{{low}}}" if low else ""
        return out + (f"^{{{high}}}" if high else "")
    if "\\to" in base or "arrow" in base:
        command = "xleftarrow" if "left" in base and "right" not in base else "xrightarrow"
        return f"\\{command}{f'[{low}]' if low else ''}{{{high}}}"
    out = base
    if low:
        out = f"\\underset{{{low}}}{{{out}}}"
    return f"\\overset{{{high}}}{{{out}}}" if high else out


def _multiscripts(node: Node, parts: list[str]) -> str:
    tags = [element.tag for element in node.elements()]
    split = tags.index("mprescripts") if "mprescripts" in tags else len(tags)
    after, before = parts[1:split], parts[split + 1 :]

    def scripts(pairs: list[str]) -> str:
        low = join(pairs[::2])
        high = join(pairs[1::2])
        return (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "")

    base = _base(parts[0] if parts else "")
    return ("{}" + scripts(before) if before else "") + base + scripts(after)


def _fenced(node: Node, parts: list[str]) -> str:
    attributes = node.attributes
    left = attributes.get("open", "(")
    right = attributes.get("close", ")")
    separators = re.sub(r"\s", "", attributes.get("separators", ","))
    if len(parts) == 1 and parts[0].startswith("\\begin{matrix}") and left in _FENCES:
        inner = parts[0][len("\\begin{matrix}") : -len("\\end{matrix}")]
        if _CLOSING[left] == right:
            return f"\\begin{{{_FENCES[left]}}}{inner}\\end{{{_FENCES[left]}}}"
        if left == "{" and not right:
            return f"\\begin{{cases}}{inner}\\end{{cases}}"
    row: list[str] = []
    for index, part in enumerate(parts):
        if index and separators:
            row.append(from_characters(separators[min(index - 1, len(separators) - 1)]))
        row.append(part)
    inner = join(row)
    if "\\frac" in inner or "\\begin" in inner:
        return join(
            [
                "\\left",
                from_characters(left) or ".",
                inner,
                "\\right",
                from_characters(right) or ".",
            ]
        )
    return join([from_characters(left), inner, from_characters(right)])


def _enclosed(node: Node, parts: list[str]) -> str:
    inner = join(parts)
    notations = node.get("notation").split() or ["longdiv"]
    for notation in notations:
        if notation in _ENCLOSURES:
            inner = f"{_ENCLOSURES[notation]}{{{inner}}}"
        elif notation == "longdiv":
            inner = f"\\overline{{){inner}}}"
    return inner
