"""A program for one computation: which derivation it takes, and its lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from udfs.latex import LatexError
from udfs.latex.evaluate import evaluate
from udfs.latex.nodes import (
    Apply,
    Call,
    Cases,
    Constant,
    Div,
    Matrix,
    Name,
    Neg,
    Node,
    Number,
    Pow,
    Sequence,
    free_names,
    walk,
)
from udfs.translate.symbolic.calls import (
    INVERSE_TRIGONOMETRY,
    TAKES_ANGLES,
    TRIGONOMETRY,
    write_comparison,
)
from udfs.translate.symbolic.conditions import CONSTANTS, Conditions, Function
from udfs.translate.symbolic.names import identifier
from udfs.translate.symbolic.numeric import inline, without_plus_minus
from udfs.translate.symbolic.text import POWER, PRODUCT, NeedsSympyError, held, joint
from udfs.translate.symbolic.writer import Writer

if TYPE_CHECKING:
    from udfs.latex.evaluate import Value

MAX_STEPS = 24
"""Most definitions that a program takes over."""

_ROOTS = frozenset(["sqrt", "root", "log", "ln", "abs"])


@dataclass(frozen=True)
class Resting:
    """What an expression rests on.

    Attributes:
        definitions: in an order in which each rests on those before it.
        functions: likewise.
        free: names that nothing defines.
    """

    definitions: dict[str, Node]
    functions: dict[str, Function]
    free: frozenset[str]


def resting(node: Node, conditions: Conditions, keep: frozenset[str]) -> Resting:
    """Find the definitions that an expression rests on.

    Args:
        node: the expression.
        conditions: what the text says.
        keep: names that stay symbols, since the stated result is in terms of them.
    """
    order: dict[str, Node] = {}
    functions: dict[str, Function] = {}
    free: set[str] = set()
    open_names: set[str] = set()

    def visit(inner: Node, bound: frozenset[str]) -> None:
        for call in walk(inner):
            if isinstance(call, Apply) and call.function in conditions.functions:
                function = conditions.functions[call.function]
                if function.name not in functions and function.name not in open_names:
                    open_names.add(function.name)
                    visit(function.body, bound | frozenset(function.parameters))
                    functions[function.name] = function
        for name in sorted(free_names(inner) - bound):
            if name in order or name in free:
                continue
            value = _definition(name, conditions)
            if name in keep or value is None or name in open_names or len(order) > MAX_STEPS:
                if name not in CONSTANTS or value is not None:
                    free.add(name)
                continue
            open_names.add(name)
            visit(value, frozenset())
            order[name] = value

    visit(node, frozenset())
    for name in free & set(order):
        # It rests on itself: its equation has to be solved.
        del order[name]
    return Resting(order, functions, frozenset(free))


def _definition(name: str, conditions: Conditions) -> Node | None:
    r"""What a name is defined as; `\bar{z}` is the conjugate of a number z, if nothing else."""
    value = conditions.definitions.get(name)
    base = name.removesuffix("_bar")
    if value is None and base != name and base in conditions.definitions:
        return Call("conjugate", (Name(base),))
    return value


@dataclass
class Program:
    """Lines under way.

    Attributes:
        writer: writes the expressions.
        inverses: functions of which the inverse is needed.
        lines: assignments and steps so far.
        symbols: names that are symbols, by their assumption.
    """

    writer: Writer
    inverses: frozenset[str] = frozenset()
    lines: list[str] = field(default_factory=list)
    symbols: dict[str, str] = field(default_factory=dict)

    def declare(self, name: str, assumption: str = "") -> None:
        """Make a name a symbol of SymPy."""
        self.writer.sympy("symbols")
        self.symbols[name] = assumption
        self.writer.kinds[name] = "symbolic"

    def take_over(self, found: Resting) -> None:
        """Write definitions and functions as assignments and `def`s, in order."""
        writer = self.writer
        pending = dict(found.functions)
        for name, value in found.definitions.items():
            self._functions(pending, value)
            text = writer.of(value)
            writer.kinds[name] = text.kind
            known = writer.value(value)
            if known is not None:
                writer.values[name] = known
            self.lines.append(f"{identifier(name)} = {text.text}")
        self._functions(pending, None)

    def _functions(self, pending: dict[str, Function], needed_by: Node | None) -> None:
        names = list(pending)
        if needed_by is not None:
            called = {n.function for n in walk(needed_by) if isinstance(n, Apply)}
            if not called & set(names):
                return
        for name in names:
            self._define(pending.pop(name))

    def _define(self, function: Function) -> None:
        writer = self.writer
        outer = {name: writer.kinds.get(name) for name in function.parameters}
        for name in function.parameters:
            writer.kinds[name] = "symbolic" if writer.is_sympy else "rational"
        kind_of, body = self._body(function.body)
        for name, kind in outer.items():
            if kind is None:
                writer.kinds.pop(name)
            else:
                writer.kinds[name] = kind
        writer.functions.add(function.name)
        writer.kinds[function.name + "()"] = kind_of
        listed = ", ".join(identifier(name) for name in function.parameters)
        if self.lines and self.lines[-1]:
            self.lines.append("")
        self.lines += [f"def {identifier(function.name)}({listed}):", *body, ""]
        if function.name in self.inverses:
            self._define_inverse(function)

    def _define_inverse(self, function: Function) -> None:
        """The inverse of a function: an equation is solved, which must have one solution."""
        writer = self.writer
        if len(function.parameters) != 1:
            raise LatexError("inverse_function")
        parameter = function.parameters[0]
        # A symbol of the text may be in the value.
        variable = writer.symbol("preimage" if parameter in self.symbols else parameter)
        name = identifier(function.name)
        writer.inverses.add(function.name)
        equation = f"{writer.sympy('Eq')}({name}({variable}), value)"
        self.lines += [
            f"def {name}_inverse(value):",
            f"    (solution,) = {writer.sympy('solve')}({equation}, {variable})",
            "    return solution",
            "",
        ]

    def _body(self, node: Node) -> tuple[str, list[str]]:
        """The kind of a function's value, and its lines: one, or one branch after another."""
        writer = self.writer
        if not isinstance(node, Cases):
            text = writer.of(node)
            return text.kind, [f"    return {text.text}"]
        lines, kinds = [], []
        for value, comparisons in node.branches:
            text = writer.of(value)
            kinds.append(text.kind)
            if comparisons:
                lines.append(f"    if {write_comparison(writer, comparisons)}:")
                lines.append(f"        return {text.text}")
            else:
                lines.append(f"    return {text.text}")
        return joint(kinds), lines

    def source(self) -> str:
        """The whole program."""
        heads = []
        modules = self.writer.imports
        if "math" in modules:
            heads.append("import math")
        heads.extend(
            f"from {module} import {', '.join(sorted(names, key=lambda n: (n.lower(), n)))}"
            for module, names in sorted(modules.items())
            if module != "math"
        )
        for name in self.writer.symbols:
            if name not in self.symbols:
                self.symbols[name] = ""
        declared = []
        for assumption in sorted(set(self.symbols.values())):
            names = [name for name, found in self.symbols.items() if found == assumption]
            listed = ", ".join(identifier(name) for name in names)
            shown = " ".join(names)
            extra = f", {assumption}=True" if assumption else ""
            declared.append(f'{listed} = symbols("{shown}"{extra})')
        if declared and self.lines and self.lines[0].startswith("def "):
            declared.append("")
        body = "\n".join([*declared, *self.lines])
        head = "\n".join(heads)
        return (head + "\n\n" + body if head else body).replace("\n\n\n", "\n\n") + "\n"


