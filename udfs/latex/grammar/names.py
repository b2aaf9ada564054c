"""Names: letters, runs of capitals, subscripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


MAX_EVENT = 12
"""Most tokens of an event."""


def read_capitals(reader: Reader, first: str) -> str:
    """The rest of a run of capital letters that is one name, as `AB` is a segment."""
    run = first
    ahead = 0
    while (token := reader.peek(ahead)).kind == "name" and token.text.isupper():
        if token.is_spaced:
            break
        run += token.text
        ahead += 1
    if len(run) == 1 or reader.symbols.issuperset(run):
        return ""
    reader.at += ahead
    return run[1:]


def read_subscript(reader: Reader) -> str:
    """Read a subscript as the end of a name: `_1`, or nothing."""
    if not reader.is_next("_"):
        return ""
    reader.at += 1
    if reader.is_next("{"):
        reader.at += 1
        parts = []
        level = 1
        while level:
            token = reader.next()
            if not token.kind:
                raise LatexError("unbalanced", "{")
            level += (token.text == "{") - (token.text == "}")
            parts.append(token.text)
        parts.pop()
    else:
        parts = [reader.next().text]
    if not parts or not parts[0]:
        raise LatexError("incomplete")
    words = [part.strip("\\") for part in parts]
    words = [vocabulary.SUBSCRIPT_WORDS.get(word, word) for word in words]
    return "_" + re.sub(r"\W+", "_", "".join(words)).strip("_")


def read_event(reader: Reader, mark: str) -> str:
    r"""Read sets or events in brackets as one name: `(A \cap B)` as `A_and_B`, or nothing.

    Args:
        reader: at the opening bracket.
        mark: the closing bracket. A letter alone counts in round brackets only.
    """
    words: list[str] = []
    ahead = 1
    while (token := reader.peek(ahead)).text != mark:
        if token.kind == "name" and token.text.isupper():
            words.append(token.text)
        elif token.text in vocabulary.EVENTS and words:
            words.append(vocabulary.EVENTS[token.text])
        elif token.text == "^" and words and reader.script_at(ahead + 1) in vocabulary.COMPLEMENTS:
            words.append("c")
            ahead += 3 if reader.peek(ahead + 1).text == "{" else 1
        else:
            return ""
        ahead += 1
        if ahead > MAX_EVENT:
            return ""
    has_sign = any(not word.isupper() for word in words)
    if not words or (len(words) > 1 and not has_sign) or (mark != ")" and not has_sign):
        return ""
    reader.at += ahead + 1
    return "_".join(words)


def read_variable(reader: Reader) -> str:
    """Read a letter with its subscript: what a sum, limit or integral runs over."""
    token = reader.next()
    if token.kind == "name":
        return token.text + read_subscript(reader)
    if token.text in vocabulary.LETTERS:
        return token.text[1:] + read_subscript(reader)
    raise LatexError("unsupported_variable", token.text)
