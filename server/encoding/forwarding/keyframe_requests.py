"""Requests for keyframes of a sender on behalf of its receivers: throttled, and repeated only if needed again."""

from collections.abc import Callable
from time import monotonic

# Seconds. Each keyframe costs the sender and all receivers bits: SFUs forward a PLI once or twice a second. A receiver
# repeats its own until it gets a keyframe.
INTERVAL_S = 1.0
# A sender that obeys PLI answers within a round trip and a frame; others have a keyframe every two seconds, or never.
_ANSWER_S = 1.0


class KeyframeRequests:
    """Decides when to send a PLI. Lives on one event loop.

    Attributes:
        answers: whether the sender has answered a request within a second.
        asked: whether a request was ever sent.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Start without a request; ``clock`` is in seconds."""
        self.answers = self.asked = False
        self._clock = clock
        self._wanted = False
        self._asked_at = float("-inf")
        self._open = False  # whether a request has not been answered

    def ask(self) -> None:
        """Request a keyframe: at once, or a second after the last request."""
        self._wanted = True

    def due(self) -> bool:
        """Return whether to send a PLI now, and mark it as sent."""
        now = self._clock()
        if not self._wanted or now - self._asked_at < INTERVAL_S:
            return False
        self._wanted, self._open, self._asked_at, self.asked = False, True, now, True
        return True

    def arrived(self) -> None:
        """Note that a keyframe arrived: it answers all requests."""
        if self._open:
            self.answers = self.answers or self._clock() - self._asked_at <= _ANSWER_S
        self._wanted = self._open = False
