"""AsciiMath to LaTeX.

Grammar and symbols: asciimath.org, "AsciiMath syntax" (constants, unary and binary symbols,
brackets, `_`, `^`, `/`). A bracketed argument of a fraction, a script or a unary symbol loses its
brackets, as it does on the screen.
"""

from __future__ import annotations

import re

from udfs.html.symbols import from_characters, join

_MAX_DEPTH = 60

_CONSTANTS = {
    name: "\\" + name
    for name in str.split(
        """
        alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu
        nu xi pi rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi
        Sigma Phi Psi Omega sum prod int oint cap cup in ne le ge lt gt sin cos tan sec csc cot
        arcsin arccos arctan sinh cosh tanh coth exp log ln det dim gcd min max lim inf sup to
        vdots ddots cdots ldots square aleph nabla angle triangle therefore because quad perp
        sim simeq cong propto equiv approx oplus otimes odot wedge vee bigwedge bigvee bigcap
        bigcup subset subseteq supset supseteq notin forall exists vdash models implies iff
        rightarrow leftarrow uparrow downarrow leftrightarrow Rightarrow Leftarrow
        Leftrightarrow mapsto pm mp times div cdot ast star circ setminus emptyset partial infty
        ltimes rtimes bowtie prec succ preceq succeq neg hbar frown qquad longrightarrow dagger
        deg mod glb lub
        """
    )
}
_CONSTANTS.update(
    {
        "*": "\\cdot",
        "**": "\\ast",
        "***": "\\star",
        "//": "/",
        "\\\\": "\\backslash",
        "xx": "\\times",
        "-:": "\\div",
        "|><": "\\ltimes",
        "><|": "\\rtimes",
        "|><|": "\\bowtie",
        "@": "\\circ",
        "o+": "\\oplus",
        "ox": "\\otimes",
        "o.": "\\odot",
        "^^": "\\wedge",
        "^^^": "\\bigwedge",
        "vv": "\\vee",
        "vvv": "\\bigvee",
        "nn": "\\cap",
        "nnn": "\\bigcap",
        "uu": "\\cup",
        "uuu": "\\bigcup",
        "!=": "\\ne",
        "<=": "\\le",
        ">=": "\\ge",
        "-<": "\\prec",
        ">-": "\\succ",
        "-<=": "\\preceq",
        ">-=": "\\succeq",
        "!in": "\\notin",
        "sub": "\\subset",
        "sup": "\\supset",
        "sube": "\\subseteq",
        "supe": "\\supseteq",
        "-=": "\\equiv",
        "~=": "\\cong",
        "~~": "\\approx",
        "~": "\\sim",
        "prop": "\\propto",
        "and": "\\text{ and }",
        "or": "\\text{ or }",
        "not": "\\neg",
        "=>": "\\Rightarrow",
        "<=>": "\\Leftrightarrow",
        "if": "\\text{if }",
        "AA": "\\forall",
        "EE": "\\exists",
        "_|_": "\\bot",
        "TT": "\\top",
        "|--": "\\vdash",
        "|==": "\\models",
        "del": "\\partial",
        "grad": "\\nabla",
        "+-": "\\pm",
        "-+": "\\mp",
        "O/": "\\emptyset",
        "oo": "\\infty",
        ":.": "\\therefore",
        ":'": "\\because",
        "...": "\\ldots",
        "/_": "\\angle",
        "/_\\": "\\triangle",
        "'": "'",
        "\\ ": "\\ ",
        "diamond": "\\diamond",
        "CC": "\\mathbb{C}",
        "NN": "\\mathbb{N}",
        "QQ": "\\mathbb{Q}",
        "RR": "\\mathbb{R}",
        "ZZ": "\\mathbb{Z}",
        "uarr": "\\uparrow",
        "darr": "\\downarrow",
        "rarr": "\\rightarrow",
        "larr": "\\leftarrow",
        "harr": "\\leftrightarrow",
        "rArr": "\\Rightarrow",
        "lArr": "\\Leftarrow",
        "hArr": "\\Leftrightarrow",
        "->": "\\to",
        ">->": "\\rightarrowtail",
        "->>": "\\twoheadrightarrow",
        "|->": "\\mapsto",
        "dx": "dx",
        "dy": "dy",
        "dz": "dz",
        "dt": "dt",
        "!": "!",
        "glb": "\\operatorname{glb}",
        "lub": "\\operatorname{lub}",
        "lcm": "\\operatorname{lcm}",
        "mod": "\\bmod",
        "deg": "\\deg",
        "arccot": "\\operatorname{arccot}",
        "sech": "\\operatorname{sech}",
        "csch": "\\operatorname{csch}",
        "&": "\\&",
        "%": "\\%",
        "#": "\\#",
        "$": "\\$",
        ",": ",",
    }
)
_UNARY = {
    "sqrt": "\\sqrt{%s}",
    "abs": "\\left|%s\\right|",
    "norm": "\\left\\|%s\\right\\|",
    "floor": "\\lfloor %s\\rfloor",
    "ceil": "\\lceil %s\\rceil",
    "hat": "\\hat{%s}",
    "bar": "\\overline{%s}",
    "overline": "\\overline{%s}",
    "vec": "\\vec{%s}",
    "tilde": "\\tilde{%s}",
    "dot": "\\dot{%s}",
    "ddot": "\\ddot{%s}",
    "overarc": "\\overset{\\frown}{%s}",
    "ul": "\\underline{%s}",
    "underline": "\\underline{%s}",
    "ubrace": "\\underbrace{%s}",
    "underbrace": "\\underbrace{%s}",
    "obrace": "\\overbrace{%s}",
    "overbrace": "\\overbrace{%s}",
    "cancel": "\\cancel{%s}",
    "bb": "\\mathbf{%s}",
    "mathbf": "\\mathbf{%s}",
    "bbb": "\\mathbb{%s}",
    "mathbb": "\\mathbb{%s}",
    "cc": "\\mathcal{%s}",
    "mathcal": "\\mathcal{%s}",
    "tt": "\\mathtt{%s}",
    "mathtt": "\\mathtt{%s}",
    "fr": "\\mathfrak{%s}",
    "mathfrak": "\\mathfrak{%s}",
    "sf": "\\mathsf{%s}",
    "mathsf": "\\mathsf{%s}",
}
_BINARY = {
    "frac": "\\frac{%s}{%s}",
    "root": "\\sqrt[%s]{%s}",
    "stackrel": "\\stackrel{%s}{%s}",
    "overset": "\\overset{%s}{%s}",
    "underset": "\\underset{%s}{%s}",
    "color": "{\\color{%s}%s}",
}
_LEFT = {
    "(": "(",
    "[": "[",
    "{": "\\{",
    "(:": "\\langle ",
    "<<": "\\langle ",
    "langle": "\\langle ",
    "{:": "",
    "|:": "|",
    "|__": "\\lfloor ",
    "|~": "\\lceil ",
}
_RIGHT = {
    ")": ")",
    "]": "]",
    "}": "\\}",
    ":)": "\\rangle",
    ">>": "\\rangle",
    "rangle": "\\rangle",
    ":}": "",
    ":|": "|",
    "__|": "\\rfloor",
    "~|": "\\rceil",
}
_SYMBOLS = sorted(
    {
        *_CONSTANTS,
        *_UNARY,
        *_BINARY,
        *_LEFT,
        *_RIGHT,
        "/",
        "_",
        "^",
        "|",
        "+",
        "-",
        "=",
        "<",
        ">",
        ";",
        ":",
        ".",
        "?",
    },
    key=lambda name: (-len(name), name),
)
_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>\"[^\"]*\"?)|(?P<text>(?:text|mbox)\s*(?:\([^)]*\)?|\{[^}]*\}?|\[[^\]]*\]?))"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<symbol>" + "|".join(map(re.escape, _SYMBOLS)) + r")"
    r"|(?P<tex>\\[a-zA-Z]+)|(?P<other>\S))",
    re.DOTALL,
)
_FUNCTIONS = frozenset(
    str.split(
        """
        sin cos tan sec csc cot arcsin arccos arctan sinh cosh tanh coth exp log ln det dim gcd
        """
    )
)
_NO_ARGUMENT = frozenset(
    ("/", "_", "^", "|", "+", "-", "=", "<", ">", ",", "<=", ">=", "!=", "*", "xx")
)
_BRACKETED = re.compile(
    r"^(?:\\left)?[(\[].*(?:\\right)?[)\]]$|^(?:\\left)?\\\{.*(?:\\right)?\\\}$", re.DOTALL
)


