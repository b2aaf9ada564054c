"""What the peers make of LaTeX: read an expression, and say whether two of them are equal.

Standard library and, within each function, the peer's own packages: its environment imports this.
sympy's two parsers and latex2sympy2-extended only parse; whether two sides are equal is asked of
SymPy here, in the way that suits them best: the difference in numbers to fifteen digits, and
where symbols stay free, `simplify`, then numbers at three points. math-verify parses and compares
by its own rules.

An item runs in a child that is killed when it hangs (`5^{5^{5^5}}` does, in C, where no signal
handler gets its turn).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import time
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PACKAGES = {
    "sympy, antlr": ("sympy==1.14.0", "antlr4-python3-runtime==4.11.0"),
    "sympy, lark": ("sympy==1.14.0", "lark==1.3.1"),
    "latex2sympy2-extended": ("latex2sympy2-extended==1.11.0", "antlr4-python3-runtime==4.13.2"),
    "math-verify": ("math-verify==0.9.0", "antlr4-python3-runtime==4.13.2"),
}
"""What is installed for each peer, by the name in the tables."""

LIMIT_SECONDS = 20.0
"""Wall time of one item: ten times what the slowest needs that ends at all."""

_MANTISSA = 1e-9
_POINTS = (0.7390851, 1.3247180, 2.2360680)
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_MODULUS = re.compile(r"\\pmod\s*(?:\{[^{}]*\}|\d)")
_SIZES = re.compile(r"\\(?:left|right)(?![a-zA-Z])")
# Not the space after `\\\\`, which ends a row.
_SPACES = re.compile(r"(?<!\\)\\[,;:! ]|\\q?quad\b|\{,\}")


def cleaned(latex: str) -> str:
    r"""Take off what no parser for expressions knows: boxes, spaces, sizes, `\dfrac`."""
    latex = latex.replace(r"\dfrac", r"\frac").replace(r"\tfrac", r"\frac")
    if r"\left." not in latex and r"\right." not in latex:
        latex = _SIZES.sub("", latex)
    while found := _BOXED.search(latex):
        depth, place = 1, found.end()
        while place < len(latex) and depth:
            depth += {"{": 1, "}": -1}.get(latex[place], 0)
            place += 1
        inner = latex[found.end() : place - 1] if not depth else latex[found.end() :]
        latex = latex[: found.start()] + inner + latex[place:]
    return _SPACES.sub("", latex).strip()


def antlr() -> Callable[[str], Any]:
    """sympy.parsing.latex with its ANTLR grammar."""
    from sympy.parsing.latex import parse_latex

    return parse_latex


def lark() -> Callable[[str], Any]:
    """sympy.parsing.latex with its Lark grammar; of several readings none is chosen."""
    from sympy import Basic, MatrixBase
    from sympy.parsing.latex import parse_latex

    def parse(latex: str) -> Any:
        found = parse_latex(latex, backend="lark")
        return found if isinstance(found, Basic | MatrixBase) else None

    return parse


def latex2sympy() -> Callable[[str], Any]:
    """latex2sympy2_extended, whose own normalisation takes off boxes and units."""
    from latex2sympy2_extended import latex2sympy

    return latex2sympy


PARSERS: dict[str, Callable[[], Callable[[str], Any]]] = {
    "sympy, antlr": antlr,
    "sympy, lark": lark,
    "latex2sympy2-extended": latex2sympy,
}
"""Makes a function from LaTeX to SymPy, None where it could not read; it may raise."""


def checker(name: str) -> Callable[[dict[str, Any]], bool]:
    """Return what says whether an item's two sides are equal; it may raise or hang."""
    if name == "math-verify":
        return _math_verify()
    parse = PARSERS[name]()

    def is_true(item: dict[str, Any]) -> bool:
        is_congruence = item.get("relation") == "equiv"
        sides = [_MODULUS.sub("", item[side]) for side in ("lhs", "rhs")]
        left, right = (parse(cleaned(side)) for side in sides)
        if left is None or right is None:
            return False
        if is_congruence:
            return _is_congruent(left, right, parse(cleaned(str(item["modulus"]))))
        return is_equal(left, right)

    return is_true


