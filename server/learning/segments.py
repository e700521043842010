"""Gathers segments of good frames from a call: consecutive frames of one rectangle."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from av import VideoFrame

from acutance.model.hints import Hints
from acutance.model.learning.messages import Message, frames_message
from acutance.model.planes import Plane, Size
from acutance.server.frames.planes import FORMATS, plane_view

FRAMES = 36
"""Frames of a segment: rate control needs some of them to settle."""
LARGEST = (512, 320)
"""Largest width and height of the cut rectangle in pixels: a segment of it has 9 MB."""
SMALLEST = 128
"""Smallest side of a frame that is gathered."""
GOOD_STEP = 14.0
"""Largest quantiser step in grey levels of a good frame: H.264 at QP 27, as at 0.1 to 0.2 bits per pixel."""
_PAUSE_S = 3.0
"""Seconds between two segments: a call changes slowly, and each segment is coded several times by the process."""
_LATE_S = 0.5
"""Frames that are farther apart are not consecutive."""
_ASIDE_EVERY, _FIRST_ASIDE = 4, 2
"""Which segments are kept aside: the third, and every fourth after it."""


@dataclass(frozen=True)
class _Cut:
    size: Size
    left: int
    top: int
    width: int
    height: int


@dataclass
class Gatherer:
    """Gathers segments of one call. For one thread; `offer` takes 0.1 ms at most.

    Args:
        draw: Draws the order of the rectangles.
        clock: In seconds.

    Attributes:
        segments: Number of complete segments.
    """

    draw: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = monotonic
    segments: int = 0
    _cut: _Cut | None = None
    _waiting: list[_Cut] = field(default_factory=list)
    _frames: list[bytes] = field(default_factory=list)
    _last: float = 0.0
    _pause_until: float = 0.0

    def offer(self, frame: VideoFrame, hints: Hints, size: Size) -> Message | None:
        """Take the next decoded frame of the call.

        Args:
            frame: The frame.
            hints: Its hints; the step is used.
            size: Width and height of the returned video: a smaller frame was reduced by the sender.

        Returns:
            The message with a segment that this frame completes.
        """
        now = self.clock()
        if now < self._pause_until:
            return None
        if not _is_good(frame, hints, size):
            self.restart()
            return None
        if self._cut is None or self._cut.size != size or now - self._last > _LATE_S:
            self.restart()
            self._cut = self._next(size)
        self._last = now
        self._frames.append(_pixels(frame, self._cut))
        if len(self._frames) < FRAMES:
            return None
        extent, payload = (self._cut.width, self._cut.height), b"".join(self._frames)
        aside = self.segments % _ASIDE_EVERY == _FIRST_ASIDE
        self.segments += 1
        self.restart()
        self._pause_until = now + _PAUSE_S
        return frames_message(extent, FRAMES, payload, aside=aside)

    def restart(self) -> None:
        """Drop the frames of an incomplete segment."""
        self._frames.clear()
        self._cut = None

    def _next(self, size: Size) -> _Cut:
        """Return the next rectangle: all parts of the picture take turns, or what was not learned would get worse."""
        if not self._waiting or self._waiting[0].size != size:
            self._waiting = list(_rectangles(size))
            self.draw.shuffle(self._waiting)
        return self._waiting.pop()


def _rectangles(size: Size) -> Iterator[_Cut]:
    """Yield rectangles that cover the picture, with even numbers because chroma has half the size."""
    whole = tuple(side // 2 * 2 for side in size)
    width, height = (min(most, have) for most, have in zip(LARGEST, whole, strict=True))
    columns, rows = (-(-have // extent) for have, extent in zip(whole, (width, height), strict=True))
    for column in range(columns):
        for row in range(rows):
            left = (whole[0] - width) * column // max(columns - 1, 1) // 2 * 2
            top = (whole[1] - height) * row // max(rows - 1, 1) // 2 * 2
            yield _Cut(size, left, top, width, height)


def _is_good(frame: VideoFrame, hints: Hints, size: Size) -> bool:
    whole = (frame.width, frame.height) == size and frame.format.name in FORMATS
    return whole and min(size) >= SMALLEST and 0 < hints.step <= GOOD_STEP


def _pixels(frame: VideoFrame, cut: _Cut) -> bytes:
    """Return the planes of the rectangle, luma first."""
    luma, *chroma = (plane_view(frame, index) for index in range(3))
    parts: list[Plane] = [luma[cut.top : cut.top + cut.height, cut.left : cut.left + cut.width]]
    rows, columns = slice(cut.top // 2, (cut.top + cut.height) // 2), slice(cut.left // 2, (cut.left + cut.width) // 2)
    parts += [plane[rows, columns] for plane in chroma]
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)
