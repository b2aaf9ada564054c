"""Trains conf/tokenizers/sample.json on this repository's own text.

A byte-level BPE of 4,096 tokens, enough to make shards and tiny models without a download. Any
text comes back from decoding unchanged. Training is deterministic: the same files give the same
tokenizer. `python -m conf.tokenizers.build` trains it anew; shards that were made with the one
before then no longer match it.
"""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CONF = Path(__file__).parent.parent
TARGET = Path(__file__).parent / "sample.json"
VOCAB_SIZE = 4096
EOD = "<|endoftext|>"

# One piece each: a LaTeX command, a word with the space before it, a single digit (numbers of any
# length are then spelt one way, as in Llama 2 and DeepSeekMath), a run of signs, line breaks with
# the indentation after them, other white space.
_PIECES = r"\\[A-Za-z]+| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\\]+|\\+[^\s\p{L}\p{N}\\]?|\s*[\r\n]+ *|\s+"

_HIDDEN = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


def train(texts: Iterable[str], vocab_size: int = VOCAB_SIZE) -> Tokenizer:
    """Train a byte-level BPE on texts.

    Args:
        texts: what it learns from; their order does not matter.
        vocab_size: most tokens it has, the 256 bytes and `EOD` among them.
    """
    # With several threads equal counts could be merged in another order.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=[EOD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(texts), trainer)
    return tokenizer


def texts(root: Path = CONF.parent) -> Iterator[str]:
    """Read the text that we wrote: sample pages and problems, seed labels, Python sources."""
    for path in sorted((root / "conf").rglob("*")):
        if path.suffix in (".html", ".htm", ".xhtml"):
            page = path.read_text(encoding="utf-8", errors="replace")
            yield html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", page)))
        elif path.suffix in (".md", ".txt"):
            yield path.read_text(encoding="utf-8", errors="replace")
        elif path.suffix == ".jsonl":
            yield from _strings(path.read_text(encoding="utf-8"))
    for folder in ("conf", "udfs", "jobs"):
        for path in sorted((root / folder).rglob("*.py")):
            yield path.read_text(encoding="utf-8")


def _strings(jsonl: str) -> Iterator[str]:
    """Give the strings of JSON objects, one a line; the sample's broken rows have none."""
    # By "\n" alone: JSON strings may hold other separators, such as U+2028.
    for line in filter(None, jsonl.split("\n")):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        yield from (value for value in row.values() if isinstance(value, str))


if __name__ == "__main__":
    train(texts()).save(str(TARGET), pretty=False)
