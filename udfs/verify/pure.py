"""Which programs can run one after another in one process: those that cannot touch it.

A program is *pure* when its syntax tree proves that it calls nothing but the functions listed
here and its own, and changes nothing but names, lists, sets and dictionaries that it has made
itself. What it prints is then the same whatever ran before it, and whatever runs after it finds
the process as it was. Nearly all programs that compute something are pure. A class, a `try`, a
`with`, an attribute that is set, an underscore, a string that SymPy would evaluate, or any name
that is not listed, and the program gets a process for itself.

The proof is about the outcomes of other programs alone. What keeps a program from the machine is
the sandbox, which confines a shared process as it does one for a single program.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from functools import cache

from udfs.verify import harmless

MAX_CHARACTERS = 20_000
"""Longest program that is looked at: the look costs time that is not the program's own."""

# Nodes that are looked at more closely, and those that are allowed whatever they hold.
_LOOKED_AT = frozenset({
    ast.AugAssign, ast.Assert, ast.Assign, ast.Attribute, ast.Call, ast.Compare, ast.Constant,
    ast.Expr, ast.FunctionDef, ast.Import, ast.ImportFrom, ast.JoinedStr, ast.Name, ast.Raise,
    ast.Subscript, ast.arg, ast.arguments,
})  # fmt: skip
_ALLOWED = frozenset({
    ast.AnnAssign, ast.BinOp, ast.BoolOp, ast.Break, ast.Continue, ast.Dict, ast.DictComp, ast.For,
    ast.FormattedValue, ast.GeneratorExp, ast.Global, ast.If, ast.IfExp, ast.Lambda, ast.List,
    ast.ListComp, ast.Module, ast.NamedExpr, ast.Pass, ast.Return, ast.Set, ast.SetComp,
    ast.Slice, ast.Starred, ast.Tuple, ast.UnaryOp, ast.While, ast.alias,
    ast.comprehension, ast.keyword, *ast.operator.__subclasses__(), *ast.unaryop.__subclasses__(),
    *ast.boolop.__subclasses__(), *ast.cmpop.__subclasses__(), *ast.expr_context.__subclasses__(),
})  # fmt: skip
_CONSTANTS = (int, float, complex, str, type(None))


def is_pure(tree: ast.Module) -> bool:
    """Whether a program can run in a process that others use after it.

    Args:
        tree: the program.

    Returns:
        True only with a proof; False says nothing bad of a program.
    """
    return _Proof(tree).holds()


