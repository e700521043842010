"""ICE candidates that a peer trickles after its offer (RFC 8838)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrickledCandidates:
    """The content of one PATCH request.

    Attributes:
        candidates: (mid, text after ``candidate:``) of each candidate; the mid is empty if none was given.
        ended: whether the peer announced the end of candidates.
        ufrag, password: the peer's ICE credentials; None if it sent none.
    """

    candidates: tuple[tuple[str, str], ...]
    ended: bool = False
    ufrag: str | None = None
    password: str | None = None

    def restarts(self, ufrag: str, password: str) -> bool:
        """Return whether this is an ICE restart: its credentials differ from these (RFC 9725, section 4.3.3)."""
        return (self.ufrag or ufrag, self.password or password) != (ufrag, password)
