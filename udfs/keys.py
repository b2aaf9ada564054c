"""Content keys: the same input gives the same key on every machine."""

import hashlib


def key(*parts: str | int | bytes | None) -> str:
    r"""Hash parts to a key of 32 hexadecimal characters.

    Each part is preceded by its kind and length, so that ("ab", "c") and ("a", "bc"), or None
    and "None", differ.

    Args:
        parts: what identifies the row, in a fixed order.

    Returns:
        The first 128 bits of the SHA-256 of the parts, lower-case hexadecimal.
    """
    digest = hashlib.sha256()
    for part in parts:
        if part is None:
            digest.update(b"n0:")
            continue
        kind = b"b" if isinstance(part, bytes) else b"i" if isinstance(part, int) else b"s"
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(b"%s%d:" % (kind, len(data)))
        digest.update(data)
    return digest.hexdigest()[:32]