class _Parser:
    """One formula: a list of tokens and a position in it."""

    def __init__(self, source: str) -> None:
        self.tokens = [
            (match.lastgroup or "other", match.group(match.lastgroup or 0))
            for match in _TOKEN.finditer(source)
        ]
        self.position = 0

    def peek(self) -> tuple[str, str] | None:
        """The next token, None at the end."""
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def at(self, value: str) -> bool:
        """Whether the next token is this symbol."""
        return self.peek() == ("symbol", value)

    def expression(self, depth: int, *, until_bar: bool = False) -> str:
        """Everything up to a closing bracket or the end."""
        parts: list[str] = []
        while (token := self.peek()) is not None:
            kind, value = token
            if kind == "symbol" and (value in _RIGHT or (until_bar and value == "|")):
                break
            left = self.scripted(depth)
            if self.at("/"):
                self.position += 1
                sign = self.sign()
                right = self.scripted(depth) if self.peek() is not None else ""
                left = f"\\frac{{{_bare(left)}}}{{{sign}{_bare(right)}}}"
            parts.append(left)
        return _spaced(parts)

    def scripted(self, depth: int) -> str:
        """One symbol with its scripts; a function takes its argument: `sin x / x` divides both."""
        token = self.peek()
        out = self.simple(depth)
        for mark in "_^":
            if self.at(mark):
                self.position += 1
                out = f"{out}{mark}{{{self.signed(depth)}}}"
        if token is not None and token[1] in _FUNCTIONS and depth < _MAX_DEPTH:
            after = self.peek()
            if after is not None and after[1] not in _NO_ARGUMENT and after[1] not in _RIGHT:
                out = _spaced([out, self.scripted(depth + 1)])
        return out

    def sign(self) -> str:
        """A minus right after `_`, `^` or `/`, where it belongs to what follows."""
        token = self.peek()
        if token is None or token[1] != "-":
            return ""
        self.position += 1
        return "-"

    def signed(self, depth: int) -> str:
        """The argument of a script: one symbol, perhaps with a minus."""
        return self.sign() + _bare(self.simple(depth))

    def simple(self, depth: int) -> str:
        """One symbol, one bracketed expression, or a unary or binary symbol with arguments."""
        token = self.peek()
        if token is None:
            return ""
        self.position += 1
        kind, value = token
        if kind == "quoted":
            return f"\\text{{{_words(value.strip(chr(34)))}}}"
        if kind == "text":
            return f"\\text{{{_words(re.split(r'[({[]', value, maxsplit=1)[1].rstrip(')}]'))}}}"
        if kind == "tex" and (value[1:] in _UNARY or value[1:] in _BINARY):
            value = value[1:]  # `\frac{a}{b}` is AsciiMath too
        elif kind in ("number", "tex"):
            return value
        if kind == "other":
            return from_characters(value)
        if depth >= _MAX_DEPTH:
            return _LEFT.get(value) or _RIGHT.get(value) or _CONSTANTS.get(value, "")
        if value in _UNARY:
            return _UNARY[value].replace("%s", _bare(self.simple(depth + 1)))
        if value in _BINARY:
            first = _bare(self.simple(depth + 1))
            second = _bare(self.simple(depth + 1))
            before, between, after = _BINARY[value].split("%s")
            return before + first + between + second + after
        if value in _LEFT:
            return self.bracketed(value, depth + 1)
        if value == "|":
            return self.bars(depth + 1)
        if value in _RIGHT:
            return _RIGHT[value]
        return _CONSTANTS.get(value, value)

    def bracketed(self, opening: str, depth: int) -> str:
        """From an opening bracket to the closing one; rows in brackets become a matrix."""
        start = self.position
        inner = self.expression(depth)
        token = self.peek()
        closing = ""
        if token is not None and token[0] == "symbol" and token[1] in _RIGHT:
            closing = token[1]
            self.position += 1
        rows = self.rows(start, self.position - (1 if closing else 0))
        if rows is not None and (closing or opening == "{"):
            return _matrix(opening, closing, rows, depth)
        left, right = _LEFT[opening], _RIGHT.get(closing, "")
        if "\\frac" in inner or "\\begin" in inner:
            return f"\\left{left or '.'}{inner}\\right{right or '.'}"
        return join([left, inner, right])

    def bars(self, depth: int) -> str:
        """`|x|`, or a lone bar."""
        start = self.position
        inner = self.expression(depth, until_bar=True)
        if self.at("|") and inner:
            self.position += 1
            return f"\\left|{inner}\\right|"
        self.position = start
        return "\\mid "

    def rows(self, start: int, end: int) -> list[list[list[tuple[str, str]]]] | None:
        """Tokens of `[a,b],[c,d]` as rows of cells, None for anything else."""
        rows: list[list[list[tuple[str, str]]]] = []
        depth = 0
        cells: list[list[tuple[str, str]]] = [[]]
        for kind, value in self.tokens[start:end]:
            if kind == "symbol" and value in ("(", "["):
                depth += 1
                if depth == 1:
                    cells = [[]]
                    continue
            elif kind == "symbol" and value in (")", "]"):
                depth -= 1
                if depth == 0:
                    rows.append(cells)
                    continue
                if depth < 0:
                    return None
            if depth == 0:
                if (kind, value) != ("symbol", ","):
                    return None
            elif depth == 1 and (kind, value) == ("symbol", ","):
                cells.append([])
            else:
                cells[-1].append((kind, value))
        widths = {len(row) for row in rows}
        return rows if len(rows) > 1 and len(widths) == 1 and depth == 0 else None