def has_trigonometry(*nodes: Node) -> bool:
    """Whether angles are meant as arguments of functions somewhere."""
    functions = TAKES_ANGLES | INVERSE_TRIGONOMETRY
    return any(
        isinstance(n, Call) and n.function in functions for node in nodes for n in walk(node)
    )


def closed_program(
    target: Node, found: Resting, *, log_base: int | None, modulus: Node | None
) -> str:
    """A program for an expression of which everything is known.

    Raises:
        LatexError: it says something that has no program.
    """
    parts = [target, *found.definitions.values(), *(f.body for f in found.functions.values())]
    radians = has_trigonometry(*parts)
    inverses = _inverses(parts)
    for is_sympy, vectors in ((False, False), (True, False), (True, True)):
        writer = Writer(is_sympy=is_sympy, vectors=vectors, log_base=log_base, radians=radians)
        program = Program(writer, inverses)
        try:
            program.take_over(found)
            program.lines.append(f"print({_shown(program.writer, target, parts, modulus)})")
        except NeedsSympyError:
            continue
        except LatexError as error:
            if vectors or error.reason != "tuple_arithmetic":
                raise
            continue
        return program.source()
    raise LatexError("unsupported_form")


def _inverses(parts: list[Node]) -> frozenset[str]:
    """Functions of which the inverse is called."""
    return frozenset(
        n.function for part in parts for n in walk(part) if isinstance(n, Apply) and n.order == -1
    )