class _Proof:
    """What a program binds and imports, and whether all that it does is listed."""

    def __init__(self, tree: ast.Module) -> None:
        nodes = list(ast.walk(tree))
        self.nodes = [node for node in nodes if type(node) in _LOOKED_AT]
        self.has_others = any(
            type(node) not in _ALLOWED and type(node) not in _LOOKED_AT for node in nodes
        )
        self.bound: Counter[str] = Counter()
        self.bound_new: Counter[str] = Counter()  # those bound to a container of their own
        self.imported: set[str] = set()
        self.modules: dict[str, str] = {}  # by the name that they are imported under
        self.owners: set[ast.AST] = set()  # nodes of which an attribute is read
        self.stars: set[str] = set()
        self.is_evaluating = False
        # Strings that are only printed, or name symbols and numbers: nothing evaluates them.
        self.plain: set[ast.AST] = set()

    def holds(self) -> bool:
        """Whether each node is one that the proof allows."""
        if self.has_others or not all(self._bind(node) for node in self.nodes):
            return False
        names = self.bound.keys() | self.modules.keys()
        if self.modules.keys() & (self.bound.keys() | self.imported):
            return False
        if names & (harmless.FIXED | harmless.UNLISTED_BUILTINS) or any(
            name.startswith("__") for name in names
        ):
            return False
        for module in self.stars:
            if module not in sys.modules:
                return False
            # Bound in one function, such a name is the module's in another.
            if names & (_everything(module) - harmless.MODULES[module]):
                return False
            self.imported |= harmless.MODULES[module]
        if self.is_evaluating:
            for node in self.nodes:
                self._find_plain(node)
        return all(self._is_listed(node) for node in self.nodes)

    def _bind(self, node: ast.AST) -> bool:
        """Take note of the names that a node binds; False where it may not."""
        match node:
            case ast.Import(names):
                for one in names:
                    if one.name not in harmless.MODULES or ("." in one.name and one.asname is None):
                        return False
                    self._use(one.name)
                    if self.modules.setdefault(one.asname or one.name, one.name) != one.name:
                        return False
            case ast.ImportFrom(module, names, 0) if module in harmless.MODULES:
                self._use(module)
                for one in names:
                    if one.name == "*":
                        self.stars.add(module)
                    elif one.name not in harmless.MODULES[module]:
                        return False
                    elif one.asname is None or one.asname == one.name:
                        self.imported.add(one.name)
                    else:
                        self.bound[one.asname] += 1
            case ast.ImportFrom():
                return False
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                self.bound[name] += 1
            case ast.FunctionDef(name=name, decorator_list=decorators):
                self.bound[name] += 1
                return all(_is_cache(each) for each in decorators)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_container(value):
                self.bound_new[name] += 1
            case ast.AugAssign(target=ast.Name(id=name)):
                # Its target is met as a name of its own: what is bound stays what it is.
                self.bound[name] -= 1
            case ast.arguments(kwarg=ast.arg()):
                return False
            case ast.Attribute(value=value):
                self.owners.add(value)
            case ast.Constant(value=str(text)):
                # A format string reads attributes; no other needs these.
                return "__" not in text or text == "__main__"
            case ast.Constant(value=value):
                return isinstance(value, _CONSTANTS)
        return True

    def _use(self, module: str) -> None:
        self.is_evaluating |= module in harmless.EVALUATING

    def _find_plain(self, node: ast.AST) -> None:
        """Find strings of this node that nothing evaluates."""
        match node:
            case ast.Call(func=ast.Name(id="print"), args=args, keywords=keywords):
                for printed in [*args, *(keyword.value for keyword in keywords)]:
                    self._print(printed)
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=args)) if (
                name in harmless.ERRORS
            ):
                for printed in args:
                    self._print(printed)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]):
                match first:
                    case ast.Constant(value=str(text)):
                        is_name = name in harmless.NAMING and harmless.SYMBOL_NAMES.fullmatch(text)
                        is_number = name in harmless.NUMBERING and harmless.NUMERAL.fullmatch(text)
                        if is_name or is_number:
                            self.plain.add(first)
            case ast.Expr(value=ast.Constant() as documentation):
                self.plain.add(documentation)
            case ast.Assert(msg=ast.expr() as message):
                self._print(message)
            case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant() as main]):
                self.plain.add(main)
            case ast.Constant(value="+" | "-" | "+-"):
                self.plain.add(node)

    def _print(self, node: ast.AST) -> None:
        """Mark the strings that are made here to be printed."""
        match node:
            case ast.Constant():
                self.plain.add(node)
            case ast.JoinedStr(values=values):
                self.plain.add(node)
                for value in values:
                    self._print(value)
            case ast.FormattedValue(value=value, format_spec=spec):
                self._print(value)
                if spec is not None:
                    self._print(spec)
            # Not beside an expression: what a string does to that is for the expression to say.
            case ast.BinOp(left=left, op=ast.Add(), right=right) if _is_string(left) and _is_string(
                right
            ):
                self._print(left)
                self._print(right)
            case ast.BinOp(
                left=ast.Constant(value=str()) as left,
                op=ast.Mult(),
                right=ast.Constant(value=int()),
            ):
                self.plain.add(left)
            case ast.BinOp(left=ast.Constant(value=str()) as left, op=ast.Mod()):
                self.plain.add(left)
            case ast.IfExp(body=body, orelse=orelse):
                self._print(body)
                self._print(orelse)
            case ast.Call(func=ast.Name(id=name) as function) if name in harmless.STRING_MAKERS:
                self.plain.add(function)
            case ast.Call(
                func=ast.Attribute(value=ast.Constant(), attr="format" | "join") as method,
                args=args,
            ):
                self.plain.update((method, method.value))
                for value in args:
                    self._print(value)
            case ast.GeneratorExp(elt=each) | ast.ListComp(elt=each):
                self._print(each)

    def _is_listed(self, node: ast.AST) -> bool:
        match node:
            case ast.Name(id=name) if name in self.modules:
                return node in self.owners
            case ast.Name(id=name, ctx=ast.Load()):
                if name in harmless.STRING_MAKERS and (
                    self.is_evaluating or name not in harmless.BUILTIN_MAKERS
                ):
                    return node in self.plain
                return (
                    name in self.bound
                    or name in self.imported
                    or name in harmless.BUILTINS
                    or name in harmless.BUILTIN_MAKERS
                )
            case ast.Name(ctx=ast.Del()):
                return False
            case ast.Attribute(value=value, attr=attribute, ctx=ast.Load()):
                return self._is_readable(node, value, attribute)
            case ast.Attribute():
                return False
            case ast.Subscript(ctx=ast.Load()):
                return True
            case ast.Subscript(value=value, ctx=ast.Store()):
                return self._is_own(value)
            case ast.Subscript():
                return False
            case ast.Constant(value=str()) | ast.JoinedStr():
                return not self.is_evaluating or node in self.plain
            case ast.Call(func=ast.Name(id="print"), keywords=keywords):
                return all(keyword.arg in ("sep", "end", "flush") for keyword in keywords)
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), keywords=[_, *_] as keywords
            ):
                return name not in harmless.NAMED and all(
                    keyword.arg != "cls"
                    or (isinstance(keyword.value, ast.Name) and keyword.value.id in harmless.NAMING)
                    for keyword in keywords
                )
        return True

    def _is_readable(self, node: ast.AST, value: ast.AST, attribute: str) -> bool:
        if isinstance(value, ast.Name) and value.id in self.modules:
            module = self.modules[value.id]
            if (module, attribute) == ("numpy", "linalg"):
                return node in self.owners
            return attribute in harmless.MODULES[module]
        if attribute in harmless.CHANGING:
            return self._is_own(value)
        if attribute in harmless.STRING_METHODS and (not self.is_evaluating or node in self.plain):
            return True
        return attribute in harmless.READING

    def _is_own(self, value: ast.AST) -> bool:
        """Whether it is a container that the program made, or an element of one."""
        while isinstance(value, ast.Subscript):
            value = value.value
        if not isinstance(value, ast.Name):
            return False
        return 0 < self.bound[value.id] == self.bound_new[value.id]


def _is_string(node: ast.AST) -> bool:
    """Whether a node can give nothing but a string."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in harmless.STRING_MAKERS
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_string(left) and _is_string(right)
    return False


def _is_container(value: ast.AST) -> bool:
    """Whether a value is a list, set, dictionary or matrix that is new each time."""
    match value:
        case ast.List() | ast.Set() | ast.Dict() | ast.ListComp() | ast.SetComp() | ast.DictComp():
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name)):
            return name in harmless.CONTAINERS
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return isinstance(left, ast.List) or isinstance(right, ast.List)
    return False


def _is_cache(decorator: ast.AST) -> bool:
    match decorator:
        case ast.Call(func=function):
            return _is_cache(function)
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="functools"), attr=name):
            return name in ("cache", "lru_cache")
    return False


@cache
def _everything(module: str) -> frozenset[str]:
    """What a star imports."""
    loaded = sys.modules[module]
    return frozenset(getattr(loaded, "__all__", None) or vars(loaded))
