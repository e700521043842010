"""Decides when to request a keyframe or a restart of the sender, if packets arrive but no frame can be decoded."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from time import monotonic

from acutance.server.rtc.aiortc_private.receiver import FrameFeed

_PERIOD_S = 0.25
# The assembler requests a keyframe at once; the first limit is for a lost request. After the second one the sender will
# not recover by itself.
_ASK_AFTER_S, _RESTART_AFTER_S = 0.5, 3.0
# Longer silence is a fault of the network, not of the sender: a message would arrive only after it has recovered.
_SILENCE_S = 1.0


class Remedy(Enum):
    """Action that may restore the video."""

    NONE = auto()
    KEYFRAME = auto()
    RESTART = auto()
    """The sender must be restarted; returned after every three seconds without a frame."""


@dataclass
class Watchdog:
    """Compares the number of packets with the number of decoded frames. Times are in seconds, on the caller's clock."""

    _packets: int = 0
    _frames: int = 0
    _heard_at: float = float("-inf")
    _stuck_since: float | None = None
    _asked_at: float = float("-inf")

    def note(self, now: float, packets: int, frames: int) -> Remedy:
        """Take the total numbers of packets and decoded frames; return the action to take."""
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


async def watch_frames(
    feed: FrameFeed,
    frames: Callable[[], int],
    on_stuck: Callable[[], object],
    clock: Callable[[], float] = monotonic,
) -> None:
    """Watch a video and take the actions of a watchdog, until cancelled.

    Args:
        feed: the feed of the video, which requests keyframes.
        frames: returns the number of frames decoded so far.
        on_stuck: called when the sender must be restarted.
        clock: monotonic time in seconds.
    """
    watchdog = Watchdog()
    while True:
        await asyncio.sleep(_PERIOD_S)
        remedy = watchdog.note(clock(), feed.assembler.packets, frames())
        if remedy is Remedy.KEYFRAME:
            await feed.ask_for_keyframe()
        elif remedy is Remedy.RESTART:
            on_stuck()
