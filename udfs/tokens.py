"""Tokens of a text: any `tokenizer.json`, one thread, no special token that the text spells."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from udfs import storage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# What base models call the token that ends a document, in the order in which it is looked for.
# `</s>` comes after the unambiguous names: some byte-level vocabularies hold it as plain text.
USUAL_EOD = (
    "<|endoftext|>",  # GPT-2, Qwen, StarCoder
    "<|end_of_text|>",  # Llama 3
    "<｜end▁of▁sentence｜>",  # DeepSeek
    "</s>",  # Llama 2, Mistral, Code Llama
    "<eos>",  # Gemma
)

# An encoding holds some 100 bytes a token beside its ids (strings, offsets, masks), so texts are
# encoded in chunks of about this many characters: 256 Ki keep it under some 20 MB, and measured
# rates fall beyond, as the encodings leave the processor's cache.
_CHUNK_CHARS = 256 * 2**10


@dataclass(frozen=True)
class LoadedTokenizer:
    """A tokenizer that was read from a file.

    Attributes:
        path: where it was read from.
        fingerprint: first 32 hexadecimal characters of the SHA-256 of the file.
        vocab_size: ids run from 0 to below it, added tokens and holes included.
        tokenizer: the library's object, set so that special tokens in a text are plain text.
    """

    path: str
    fingerprint: str
    vocab_size: int
    tokenizer: Tokenizer

    def encode(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """Encode texts in order, one list of ids a text.

        No BOS is put before a text. Megatron-Core finds where packed documents begin by the
        end-of-document token alone; a BOS beside it would be a second mark for the same border,
        counted in no `token_count`, and would not come back from decoding as the text.
        """
        for chunk in _chunks(texts):
            # The library reads this variable at each call. Spark runs a worker a core: threads
            # of the library's own would only fight over them (and deadlock after a fork).
            os.environ["TOKENIZERS_PARALLELISM"] = "false"
            for encoding in self.tokenizer.encode_batch_fast(chunk, add_special_tokens=False):
                yield encoding.ids

    def count(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text."""
        counts: list[int] = []
        for chunk in _chunks(texts):
            os.environ["TOKENIZERS_PARALLELISM"] = "false"
            counts += map(len, self.tokenizer.encode_batch_fast(chunk, add_special_tokens=False))
        return counts

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids, special tokens spelt out."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=False))

    def eod_id(self, name: str | None = None) -> int:
        """Return the id of the token that ends a document.

        Args:
            name: the token; the first one of `USUAL_EOD` that there is when None.

        Raises:
            ValueError: the tokenizer has no such token; the message names file and remedy.
        """
        for candidate in USUAL_EOD if name is None else (name,):
            found = self.tokenizer.token_to_id(candidate)
            if found is not None:
                return int(found)
        special = sorted(
            token.content
            for token in self.tokenizer.get_added_tokens_decoder().values()
            if token.special
        )
        looked_for = f"token {name!r}" if name is not None else "usual end-of-document token"
        raise ValueError(
            f"{self.path}: no {looked_for}; name one of its special tokens as shards.eod"
            f" ({', '.join(special[:12]) or 'it has none: add one to the file'})"
        )


@cache
def load(path: str) -> LoadedTokenizer:
    """Read a `tokenizer.json`, once a process and path.

    The file itself is the truth: it is read by `tokenizers`, since transformers rebuilds some
    families' tokenizers from their parts and gets spaces wrong. Padding and truncation that a
    file may ask for are switched off: a document is as long as it is.

    Args:
        path: local path or URL (see `storage.locate`).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no tokenizer, or has an empty vocabulary.
    """
    try:
        data = storage.read_bytes(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path}: no such tokenizer; give a tokenizer.json as shards.tokenizer"
        ) from error
    try:
        tokenizer = Tokenizer.from_buffer(data)
    except Exception as error:  # the library raises bare Exception, of no narrower class
        raise ValueError(f"{path}: not a tokenizer.json ({error})") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    # Without this a page that quotes `</s>` would end the document there.
    tokenizer.encode_special_tokens = True
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    if not vocabulary:
        raise ValueError(f"{path}: the vocabulary is empty")
    size = max(tokenizer.get_vocab_size(with_added_tokens=True), max(vocabulary.values()) + 1)
    return LoadedTokenizer(path, hashlib.sha256(data).hexdigest()[:32], size, tokenizer)


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    chars = 0
    for text in texts:
        if chunk and chars + len(text) > _CHUNK_CHARS:
            yield chunk
            chunk, chars = [], 0
        chunk.append(text)
        chars += len(text)
    if chunk:
        yield chunk
