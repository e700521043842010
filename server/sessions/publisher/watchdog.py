"""Packets come, but no picture: when to ask for a keyframe, and when to give the sender up."""

from dataclasses import dataclass
from enum import Enum, auto

# A keyframe that was asked for at once has had its time by then; after this a sender will not recover by itself.
_ASK_AFTER_S, _RESTART_AFTER_S = 0.5, 3.0
# A line that is dead for longer is not the sender's fault, and a message would come when all is well again.
_SILENCE_S = 1.0


class Remedy(Enum):
    """What may help."""

    NONE = auto()
    KEYFRAME = auto()
    RESTART = auto()
    """The sender must be restarted: each time it is said it was three more seconds without a picture."""


@dataclass
class Watchdog:
    """Compares how many packets came with how many frames were decoded. Times in seconds, on the caller's clock."""

    _packets: int = 0
    _frames: int = 0
    _heard_at: float = float("-inf")
    _stuck_since: float | None = None
    _asked_at: float = float("-inf")

    def note(self, now: float, packets: int, frames: int) -> Remedy:
        """Take the counts so far; return what to do about them."""
        moved, self._packets = packets > self._packets, packets
        decoded, self._frames = frames > self._frames, frames
        if moved:
            self._heard_at = now
        if decoded or now - self._heard_at > _SILENCE_S:
            self._stuck_since = None
            return Remedy.NONE
        if self._stuck_since is None:
            if not moved:
                return Remedy.NONE
            self._stuck_since = now
        if now - self._stuck_since >= _RESTART_AFTER_S:
            self._stuck_since = now
            return Remedy.RESTART
        if now - self._stuck_since >= _ASK_AFTER_S and now - self._asked_at >= _ASK_AFTER_S:
            self._asked_at = now
            return Remedy.KEYFRAME
        return Remedy.NONE