def to_latex(source: str) -> str:
    """Convert one formula; what cannot be read stays as its characters."""
    parser = _Parser(source)
    parts: list[str] = []
    while parser.peek() is not None:
        parts.append(parser.expression(0))
        token = parser.peek()
        if token is not None:  # a closing bracket that nothing opened
            parts.append(_RIGHT[token[1]])
            parser.position += 1
    return re.sub(r" {2,}", " ", _spaced(parts)).strip()


def _matrix(opening: str, closing: str, rows: list[list[list[tuple[str, str]]]], depth: int) -> str:
    body = " \\\\ ".join(" & ".join(_cell(cell, depth) for cell in row) for row in rows)
    if opening == "{" and closing in (":}", ""):
        return f"\\begin{{cases}}{body}\\end{{cases}}"
    name = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", ("{", "}"): "Bmatrix"}.get(
        (opening, closing)
    )
    if name:
        return f"\\begin{{{name}}}{body}\\end{{{name}}}"
    left, right = _LEFT[opening] or ".", _RIGHT.get(closing) or "."
    return f"\\left{left}\\begin{{matrix}}{body}\\end{{matrix}}\\right{right}"


def _cell(tokens: list[tuple[str, str]], depth: int) -> str:
    parser = _Parser("")
    parser.tokens = tokens
    return parser.expression(depth)


