"""Where frames come from: a prepared set on disk, or a call in memory."""

from typing import Protocol

from acutance.training.data.dataset import Item, Split
from acutance.training.data.planes import Luma, Planes


class FrameSource(Protocol):
    """Items with frames, see `acutance.training.data.dataset.TrainingSet`."""

    def split(self, which: Split) -> list[Item]:
        """The items of a split."""

    def luma(self, item: Item, frame: int = 0) -> Luma:
        """The luma of a frame, uint8 `[H, W]`."""

    def planes(self, item: Item, frame: int = 0) -> Planes:
        """The planes of a frame, with chroma of half the size."""
