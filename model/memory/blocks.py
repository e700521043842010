"""Blocks of 16 by 16 pixels, for which the plate keeps the quality at which they were seen."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.quality import coarseness
from acutance.model.memory.reduced import CELL
from acutance.model.planes import Plane

BLOCK = 16
"""Side in pixels: one macroblock of H.264 and VP8."""
_CELLS = BLOCK // CELL

type Mask = NDArray[np.bool_]
"""One value for each block, bool `[ceil(H / 16), ceil(W / 16)]`."""


@dataclass
class BlockQuality:
    """The quality at which each block was seen; float32 and int32 arrays of the shape of a `Mask`.

    Attributes:
        step: Quantiser step in grey levels.
        bits: Mean bits per coded pixel.
        reduction: Width of the call divided by the sent width.
        seen: Number of the frame in which the block was seen, from 0; -1 if it was never seen.
        contradicted: Number of consecutive frames since then that showed other content there.
        coarseness: See `acutance.model.memory.quality.coarseness`; infinite if it was never seen.
    """

    step: NDArray[np.float32]
    bits: NDArray[np.float32]
    reduction: NDArray[np.float32]
    seen: NDArray[np.int32]
    contradicted: NDArray[np.int32]
    coarseness: NDArray[np.float32]

    @classmethod
    def unseen(cls, shape: tuple[int, ...]) -> "BlockQuality":
        """Return the record of a frame, `[H, W]`, of which nothing was seen."""
        grid = tuple(-(-side // BLOCK) for side in shape)
        step, bits, reduction = (np.zeros(grid, np.float32) for _ in range(3))
        seen, contradicted = np.full(grid, -1, np.int32), np.zeros(grid, np.int32)
        return cls(step, bits, reduction, seen, contradicted, np.full(grid, np.inf, np.float32))

    def record(self, mask: Mask, hints: Hints, number: int) -> None:
        """Note that the blocks of `mask` were seen in frame `number` with the quality of `hints`."""
        self.step[mask], self.bits[mask], self.reduction[mask] = hints.step, hints.bits, hints.reduction
        self.seen[mask], self.contradicted[mask], self.coarseness[mask] = number, 0, coarseness(hints)

    def forget(self, mask: Mask) -> None:
        """Note that the blocks of `mask` hold nothing."""
        self.record(mask, UNCODED, -1)
        self.coarseness[mask] = np.inf

    def shifted(self, right: int, down: int) -> "BlockQuality":
        """Return the record after the content has moved by whole pixels.

        A block then holds parts of up to four; it gets the record of the coarsest. Blocks from outside are unseen.
        """
        moved = [
            self._moved(columns, rows)
            for columns in {right // BLOCK, -(-right // BLOCK)}
            for rows in {down // BLOCK, -(-down // BLOCK)}
        ]
        coarsest = moved[0]
        for other in moved[1:]:
            mask = other.coarseness > coarsest.coarseness
            for name, array in vars(coarsest).items():
                array[mask] = getattr(other, name)[mask]
        return coarsest

    def _moved(self, columns: int, rows: int) -> "BlockQuality":
        """Return the record moved by whole blocks."""
        height, width = self.seen.shape
        moved = BlockQuality.unseen((height * BLOCK, width * BLOCK))
        target = slice(max(rows, 0), height + min(rows, 0)), slice(max(columns, 0), width + min(columns, 0))
        source = slice(max(-rows, 0), height - max(rows, 0)), slice(max(-columns, 0), width - max(columns, 0))
        for name, array in vars(self).items():
            getattr(moved, name)[target] = array[source]
        return moved

    @property
    def bytes(self) -> int:
        """Size in memory."""
        return sum(array.nbytes for array in vars(self).values())


def worst(cells: Plane) -> Plane:
    """Return the largest value of each block of a map of the quarter grid, uint8, of the shape of a `Mask`."""
    rows, columns = (-(-side // _CELLS) for side in cells.shape)
    padded = cv2.copyMakeBorder(
        cells, 0, rows * _CELLS - cells.shape[0], 0, columns * _CELLS - cells.shape[1], cv2.BORDER_REPLICATE
    )
    tall = padded.reshape(rows, _CELLS, columns * _CELLS).max(axis=1)
    largest = tall.reshape(rows, columns, _CELLS).max(axis=2)
    return largest.astype(np.uint8, copy=False)


def pixels(mask: Mask, shape: tuple[int, ...]) -> Plane:
    """Return the pixels of the blocks of `mask` as 255 and the others as 0, uint8 of `shape`."""
    return _repeated(mask, BLOCK, shape)


def cells(mask: Mask, shape: tuple[int, ...]) -> Plane:
    """Return the cells of the quarter grid in the blocks of `mask` as 255 and the others as 0, uint8 of `shape`."""
    return _repeated(mask, _CELLS, shape)


def _repeated(mask: Mask, side: int, shape: tuple[int, ...]) -> Plane:
    rows, columns = mask.shape
    full = cv2.resize(
        mask.astype(np.uint8) * np.uint8(255), (columns * side, rows * side), interpolation=cv2.INTER_NEAREST
    )
    return full[: shape[0], : shape[1]].astype(np.uint8, copy=False)
