"""Batches: the crops of each step, independent of the number of processes and of interruptions."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from acutance.model.hints import COUNT
from acutance.training.pairs.pairs import Pairs


@dataclass(frozen=True)
class Batch:
    """Float tensors in 0..1: luma `[B, 1, crop, crop]` (degraded, true, and a label by a teacher), hints `[B, 4]`.

    `plate` holds the planes of a plate, `[B, 2, crop, crop]`, or None where the pairs have none; `chroma` and
    `true_chroma` hold U and V, `[B, 2, crop / 2, crop / 2]`, `around` the degraded luma of the frames before and after,
    `[B, 2 n, crop, crop]`, or None likewise.
    """

    degraded: Tensor
    truth: Tensor
    hints: Tensor
    label: Tensor | None
    plate: Tensor | None = None
    chroma: Tensor | None = None
    true_chroma: Tensor | None = None
    around: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The batch on another device."""
        if device.type == "cpu":
            return self
        degraded, truth, hints = (t.to(device, non_blocking=True) for t in (self.degraded, self.truth, self.hints))
        rest = (
            None if t is None else t.to(device, non_blocking=True)
            for t in (self.label, self.plate, self.chroma, self.true_chroma, self.around)
        )
        return Batch(degraded, truth, hints, *rest)

    def inside(self, border: int) -> "Batch":
        """The batch without `border` pixels, an even number, at each edge of luma, and without frames around it."""
        degraded, truth = (without_border(t, border) for t in (self.degraded, self.truth))
        label, plate = (None if t is None else without_border(t, border) for t in (self.label, self.plate))
        colours = (None if t is None else without_border(t, border // 2) for t in (self.chroma, self.true_chroma))
        return Batch(degraded, truth, self.hints, label, plate, *colours)


def without_border(tensor: Tensor, border: int) -> Tensor:
    """Cut `border` places off both ends of the last two dimensions."""
    return tensor[..., border : tensor.shape[-2] - border, border : tensor.shape[-1] - border]


class Batches:
    """Random crops in one of eight orientations; every epoch uses all pairs once, in another order.

    Args:
        pairs: The pairs.
        labels: uint8 `[K, P, P]`, the output of a teacher for every pair, or None.
        batch: Pairs per step, over all processes.
        crop: Side of a crop in pixels.
        margin: Pixels at the edge of a patch that no crop contains; even.
        seed: Equal seeds give equal batches.
        rank: Number of this process, from 0.
        ranks: Number of processes; each gets its part of every batch.
    """

    def __init__(
        self,
        pairs: Pairs,
        labels: NDArray[np.uint8] | None,
        *,
        batch: int,
        crop: int,
        margin: int,
        seed: int,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self._pairs, self._labels = pairs, labels
        self._batch, self._crop, self._margin, self._seed = batch, crop, margin, seed
        self._mine = slice(rank * batch // ranks, (rank + 1) * batch // ranks)
        self._room = (pairs.patches.shape[-1] - crop - 2 * margin) // 2 + 1
        self._orders: dict[int, NDArray[np.int64]] = {}

    def draw(self, step: int) -> Batch:
        """The part of this process in the batch of step number `step`, from 0."""
        numbers = range(step * self._batch, (step + 1) * self._batch)
        # Drawn for the whole batch, so that it does not depend on the number of processes; and from the number of the
        # step, so that a run can continue without knowing its earlier draws.
        rng = np.random.default_rng([self._seed, 0xBA7C4, step])
        corners = 2 * rng.integers(self._room, size=(self._batch, 2)) + self._margin
        turns = rng.integers(8, size=self._batch)
        made = self._pairs.patches.shape[1]
        planes = made + (self._labels is not None)
        count = self._mine.stop - self._mine.start
        pixels = np.empty((planes, count, self._crop, self._crop), np.uint8)
        codes = np.empty((count, COUNT), np.uint8)
        chroma = None
        if self._pairs.chroma is not None:
            chroma = np.empty((2, count, 2, self._crop // 2, self._crop // 2), np.uint8)
        around = None
        if self._pairs.around is not None:
            around = np.empty((count, self._pairs.around.shape[1], self._crop, self._crop), np.uint8)
        for slot, number in enumerate(numbers[self._mine]):
            index = self._index(number)
            (top, left), turn = corners[self._mine.start + slot].tolist(), int(turns[self._mine.start + slot])
            window = (slice(top, top + self._crop), slice(left, left + self._crop))
            codes[slot] = self._pairs.hints[index]
            pixels[:made, slot] = _turned(self._pairs.patches[index][:, *window], turn)
            if self._labels is not None:
                pixels[made, slot] = _turned(self._labels[index][None, *window], turn)[0]
            if around is not None and self._pairs.around is not None:
                around[slot] = _turned(self._pairs.around[index][:, *window], turn)
            if chroma is not None and self._pairs.chroma is not None:
                half = (slice(top // 2, (top + self._crop) // 2), slice(left // 2, (left + self._crop) // 2))
                for which, planes_of_pair in enumerate(self._pairs.chroma[index][:, :, *half]):
                    chroma[which, slot] = _turned(planes_of_pair, turn)
        luma = torch.from_numpy(pixels).float().div_(255)[:, :, None]
        hints = torch.from_numpy(codes).float().div_(255)
        plate = luma[2:4, :, 0].transpose(0, 1) if made > 2 else None
        label = luma[made] if planes > made else None
        degraded_chroma, true_chroma = (None, None) if chroma is None else torch.from_numpy(chroma).float().div_(255)
        frames = None if around is None else torch.from_numpy(around).float().div_(255)
        return Batch(luma[0], luma[1], hints, label, plate, degraded_chroma, true_chroma, frames)

    def _index(self, number: int) -> int:
        epoch, place = divmod(number, len(self._pairs))
        if epoch not in self._orders:
            self._orders = {e: order for e, order in self._orders.items() if e == epoch - 1}
            self._orders[epoch] = np.random.default_rng([self._seed, 0xE90C4, epoch]).permutation(len(self._pairs))
        return int(self._orders[epoch][place])


def _turned(crop: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """One of the eight flips and rotations of `[N, P, P]`."""
    if orientation & 1:
        crop = crop[:, ::-1]
    if orientation & 2:
        crop = crop[:, :, ::-1]
    return crop.transpose(0, 2, 1) if orientation & 4 else crop