def _bare(latex: str) -> str:
    """An argument without the brackets that only grouped it."""
    latex = latex.strip()
    if not _BRACKETED.match(latex):
        return latex
    for left, right in (
        ("\\left(", "\\right)"),
        ("\\left[", "\\right]"),
        ("\\{", "\\}"),
        ("(", ")"),
        ("[", "]"),
    ):
        if latex.startswith(left) and latex.endswith(right):
            inner = latex[len(left) : -len(right)]
            return inner if _closes(inner, left, right) else latex
    return latex


def _closes(inner: str, left: str, right: str) -> bool:
    depth = 0
    for match in re.finditer(re.escape(left) + "|" + re.escape(right), inner):
        depth += 1 if match.group(0) == left else -1
        if depth < 0:
            return False
    return depth == 0


def _spaced(parts: list[str]) -> str:
    out: list[str] = []
    for part in parts:
        if not part:
            continue
        is_word = part.startswith("\\") and part[1:].isalpha()
        if out and (is_word or part in "=<>+-" or out[-1] in ("=", "<", ">", "+", "-")):
            out.append(" ")
        out.append(part)
    return join(out)


def _words(text: str) -> str:
    return re.sub(r"([#%&_$])", r"\\\1", text.replace("\\", "").replace("{", "").replace("}", ""))
