"""What a run is judged by while it goes on: PSNR gained over the input, by degradation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from acutance.model.nets.student import Student, as_codes, fold
from acutance.training.data.dataset import Item, TrainingSet
from acutance.training.data.motion import middle_clip
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes, as_array
from acutance.training.degradation.degrade import Degradation, Spoiled, degrade
from acutance.training.metrics.psnr_ssim import psnr
from acutance.training.recipes.sections import ValidationSection

Luma = NDArray[np.uint8]

IDENTITY = "identity"
IDENTITY_GOAL = 45.0
"""dB that an untouched picture must keep: beyond it nobody sees a difference (research notes, section 5)."""
_LOSS_WEIGHT = 3.0
"""A dB lost counts as three gained: holding back on a good picture comes first."""

_CLIP_FRAMES = 8


@dataclass(frozen=True)
class Score:
    """Mean PSNR over the pictures of one degradation, in dB: as it came and as the network returns it."""

    before: float
    after: float


@dataclass(frozen=True)
class Judged:
    """One frame that is judged: what is known of it, and the true luma uint8 `[H, W]`."""

    name: str
    spoiled: Spoiled
    truth: Luma


class Validation:
    """Frames made once from the validation split, and the judgement of a network on them.

    Args:
        source: A picture is judged by a clip from its middle, the same at every run; a clip by its own frames.
        section: Degradations, sizes, how many.
        progress: Called with degradations done and in all.

    Raises:
        DataError: There is nothing to judge by, or a codec failed.

    Attributes:
        frames: By the name of the degradation.
    """

    def __init__(
        self,
        source: TrainingSet,
        section: ValidationSection,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        items = _chosen(source.split("val"), section.pictures)
        if not items:
            raise DataError(f"{source.folder} has no validation pictures: prepare it with --val or --val-share")
        self.frames: dict[str, list[Judged]] = {}
        for index, name in enumerate(section.degradations):
            how = Degradation.parse(name)
            self.frames[name] = [_judged(source, item, how, section.frame, seed) for seed, item in enumerate(items)]
            progress(index + 1, len(section.degradations))

    def judge(self, network: nn.Module) -> dict[str, Score]:
        """Score a network, in evaluation mode, on every degradation."""
        if isinstance(network, Student):
            network = fold(network)
        return {
            name: Score(
                # An untouched input has no error; it is written as 99 dB so that tables stay finite.
                before=float(np.mean([min(psnr(one.spoiled.luma, one.truth), 99.0) for one in frames])),
                after=float(np.mean([min(psnr(sharpened(network, one.spoiled), one.truth), 99.0) for one in frames])),
            )
            for name, frames in self.frames.items()
        }


def sharpened(network: nn.Module, spoiled: Spoiled) -> Luma:
    """What a network, in evaluation mode and on any device, makes of a frame: uint8 `[H, W]`."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        luma = torch.from_numpy(spoiled.luma).to(device)[None, None].float() / 255
        output = network(luma, as_codes(spoiled.hints).to(device))[0, 0]
    result: Luma = (output.float() * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return result


def worth(scores: Mapping[str, Score]) -> float:
    """One number to choose a checkpoint by: the mean gain in dB, losses weighing three times.

    The identity gains nothing; below 45 dB, what is missing counts as a loss.
    """
    gains = [
        min(score.after - IDENTITY_GOAL, 0.0) if name == IDENTITY else score.after - score.before
        for name, score in scores.items()
    ]
    return float(np.mean([gain if gain >= 0 else _LOSS_WEIGHT * gain for gain in gains]))


def _chosen(items: Sequence[Item], most: int) -> list[Item]:
    """Up to `most` items, by categories in turn; of every clip one stretch."""
    rows: dict[str, list[Item]] = {}
    clips: set[str] = set()
    for item in items:
        clip = item.name.partition("#")[0]
        if item.frames > 1 and clip in clips:
            continue
        clips.add(clip)
        rows.setdefault(item.category, []).append(item)

    def in_turn() -> Iterator[Item]:
        for place in range(max(map(len, rows.values()), default=0)):
            yield from (row[place] for row in rows.values() if place < len(row))

    chosen = list(in_turn())
    return chosen[:most] if most else chosen


def _judged(source: TrainingSet, item: Item, how: Degradation, frame: tuple[int, int], seed: int) -> Judged:
    if item.frames > 1:
        count = min(item.frames, _CLIP_FRAMES) if how.codec else 1
        clip = [_middle(source.planes(item, index), frame) for index in range(item.frames - count, item.frames)]
    else:
        clip = middle_clip(source.planes(item), frame, _CLIP_FRAMES if how.codec else 1, seed)
    return Judged(item.name, degrade(clip, how), as_array(clip[-1].y))


def _middle(planes: Planes, wanted: tuple[int, int]) -> Planes:
    width, height = (min(want, have) // 2 * 2 for want, have in zip(wanted, planes.size, strict=True))
    left, top = ((have - size) // 4 * 2 for have, size in zip(planes.size, (width, height), strict=True))
    return planes.crop(left, top, width, height)
