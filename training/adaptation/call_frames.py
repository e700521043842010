"""Frames of a running call, in memory only: segments to learn from, and segments kept aside."""

from collections import deque
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from acutance.training.data.dataset import Item, Split
from acutance.training.data.planes import Luma, Planes


class CallFrames:
    """The last segments of a call, of either kind; see `acutance.training.data.frame_source.FrameSource`.

    Args:
        learned: Most segments to learn from.
        aside: Most segments that are kept aside.
    """

    def __init__(self, learned: int, aside: int) -> None:
        self._kept: dict[Split, deque[Item]] = {"train": deque(maxlen=learned), "val": deque(maxlen=aside)}
        self._frames: dict[str, NDArray[np.uint8]] = {}
        self._number = 0

    def add(self, size: tuple[int, int], frames: NDArray[np.uint8], split: Split) -> Item:
        """Add a segment; the oldest of its kind is dropped if there are too many.

        Args:
            size: Width and height in pixels, both even.
            frames: Planar 4:2:0 of 8 bits, uint8 `[N, W * H * 3 / 2]`.
            split: `train` to learn from, `val` to keep aside.
        """
        item = Item(
            name=f"call/{self._number}#0",
            category="call",
            split=split,
            frames=len(frames),
            width=size[0],
            height=size[1],
            source="call",
            licence="",
            licence_class="",
            note="",
            shard="",
            offset=0,
        )
        self._number += 1
        self._kept[split].append(item)
        self._frames[item.name] = frames
        alive = {one.name for one in chain.from_iterable(self._kept.values())}
        self._frames = {name: kept for name, kept in self._frames.items() if name in alive}
        return item

    def split(self, which: Split) -> list[Item]:
        """The segments of one kind, oldest first."""
        return list(self._kept[which])

    def luma(self, item: Item, frame: int = 0) -> Luma:
        """The luma of a frame, uint8 `[H, W]`."""
        luma: Luma = self._frames[item.name][frame][: item.width * item.height].reshape(item.height, item.width)
        return luma

    def planes(self, item: Item, frame: int = 0) -> Planes:
        """The planes of a frame, with chroma of half the size."""
        size = item.width * item.height
        cb, cr = self._frames[item.name][frame][size:].reshape(2, item.height // 2, item.width // 2)
        return Planes(Image.fromarray(self.luma(item, frame)), Image.fromarray(cb), Image.fromarray(cr))

    @property
    def bytes(self) -> int:
        """Size of all frames in memory."""
        return sum(kept.nbytes for kept in self._frames.values())
