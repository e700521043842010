"""The plate: luma seen earlier in the call, kept by blocks with the quality at which each was seen."""

from dataclasses import dataclass, field, replace
from enum import Enum, auto

import cv2
import numpy as np

from acutance.model.memory.blocks import BlockQuality, Mask, cells, pixels, worst
from acutance.model.memory.camera import CUT, MOVED, find_move, moved
from acutance.model.memory.observed import Observed
from acutance.model.memory.quality import ABOUT_EQUAL, COMPARABLE
from acutance.model.memory.reduced import Reduced, difference
from acutance.model.planes import Plane

PATIENCE = 300
"""Coarse frames in a row that must contradict a block before it is replaced: 10 s. Until then a hand has passed, and a
head that has moved still fits where the plate is aligned to it."""


PAUSE = 4
"""Frames without a search for a move of the camera after one in vain: it takes as long as all the rest here, and a slow
move can wait."""


class Change(Enum):
    """What a frame has done to the plate."""

    RENEWED = auto()
    """The whole frame replaced it."""
    UPDATED = auto()
    """Some blocks, or none, were replaced."""
    MOVED = auto()
    """It was shifted, because the camera has moved, and then updated."""
    CUT = auto()
    """It was dropped, because the scene is another one; the frame replaced it."""


@dataclass
class Plate:
    """The plate of one call at one size. Deterministic: equal frames and hints give equal plates.

    Attributes:
        luma: uint8 `[H, W]`.
        quality: The quality of each block.
        frames: Number of frames that were observed.
    """

    luma: Plane
    quality: BlockQuality
    frames: int = 0
    _reduced: Reduced | None = field(default=None, repr=False)
    _waits: int = field(default=0, repr=False)  # frames before the next search for a move
    _previous: Plane | None = field(default=None, repr=False)  # low pass of the frame before; None if the plate is it

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> "Plate":
        """Return a plate for frames of `[H, W]` that holds nothing; both sides are at least 16."""
        return cls(np.zeros(shape, np.uint8), BlockQuality.unseen(shape))

    @classmethod
    def seen(cls, frame: Observed) -> "Plate":
        """Return a plate that holds one frame."""
        plate = cls.empty(frame.luma.shape)
        plate.observe(frame)
        return plate

    @property
    def reduced(self) -> Reduced:
        """The plate on the quarter grid."""
        if self._reduced is None:
            self._reduced = Reduced.of_luma(self.luma)
        return self._reduced

    @property
    def bytes(self) -> int:
        """Size in memory."""
        return self.luma.nbytes + self.reduced.bytes + self.quality.bytes

    def better(self, coarseness: float) -> Mask:
        """Return the blocks that were seen at most this coarsely, see `acutance.model.memory.quality.coarseness`."""
        mask: Mask = self.quality.coarseness <= np.float32(coarseness)
        return mask

    def observe(self, frame: Observed) -> Change:
        """Take the next decoded frame of the call.

        A block is replaced by one that was seen about as well or better; by one that was seen up to twice as coarsely
        if it shows other content; and by any one after other content was there for `PATIENCE` frames. A cut is sudden:
        the frame differs from the one before too. A camera in a hand moves as far, but slowly.
        """
        number, self.frames = self.frames, self.frames + 1
        # On a good connection nearly every frame ends here: no block was seen clearly better.
        if not self.better(frame.coarseness / ABOUT_EQUAL).any():
            self._take_all(frame, number)
            return Change.RENEWED
        previous = self.reduced.low if self._previous is None else self._previous
        self._previous = frame.reduced.low
        change, other = Change.UPDATED, self._contradicted(frame)
        if other.mean() > MOVED and self._looks_for_move(previous, frame):
            move = find_move(self.luma, self.reduced.low, frame)
            if move is None:
                self._waits = PAUSE
            else:
                self._shift(*move)
                change, other = Change.MOVED, self._contradicted(frame)
        if other.mean() > CUT and change is not Change.MOVED and self._differs(previous, frame).mean() > CUT:
            self._take_all(frame, number)
            return Change.CUT
        quality = self.quality
        quality.contradicted[other] += 1
        quality.contradicted[~other] = 0
        replaced = self._at_least(frame.coarseness / ABOUT_EQUAL)
        replaced |= other & (self._at_least(frame.coarseness / COMPARABLE) | (quality.contradicted >= PATIENCE))
        if replaced.any():
            self._take(replaced, frame, number)
        return change

    def _looks_for_move(self, previous: Plane, frame: Observed) -> bool:
        """Return whether a move of the camera is searched: not soon after one was searched in vain, unless suddenly."""
        if self._waits > 0:
            self._waits -= 1
            return bool(self._differs(previous, frame).mean() > MOVED)
        return True

    def _contradicted(self, frame: Observed) -> Mask:
        return self._differs(self.reduced.low, frame) & (self.quality.seen >= 0)

    def _differs(self, low: Plane, frame: Observed) -> Mask:
        mask: Mask = worst(difference(low, frame.reduced.low)) > frame.tolerance
        return mask

    def _at_least(self, coarseness: float) -> Mask:
        mask: Mask = self.quality.coarseness >= np.float32(coarseness)
        return mask

    def _take_all(self, frame: Observed, number: int) -> None:
        self.luma[:] = frame.luma
        self._reduced = self._previous = None
        self.quality.record(np.ones(self.quality.seen.shape, np.bool_), frame.hints, number)

    def _take(self, mask: Mask, frame: Observed, number: int) -> None:
        cv2.copyTo(frame.luma, pixels(mask, self.luma.shape), self.luma)
        mine, new = self.reduced, frame.reduced
        covered = cells(mask, mine.low.shape)
        cv2.copyTo(new.half, np.repeat(np.repeat(covered, 2, 0), 2, 1), mine.half)
        for present, kept in ((new.mean, mine.mean), (new.low, mine.low)):
            cv2.copyTo(present, covered, kept)
        self._reduced = replace(mine)  # without the cached detail
        self.quality.record(mask, frame.hints, number)

    def _shift(self, right: int, down: int) -> None:
        self.luma, self._reduced = moved(self.luma, right, down), None
        self.quality = self.quality.shifted(right, down)
