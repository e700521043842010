"""Validation during a run: frames made once, and the score of a network on them, by degradation."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from torch import nn

from acutance.model.memory.call_memory import CallMemory
from acutance.model.nets.student import Student, fold, sharpen
from acutance.model.nets.teacher import Teacher
from acutance.training.data.frame_source import FrameSource
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma
from acutance.training.degradation.degrade import Degradation, DegradedFrame
from acutance.training.recipes.sections import ValidationSection
from acutance.training.validation.frames import drop_frames, validation_frames, validation_items
from acutance.training.validation.scores import HarmBound, Score, checkpoint_score
from acutance.training.validation.stretches import Stretch


class Validation:
    """Frames made once from the validation split, and the scores of networks on them.

    Args:
        source: The training set; its validation split is used.
        section: Degradations, measure, bound on harm, largest frame, and number of pictures and clips.
        progress: Called with the numbers of finished and of all degradations.
        each_side: Number of frames before and after that a privileged teacher sees.

    Raises:
        DataError: The validation split is empty, or a codec failed.

    Attributes:
        stretches: The evaluated frames of each picture and clip, by the name of the degradation.
    """

    def __init__(
        self,
        source: FrameSource,
        section: ValidationSection,
        progress: Callable[[int, int], None] = lambda done, total: None,
        each_side: int = 0,
    ) -> None:
        perceived = section.score != "psnr"
        items = validation_items(source, section.pictures, clips_first=perceived or section.drop)
        if section.drop:
            items = [item for item in items if item.frames > 1]
        if not items:
            raise DataError("the training set has no validation pictures: prepare it with --val or --val-share")
        length = section.stretch if perceived else 0
        self._bound = HarmBound(section.harm, section.harmed)
        self.stretches: dict[str, list[Stretch]] = {}
        for index, name in enumerate(section.degradations):
            how = Degradation.parse(name)
            self.stretches[name] = [
                Stretch(
                    item.name,
                    tuple(
                        drop_frames(source, item, how, section.frame, [CallMemory(aligned=True)], section.student)[0]
                        if section.drop
                        else validation_frames(source, item, how, section.frame, seed, length, each_side)
                    ),
                    section.score,
                )
                for seed, item in enumerate(items)
            ]
            progress(index + 1, len(section.degradations))

    def evaluate(self, network: nn.Module) -> dict[str, Score]:
        """Score a network, in evaluation mode, on every degradation."""
        if isinstance(network, Student):
            network = fold(network)
        return {
            name: Score(tuple(one.score(lambda degraded: restored(network, degraded)) for one in stretches))
            for name, stretches in self.stretches.items()
        }

    def value(self, scores: Mapping[str, Score]) -> float:
        """The score to choose a checkpoint by, see `checkpoint_score`."""
        return checkpoint_score(scores, self._bound)


def sharpened(network: nn.Module, degraded: DegradedFrame) -> Luma:
    """Sharpen a frame by a network in evaluation mode, on the network's device; returns uint8 `[H, W]`."""
    return restored(network, degraded).luma


def restored(network: nn.Module, degraded: DegradedFrame) -> DegradedFrame:
    """Return a frame sharpened by a network in evaluation mode, on the network's device; chroma too, with colour."""
    chroma = degraded.chroma and degraded.chroma.copy()
    # Only a privileged teacher takes frames around the one in question.
    each_side = network.shape.neighbours if isinstance(network, Teacher) else 0
    middle = len(degraded.around) // 2
    around = degraded.around[middle - each_side : middle + each_side]
    luma = sharpen(network, degraded.luma, degraded.hints, degraded.planes, chroma, around)
    return replace(degraded, luma=luma, chroma=chroma)
