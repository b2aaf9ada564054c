"""Programs that mean harm, and what must become of each: see `hostile_programs/`.

A file there holds the programs of one kind of attack (`..._of_MACHINE.txt`: those that name system
calls by this processor's numbers). Each begins with a line

    ## what it tries: the outcomes that are right for it, separated by commas

and is followed by its source. Lines `#> text` after the source are what it must print, where
that is certain (`#| text`: without an end of the line). A line `--- then` is followed by a sound
program, and by what this one must print, that the attack disturbs when both run in one process;
`--- next` by one for which that does not hold, or not always.

No attack may print ESCAPED or one of the secrets. Names between @ signs stand for what a test
lays out for them: @SECRET@ (path of a file that holds a secret), @CANARY@ (of one that must stay
as it is), @DIRECTORY@ (where both lie), @PORT@ (of a listener), @SOCKET@ (path of another),
@PID@ (of a process that must live on), @MARK@ (part of any name that it makes).
"""

import platform
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

PROGRAMS = Path(__file__).parent / "hostile_programs"
OUTCOMES = frozenset({"ok", "error", "timeout", "memory", "blocked", "output"})

_FOLLOWING = re.compile(r"^--- (then|next)\n", re.MULTILINE)
_HEADING = re.compile(r"^## (.+): ([a-z, ]+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Hostile:
    """One program that means harm.

    Attributes:
        group: the kind of attack.
        name: what it tries, unlike that of any other program.
        code: Python source.
        outcomes: those that are right for it.
        output: what it must print; None where that is not certain.
        victim: a sound program that it would disturb; None where it goes for something else.
        victim_output: what this one must print.
        is_disturbing: whether the victim prints something else when both run in one process.
    """

    group: str
    name: str
    code: str
    outcomes: frozenset[str]
    output: str | None = None
    victim: str | None = None
    victim_output: str | None = None
    is_disturbing: bool = False

    def __str__(self) -> str:
        return f"{self.group}: {self.name}"

    def aimed(self, **targets: object) -> "Hostile":
        """The program with the names between @ signs filled in."""
        code = self.code
        for name, value in targets.items():
            code = code.replace(f"@{name.upper()}@", str(value))
        return replace(self, code=code)


def _source_and_output(text: str) -> tuple[str, str | None]:
    """Part a program from the lines that say what it prints."""
    source, said = "", []
    for line in text.strip("\n").split("\n"):
        if line.startswith(("#>", "#|")):
            said.append(line[2:].removeprefix(" ") + "\n" * line.startswith("#>"))
        else:
            source += f"{line}\n"
    return source, "".join(said) if said else None


def parse(group: str, text: str) -> list[Hostile]:
    """Read the programs of one file.

    Raises:
        ValueError: a heading names an unknown outcome, or a victim's output is missing.
    """
    found = []
    parts = _HEADING.split(text)
    for name, outcomes, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        allowed = frozenset(outcome.strip() for outcome in outcomes.split(","))
        if not allowed <= OUTCOMES:
            raise ValueError(f"{group}: {name}: unknown outcome in {outcomes!r}")
        attack, follows, then = (
            _FOLLOWING.split(body) if _FOLLOWING.search(body) else (body, "", "")
        )
        code, output = _source_and_output(attack)
        victim, victim_output = _source_and_output(then) if then else (None, None)
        if victim is not None and victim_output is None:
            raise ValueError(f"{group}: {name}: no line says what the victim prints")
        found.append(
            Hostile(group, name, code, allowed, output, victim, victim_output, follows == "then")
        )
    return found


def _nested(opening: str, middle: str, closing: str, depth: int) -> str:
    return opening * depth + middle + closing * depth


def _built() -> list[Hostile]:
    """Programs whose harm lies in their size."""
    fails = frozenset({"error", "memory", "timeout"})
    passes = fails | {"ok"}
    sources = {
        "parentheses": (_nested("(", "1", ")", 100_000), fails),
        "brackets that are closed": ("x = " + _nested("[", "", "]", 90), passes),
        "brackets": ("x = " + _nested("[", "", "]", 50_000), fails),
        "braces and colons": (_nested("{1:", "1", "}", 30_000), fails),
        "calls": (_nested("f(", "1", ")", 20_000), fails),
        "attributes": ("x = 1\nx" + ".real" * 200_000, fails),
        "subscripts": ("x = []\nx" + "[0]" * 100_000, fails),
        "unary minus": ("x = " + "-" * 300_000 + "1", fails),
        "not": ("x = " + "not " * 300_000 + "1", fails),
        "lambda": ("x = " + "lambda: " * 50_000 + "1", fails),
        "conditional expressions": ("x = " + "1 if 1 else " * 50_000 + "1", fails),
        "powers": ("x = " + "1**" * 100_000 + "1", fails),
        "sums": ("x = " + "1+" * 200_000 + "1", passes),
        "comparisons": ("x = " + "1<" * 100_000 + "1", passes),
        "strings side by side": ("x = " + "'a' " * 200_000, passes),
        "formatted strings": ("x = " + 'f"{' * 60 + "1" + '}"' * 60, fails),
        "nested functions": (
            "".join(f"{' ' * n}def f{n}():\n" for n in range(99)) + " " * 99 + "pass\n",
            passes,
        ),
        "nested ifs": ("".join(f"{' ' * n}if 1:\n" for n in range(5000)), fails),
        "nested loops": ("".join(f"{' ' * n}for x in y:\n" for n in range(50)), fails),
        "else ifs": ("x = 1\nif x: pass\n" + "elif x: pass\n" * 20_000, passes),
        "a long line": ("x = 1" + ";x = 1" * 300_000, passes),
        "many lines": ("x = 1\n" * 300_000, passes),
        "many names": ("".join(f"a{n} = {n}\n" for n in range(100_000)), passes),
        "many constants": ("x = (" + ",".join(map(str, range(10**6, 10**6 + 200_000))) + ")",
                           passes),
        "many functions": ("".join(f"def f{n}(): pass\n" for n in range(30_000)), passes),
        "a long name": ("a" * 10**6 + " = 1\n", passes),
        "a long string": ("x = '" + "a" * 10**7 + "'", passes),
        "a long number": ("x = " + "9" * 10**6, fails),
        "a long hexadecimal number": ("x = 0x" + "f" * 10**6 + "\nprint(str(x)[0])", fails),
        "a long fraction": ("x = 0." + "1" * 10**6, passes),
        "a great exponent": ("x = 1e" + "9" * 10**6, passes),
        "a long comment": ("#" * 10**7, passes),
        "spaces": (" " * 10**6 + "x = 1", fails),
        "tabs and spaces": ("if 1:\n\tx = 1\n        y = 2\n", fails),
        "backslashes": ("x = 1 + \\\n" * 100_000 + "1", fails),
        "null bytes": ("\0" * 100_000, fails),
        "form feeds": ("\f" * 10**6 + "x = 1", passes),
        "an encoding": ("# -*- coding: rot13 -*-\ncevag(1)", fails),
        "another encoding": ("# -*- coding: utf-7 -*-\nx = '+AGEAYg-'\n", passes),
        "an encoding that is none": ("# -*- coding: /etc/passwd -*-\n", passes),
        "a mark of another order": ("\ufffex = 1", fails),
        "folded constants": ("x = " + "(" * 60 + "'a' * 4000" + ") * 4000" * 60, fails),
        "folded shifts": ("x = 1 << 10**9 << 10**9 << 10**9\n", passes),
        "folded tuples": ("x = ((0,) * 256,) * 256, " + "((1,) * 256,) * 256, " * 5000, passes),
        "patterns": ("match 1:\n    case " + "[" * 3000 + "]" * 3000 + ": pass", fails),
        "star targets": (_nested("[*", "x", "]", 5000) + " = 1", fails),
        "decorators": ("@int\n" * 100_000 + "def f(): pass", fails),
        "arguments": ("def f(" + ",".join(f"a{n}" for n in range(50_000)) + "): pass", passes),
        "globals": ("global " + ",".join(f"a{n}" for n in range(100_000)), passes),
        "withs": ("with " + ",".join("open" for _ in range(500)) + ": pass", fails),
    }  # fmt: skip
    return [Hostile("source", name, code, right) for name, (code, right) in sources.items()]


@cache
def corpus() -> tuple[Hostile, ...]:
    """All programs, in the order of their files' names."""
    found = _built()
    for path in sorted(PROGRAMS.glob("*.txt")):
        if path.stem.partition("_of_")[2] in ("", platform.machine()):
            found += parse(path.stem.replace("_", " "), path.read_text(encoding="utf-8"))
    return tuple(found)