def _shown(writer: Writer, target: Node, parts: list[Node], modulus: Node | None) -> str:
    signed, has_sign = without_plus_minus(target)
    if has_sign:
        writer.kinds["sign"] = "int"
        return f"[{writer.write(signed)} for sign in (1, -1)]"
    text = writer.of(target)
    if modulus is not None and text.kind == "int":
        divisor = writer.of(modulus)
        return f"{held(text, PRODUCT)} % {held(divisor, POWER)}"
    if text.text.startswith("Fraction(") and _is_literal_quotient(target):
        # Spelt as a division: the quotient is what is computed.
        assert isinstance(target, Div)
        return f"Fraction({writer.write(target.numerator)}) / {writer.write(target.denominator)}"
    has_i = any(
        isinstance(n, Name) and n.name in ("i", "imath") for part in parts for n in walk(part)
    )
    if writer.is_sympy and has_i and text.kind == "symbolic":
        has_division = any(isinstance(n, Div) for part in parts for n in walk(part))
        name = writer.sympy("simplify" if has_division else "expand")
        return f"{name}({text.text})"
    return text.text


def _is_literal_quotient(node: Node) -> bool:
    def is_integer(part: Node) -> bool:
        part = part.value if isinstance(part, Neg) else part
        return isinstance(part, Number) and part.base == 10

    return isinstance(node, Div) and is_integer(node.numerator) and is_integer(node.denominator)


def symbolic_program(
    target: Node,
    found: Resting,
    conditions: Conditions,
    *,
    log_base: int | None,
    is_positive: bool = True,
) -> str:
    """A program that works an expression out in free symbols.

    Args:
        target: the expression.
        found: what it rests on.
        conditions: what the text says.
        log_base: base of a logarithm that states none.
        is_positive: take symbols under roots as positive, as it holds for such values only.

    Raises:
        LatexError: it says something that has no program.
    """
    parts = [target, *found.definitions.values(), *(f.body for f in found.functions.values())]
    if any(isinstance(part, Cases) for part in parts):
        # Which case holds is not known of a symbol.
        raise LatexError("cases")
    writer = Writer(is_sympy=True, log_base=log_base, radians=has_trigonometry(*parts))
    program = Program(writer, _inverses(parts))
    functions = {n.function for part in parts for n in walk(part) if isinstance(n, Call)}
    for name in sorted(found.free):
        is_rooted = is_positive and (functions & (_ROOTS - {"abs"}) or _has_broken_power(parts))
        is_integer = functions & {"factorial", "binomial"} or name in conditions.integers
        if is_integer:
            assumption = "integer"
        elif name in conditions.positive or is_rooted:
            assumption = "positive"
        else:
            assumption = ""
        program.declare(name, assumption)
    program.take_over(found)
    signed, has_sign = without_plus_minus(target)
    if has_sign:
        program.writer.kinds["sign"] = "int"
        text = program.writer.of(signed)
        program.lines.append(f"print([{text.text} for sign in (1, -1)])")
        return program.source()
    text = program.writer.of(target)
    step = _step(parts, functions)
    if text.kind == "symbolic" and step and not text.text.startswith(("integrate(", "limit(")):
        program.lines.append(f"print({program.writer.sympy(step)}({text.text}))")
    else:
        program.lines.append(f"print({text.text})")
    return program.source()


def _step(parts: list[Node], functions: set[str]) -> str:
    """What brings an expression in symbols into a form to compare."""
    if functions & (
        TRIGONOMETRY | INVERSE_TRIGONOMETRY | _ROOTS | {"exp", "factorial", "binomial"}
    ):
        return "simplify"
    if any(isinstance(n, Matrix | Sequence) for part in parts for n in walk(part)):
        return ""
    if _has_broken_power(parts) or any(isinstance(n, Constant) for p in parts for n in walk(p)):
        return "simplify"
    if any(isinstance(n, Div) and free_names(n.denominator) for part in parts for n in walk(part)):
        return "cancel"
    return "expand"


def _has_broken_power(parts: list[Node]) -> bool:
    return any(
        isinstance(n, Pow) and not isinstance(n.exponent, Number | Neg)
        for part in parts
        for n in walk(part)
    )


def value_of(node: Node, found: Resting, log_base: int | None) -> Value | None:
    """The value of an expression of which everything is known, where it is a plain number."""
    values: dict[str, Value] = {}
    try:
        for name, definition in found.definitions.items():
            values[name] = evaluate(inline(definition, found.functions), values, log_base=log_base)
        return evaluate(inline(node, found.functions), values, log_base=log_base)
    except (LatexError, OverflowError):
        return None
