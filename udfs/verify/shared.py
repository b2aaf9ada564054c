"""What happens in a child that runs one pure program after another (`udfs.verify.pure`)."""

import ast
import io
import os
import resource
import struct
import sys
import traceback
import warnings
from typing import NoReturn

from udfs.verify import program, pure

# To and from a process that programs share. Bytes of code, bytes of output allowed; then the index
# in KINDS, KiB of memory that it took, bytes of output and of errors.
REQUEST = struct.Struct("<QQ")
ANSWER = struct.Struct("<BQQQ")
KINDS = ("ok", "error", "output", "alone", "spoilt", "part")
_REQUESTS, _ANSWERS = 3, 4


def run(requests: int, answers: int, limits: program.Limits, *, filtered: bool) -> NoReturn:
    """Run programs that are proven pure one after another in this process, until there are none.

    A request is `REQUEST` and the source, an answer `ANSWER`, what was printed and
    what was wrong; an answer `part` brings what was printed and flushed so far. A program without
    a proof is not run but answered with `alone`. One whose end may be due to what ran before it,
    too little memory or too deep a recursion, or that has SymPy evaluate a string, is `spoilt`, and
    the process ends.

    Args:
        requests: descriptor that requests are read from.
        answers: descriptor that answers are written to.
        limits: what all programs together may use.
        filtered: whether the system call filter is to be applied.
    """
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        program.confine_child(limits, null, null, filtered, keep=(requests, answers))
        sys.stderr = None  # where warnings would go
        _refuse_strings()
        program.watch_over()
        while len(header := os.read(_REQUESTS, REQUEST.size)) == REQUEST.size:
            size, output_bytes = REQUEST.unpack(header)
            code = b""
            while len(code) < size:
                code += os.read(_REQUESTS, size - len(code))
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            kind, output, error = _evaluate(code, output_bytes)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            _answer(kind, grown, output, error)
            if kind == "spoilt":
                break
    finally:
        os._exit(0)


def _answer(kind: str, grown: int, output: bytes, error: bytes) -> None:
    """Send one answer."""
    answer = ANSWER.pack(KINDS.index(kind), grown, len(output), len(error))
    answer += output + error
    while answer:
        answer = answer[os.write(_ANSWERS, answer) :]


def _evaluate(code: bytes, output_bytes: int) -> tuple[str, bytes, bytes]:
    """Run a program in this process, if it is pure.

    Returns:
        One of `KINDS`, what it printed, and the last line of its traceback.
    """
    page = _Page(output_bytes)
    error = b""
    try:
        # Not `compile` of the source: reading it once gives the tree and the proof.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code, "<program>")
            if not pure.is_pure(tree):
                return "alone", b"", b""
            runnable = compile(tree, "<program>", "exec")
        program.seed()
        sys.stdout = page
        exec(runnable, {"__name__": "__main__"})  # noqa: S102 - the sandbox's task
        kind = "ok"
    except SyntaxError:
        return "alone", b"", b""
    except (MemoryError, RecursionError, _EvaluationError):
        return "spoilt", b"", b""
    except _FullError:
        kind = "output"
    except Exception as raised:  # noqa: BLE001 - whatever a program raises is its outcome
        kind = "error"
        line = traceback.format_exception_only(raised)[-1].strip()[: program.ERROR_CHARACTERS]
        error = line.encode("utf-8", "backslashreplace")
    return kind, page.take(), error


class _EvaluationError(BaseException):
    """SymPy was about to evaluate a string."""


def _refuse_strings() -> None:
    """Let nothing evaluate strings here, where the proof should have missed one."""
    parser = sys.modules.get("sympy.parsing.sympy_parser")
    if parser is None:
        return

    def refuse(*_: object, **__: object) -> NoReturn:
        raise _EvaluationError

    # What `sympify` imports when it is called.
    for name in ("parse_expr", "eval_expr", "stringify_expr"):
        setattr(parser, name, refuse)


class _FullError(BaseException):
    """A program printed more than it may."""


class _Page(io.StringIO):
    """What a program prints, up to a number of bytes."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.left = most

    def write(self, text: str) -> int:
        size = len(text) if text.isascii() else len(text.encode("utf-8", "backslashreplace"))
        self.left -= size
        super().write(text)
        if self.left < 0:
            raise _FullError
        return len(text)

    def flush(self) -> None:
        if printed := self.take():
            _answer("part", 0, printed, b"")

    def take(self) -> bytes:
        """Return what was written since the last time."""
        printed = self.getvalue().encode("utf-8", "backslashreplace")
        self.seek(0)
        self.truncate()
        return printed
