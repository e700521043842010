"""What a fit is judged by while it runs: PSNR gained over the input, by degradation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.nets.student import Student, fold, sharpen
from training.data import PictureFile, as_array, read_planes
from training.degrade import Degradation, Spoiled, degrade
from training.motion import middle_clip
from training.quality import psnr

Luma = NDArray[np.uint8]

IDENTITY = "identity"
IDENTITY_GOAL = 45.0
"""dB that an untouched picture must keep: beyond it nobody sees a difference (research notes, section 5)."""
_LOSS_WEIGHT = 3.0
"""A dB lost counts as three gained: holding back on a good picture comes first."""

_CLIP_FRAMES = 8


@dataclass(frozen=True)
class Score:
    """Mean PSNR over the pictures of one degradation, in dB: as it came and as the student returns it."""

    before: float
    after: float


class Validation:
    """Clips made once from validation pictures, and the judgement of a student on them.

    Args:
        pictures: Each is judged by a clip from its middle, the same at every run.
        names: Degradations, see `training.degrade`.
        frame: The largest frame, width and height.
        progress: Called with degradations done and in all.

    Raises:
        DataError: A picture or a codec failed.
    """

    def __init__(
        self,
        pictures: Sequence[PictureFile],
        names: Sequence[str],
        frame: tuple[int, int],
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._frames: dict[str, list[tuple[Spoiled, Luma]]] = {}
        for index, name in enumerate(names):
            how = Degradation.parse(name)
            self._frames[name] = [_pair(p, how, frame, seed) for seed, p in enumerate(pictures)]
            progress(index + 1, len(names))

    def judge(self, student: Student) -> dict[str, Score]:
        """Score a student on every degradation."""
        folded = fold(student)
        return {
            name: Score(
                # An untouched input has no error; it is written as 99 dB so that tables stay finite.
                before=float(np.mean([min(psnr(s.luma, truth), 99.0) for s, truth in frames])),
                after=float(np.mean([min(psnr(sharpen(folded, s.luma, s.hints), truth), 99.0) for s, truth in frames])),
            )
            for name, frames in self._frames.items()
        }


def _pair(picture: PictureFile, how: Degradation, frame: tuple[int, int], seed: int) -> tuple[Spoiled, Luma]:
    clip = middle_clip(read_planes(picture.path), frame, _CLIP_FRAMES if how.codec else 1, seed)
    return degrade(clip, how), as_array(clip[-1].y)


def worth(scores: Mapping[str, Score]) -> float:
    """One number to choose a checkpoint by: the mean gain in dB, losses weighing three times.

    The identity gains nothing; below 45 dB, what is missing counts as a loss.
    """
    gains = [
        min(score.after - IDENTITY_GOAL, 0.0) if name == IDENTITY else score.after - score.before
        for name, score in scores.items()
    ]
    return float(np.mean([gain if gain >= 0 else _LOSS_WEIGHT * gain for gain in gains]))
