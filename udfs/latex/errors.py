"""The one error that reading LaTeX raises."""


class LatexError(ValueError):
    r"""LaTeX that is no expression this package reads.

    Attributes:
        reason: one short word, snake_case, fit to be counted: `unsupported_command`, `prose`,
            `too_deep`, `too_long`, `unbalanced`, `relation`, `empty` and the like.
        detail: what stood there, such as the command's name.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
