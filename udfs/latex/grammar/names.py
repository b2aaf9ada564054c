"""Names: letters, runs of capitals, subscripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


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


def read_variable(reader: Reader) -> str:
    """Read a letter with its subscript: what a sum, limit or integral runs over."""
    token = reader.next()
    if token.kind == "name":
        return token.text + read_subscript(reader)
    if token.text in vocabulary.LETTERS:
        return token.text[1:] + read_subscript(reader)
    raise LatexError("unsupported_variable", token.text)
