"""Why frames are not enhanced: in words for people, with a code for programs."""

from typing import Literal, Self

Code = Literal["good", "bits", "nothing", "busy", "off", "failed"]
"""``good``: the frames are finely coded and sharp; ``bits``: they have so many bits that they are better forwarded;
``nothing``: the memory of the call has nothing to add, and there is no time for a student; ``busy``: there is no time
for a student; ``off``: the settings; ``failed``: any other reason, such as a failure."""


class PassReason(str):
    """The words of a reason.

    Attributes:
        code: its code.
    """

    code: Code

    def __new__(cls, code: Code, words: str) -> Self:
        """Return a reason with this code and these words."""
        reason = super().__new__(cls, words)
        reason.code = code
        return reason


def code_of(reason: str | None) -> Code | None:
    """Return the code of a reason; None without a reason."""
    if reason is None:
        return None
    return reason.code if isinstance(reason, PassReason) else "failed"
