"""Content MathML to LaTeX (W3C, MathML 3, chapter 4): what is meant becomes what is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udfs.html.latex import MAX_JOINED_CHARS
from udfs.html.symbols import from_characters, join

if TYPE_CHECKING:
    from udfs.html.tree import Node

# Infix operators: LaTeX and how tightly they bind (a looser argument gets parentheses).
_INFIX = {
    "implies": ("\\Rightarrow", 1),
    "equivalent": ("\\Leftrightarrow", 1),
    "or": ("\\lor", 2),
    "xor": ("\\oplus", 2),
    "and": ("\\land", 3),
    "eq": ("=", 4),
    "neq": ("\\ne", 4),
    "lt": ("<", 4),
    "gt": (">", 4),
    "leq": ("\\le", 4),
    "geq": ("\\ge", 4),
    "approx": ("\\approx", 4),
    "in": ("\\in", 4),
    "notin": ("\\notin", 4),
    "subset": ("\\subseteq", 4),
    "prsubset": ("\\subset", 4),
    "factorof": ("\\mid", 4),
    "tendsto": ("\\to", 4),
    "union": ("\\cup", 5),
    "setdiff": ("\\setminus", 5),
    "intersect": ("\\cap", 6),
    "plus": ("+", 7),
    "minus": ("-", 7),
    "times": (" ", 8),
    "cartesianproduct": ("\\times", 8),
    "vectorproduct": ("\\times", 8),
    "scalarproduct": ("\\cdot", 8),
    "outerproduct": ("\\otimes", 8),
    "rem": ("\\bmod", 8),
    "compose": ("\\circ", 8),
}
_CONSTANTS = {
    "pi": "\\pi",
    "exponentiale": "e",
    "imaginaryi": "i",
    "eulergamma": "\\gamma",
    "infinity": "\\infty",
    "emptyset": "\\emptyset",
    "true": "\\text{true}",
    "false": "\\text{false}",
    "reals": "\\mathbb{R}",
    "integers": "\\mathbb{Z}",
    "naturalnumbers": "\\mathbb{N}",
    "rationals": "\\mathbb{Q}",
    "complexes": "\\mathbb{C}",
    "primes": "\\mathbb{P}",
}
_FUNCTIONS = frozenset(
    str.split(
        """
        sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan exp ln max min gcd arg
        """
    )
)
_AROUND = {
    "abs": ("\\left|", "\\right|"),
    "floor": ("\\lfloor ", "\\rfloor"),
    "ceiling": ("\\lceil ", "\\rceil"),
    "card": ("\\left|", "\\right|"),
    "conjugate": ("\\overline{", "}"),
}
_QUALIFIERS = frozenset(
    ["bvar", "lowlimit", "uplimit", "condition", "domainofapplication", "degree", "logbase"]
)
_ATOM = 10


def to_latex(math: Node) -> str:
    """LaTeX of a tree of content elements, from the leaves up."""
    done: dict[int, tuple[str, int]] = {}
    joined = 0
    for node in reversed(list(math.walk())):
        arguments = [(child, *done.pop(id(child), ("", _ATOM))) for child in node.elements()]
        done[id(node)] = found = _convert(node, arguments)
        joined += len(found[0])
        if joined > MAX_JOINED_CHARS:
            return ""
    return done[id(math)][0].strip()


Argument = tuple["Node", str, int]


def _convert(node: Node, arguments: list[Argument]) -> tuple[str, int]:
    tag = node.tag
    if tag in ("ci", "csymbol", "mi", "mo", "mn", "mtext"):
        if arguments:
            return join(latex for _, latex, _ in arguments), _ATOM
        return from_characters(node.text().strip()), _ATOM
    if tag == "cn":
        return _number(node, arguments), _ATOM
    if tag in _CONSTANTS:
        return _CONSTANTS[tag], _ATOM
    if tag in ("apply", "reln", "bind"):
        return _apply(arguments)
    listed = ", ".join(latex for _, latex, _ in arguments)
    if tag == "matrix":
        rows = " \\\\ ".join(latex for _, latex, _ in arguments)
        return f"\\begin{{pmatrix}}{rows}\\end{{pmatrix}}", _ATOM
    if tag == "matrixrow":
        return " & ".join(latex for _, latex, _ in arguments), _ATOM
    if tag in ("vector", "list"):
        return f"\\left({listed}\\right)", _ATOM
    if tag == "set":
        return f"\\{{{listed}\\}}", _ATOM
    if tag == "interval":
        closure = node.get("closure") or "closed"
        left = "(" if closure in ("open", "open-closed") else "["
        right = ")" if closure in ("open", "closed-open") else "]"
        return f"{left}{listed}{right}", _ATOM
    if tag == "piecewise":
        rows = " \\\\ ".join(latex for _, latex, _ in arguments)
        return f"\\begin{{cases}}{rows}\\end{{cases}}", _ATOM
    if tag == "piece":
        return " & \\text{if } ".join(latex for _, latex, _ in arguments), _ATOM
    if tag == "otherwise":
        return f"{listed} & \\text{{otherwise}}", _ATOM
    if tag in ("annotation", "annotation-xml"):
        return "", _ATOM
    if not arguments:
        return from_characters(node.text().strip()), _ATOM
    if len(arguments) == 1:
        return arguments[0][1], arguments[0][2]
    return join(latex for _, latex, _ in arguments), _ATOM


def _number(node: Node, arguments: list[Argument]) -> str:
    parts = [child.strip() for child in node.children if isinstance(child, str) and child.strip()]
    if len(parts) < 2:
        return parts[0] if parts else join(latex for _, latex, _ in arguments)
    kind = node.get("type")
    first, second = parts[0], parts[1]
    if kind == "rational":
        return f"\\frac{{{first}}}{{{second}}}"
    if kind == "complex-cartesian":
        return f"{first} + {second} i"
    return f"{first} \\times 10^{{{second}}}"  # e-notation


def _apply(arguments: list[Argument]) -> tuple[str, int]:
    if not arguments:
        return "", _ATOM
    head, name, _ = arguments[0]
    operator = head.tag
    qualified = {child.tag: latex for child, latex, _ in arguments[1:] if child.tag in _QUALIFIERS}
    values = [argument for argument in arguments[1:] if argument[0].tag not in _QUALIFIERS]
    plain = [latex for _, latex, _ in values]
    first = plain[0] if plain else ""
    if operator == "minus" and len(values) == 1:
        return f"-{_inside(values[0], 8)}", 7
    if operator in _INFIX:
        sign, binding = _INFIX[operator]
        inner = [
            _inside(value, binding + (operator == "minus" and i > 0))
            for i, value in enumerate(values)
        ]
        return f" {sign} ".join(inner) if sign != " " else " ".join(inner), binding
    if operator == "divide" and len(plain) == 2:
        return f"\\frac{{{plain[0]}}}{{{plain[1]}}}", _ATOM
    if operator == "power" and len(plain) == 2:
        return f"{_inside(values[0], _ATOM)}^{{{plain[1]}}}", 9
    if operator == "root":
        degree = qualified.get("degree", "2")
        return (f"\\sqrt{{{first}}}" if degree == "2" else f"\\sqrt[{degree}]{{{first}}}"), _ATOM
    if operator in _AROUND:
        left, right = _AROUND[operator]
        return f"{left}{first}{right}", _ATOM
    if operator == "factorial":
        return f"{_inside(values[0], _ATOM)}!" if values else "!", 9
    if operator == "not":
        return f"\\lnot {_inside(values[0], 9)}" if values else "\\lnot", 9
    if operator in ("sum", "product", "int", "limit"):
        return _big(operator, qualified, first), 7
    if operator == "diff":
        variable = qualified.get("bvar", "")
        return (f"\\frac{{d}}{{d{variable}}} {first}" if variable else f"{first}'"), 8
    if operator == "partialdiff":
        variable = qualified.get("bvar", "")
        return f"\\frac{{\\partial}}{{\\partial {variable}}} {first}", 8
    if operator in ("forall", "exists"):
        variable = qualified.get("bvar", "")
        condition = f" \\left({qualified['condition']}\\right)" if "condition" in qualified else ""
        return f"\\{operator} {variable}{condition} : {first}", 1
    if operator == "log":
        base = f"_{{{qualified['logbase']}}}" if "logbase" in qualified else ""
        return f"\\log{base} {_inside(values[0], 8) if values else ''}", 8
    if operator in ("transpose", "inverse"):
        sign = "T" if operator == "transpose" else "-1"
        return f"{_inside(values[0], _ATOM) if values else ''}^{{{sign}}}", 9
    if operator == "determinant":
        return f"\\det {first}", 8
    if operator in _FUNCTIONS:
        name = f"\\{operator}"
    elif head.tag not in ("ci", "csymbol", "apply"):
        name = f"\\operatorname{{{operator}}}"
    return f"{name}({', '.join(plain)})", _ATOM


def _big(operator: str, qualified: dict[str, str], body: str) -> str:
    variable = qualified.get("bvar", "")
    low, high = qualified.get("lowlimit", ""), qualified.get("uplimit", "")
    if operator == "limit":
        under = qualified.get("condition") or f"{variable} \\to {low}"
        return f"\\lim_{{{under}}} {body}"
    if operator == "int":
        bounds = (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "")
        return f"\\int{bounds} {body} \\, d{variable}" if variable else f"\\int{bounds} {body}"
    under = qualified.get("condition") or (f"{variable} = {low}" if low else variable)
    sign = "\\sum" if operator == "sum" else "\\prod"
    return f"{sign}_{{{under}}}" + (f"^{{{high}}}" if high else "") + f" {body}"


def _inside(argument: Argument, binding: int) -> str:
    _, latex, own = argument
    return f"\\left({latex}\\right)" if own < binding else latex