def _math_verify() -> Callable[[dict[str, Any]], bool]:
    from math_verify import parse, verify

    def is_true(item: dict[str, Any]) -> bool:
        if item.get("relation") == "equiv":
            return False  # it knows no congruences
        left, right = (parse(f"${item[side]}$") for side in ("lhs", "rhs"))
        return bool(left and right and verify(right, left))

    return is_true


def is_equal(left: Any, right: Any) -> bool:
    """Whether two objects of SymPy are equal, numbers to some fifteen digits."""
    from sympy import E, I, MatrixBase, Symbol, Tuple, pi, simplify

    left, right = (side.doit() if hasattr(side, "doit") else side for side in (left, right))
    if isinstance(left, MatrixBase) or isinstance(right, MatrixBase):
        return bool((left - right).doit().applyfunc(simplify).is_zero_matrix)
    if isinstance(left, tuple | list | set | Tuple):
        pairs = list(zip(left, right, strict=True))
        return all(is_equal(one, other) for one, other in pairs)
    # Their parsers leave these as symbols.
    named = {Symbol("pi"): pi, Symbol("e"): E, Symbol("i"): I}
    left, right = (side.subs(named).doit() for side in (left, right))
    free = sorted(left.free_symbols | right.free_symbols, key=str)
    if not free:
        return _is_near(left, right)
    if simplify(left - right) == 0:
        return True
    for start in _POINTS:
        # Not in equal steps: differences that happen to be equal would hide a slip.
        point = {name: start + 0.37 * n + 0.11 * n * n for n, name in enumerate(free)}
        if not _is_near(left.subs(point), right.subs(point)):
            return False
    return True


def _is_near(left: Any, right: Any) -> bool:
    one, other = complex(left.evalf(20)), complex(right.evalf(20))
    return abs(one - other) <= _MANTISSA * max(1.0, abs(one), abs(other))


def _is_congruent(left: Any, right: Any, modulus: Any) -> bool:
    """Whether a difference is divisible; a fraction stands for a product with an inverse."""
    from sympy import Integer, Rational, gcd, simplify

    difference, size = simplify(left - right), simplify(modulus)
    if not isinstance(difference, Rational) or not isinstance(size, Integer) or size == 0:
        return False
    return bool(gcd(difference.q, size) == 1 and difference.p % size == 0)


def judged(
    name: str, items: Sequence[dict[str, Any]], limit: float = LIMIT_SECONDS
) -> Iterator[tuple[bool, float | None]]:
    """Judge items in a child that is replaced when it hangs or dies.

    Yields:
        For each item whether it was found true, and the CPU seconds that it took; None of one
        that was killed.
    """
    context = multiprocessing.get_context("fork")
    child = None
    try:
        for item in items:
            if child is None:
                child = _Child(context, name)
            answer = child.ask(item, limit)
            if answer is None:
                child.kill()
                child = None
                yield False, None
            else:
                yield answer
    finally:
        if child is not None:
            child.kill()


class _Child:
    def __init__(self, context: Any, name: str) -> None:
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(name, other), daemon=True)
        self.process.start()
        other.close()
        self.pipe.recv()  # it has imported its packages

    def ask(self, item: dict[str, Any], limit: float) -> tuple[bool, float] | None:
        try:
            self.pipe.send(item)
            return self.pipe.recv() if self.pipe.poll(limit) else None
        except (EOFError, OSError):
            return None

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _serve(name: str, pipe: Any) -> None:
    warnings.simplefilter("ignore")
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        is_true = checker(name)
        pipe.send("ready")
        while True:
            try:
                item = pipe.recv()
            except EOFError:
                return
            started = time.process_time()
            try:
                found = bool(is_true(item))
            except Exception:  # noqa: BLE001 - whatever it raises, it did not find it true
                found = False
            pipe.send((found, time.process_time() - started))
