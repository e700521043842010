"""Validation during a run: frames made once, and the score of a network on them, by degradation."""

from collections.abc import Callable

import torch
from torch import nn

from acutance.model.nets.half_grid import as_codes
from acutance.model.nets.student import Student, fold
from acutance.training.data.dataset import TrainingSet
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma
from acutance.training.degradation.degrade import Degradation, DegradedFrame
from acutance.training.recipes.sections import ValidationSection
from acutance.training.validation.frames import ValidationFrame, validation_frames, validation_items
from acutance.training.validation.scores import Score, score


class Validation:
    """Frames made once from the validation split, and the scores of networks on them.

    Args:
        source: The training set; its validation split is used.
        section: Degradations, largest frame, and number of pictures and clips.
        progress: Called with the numbers of finished and of all degradations.

    Raises:
        DataError: The validation split is empty, or a codec failed.

    Attributes:
        frames: Frames by the name of the degradation.
    """

    def __init__(
        self,
        source: TrainingSet,
        section: ValidationSection,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        items = validation_items(source, section.pictures)
        if not items:
            raise DataError(f"{source.folder} has no validation pictures: prepare it with --val or --val-share")
        self.frames: dict[str, list[ValidationFrame]] = {}
        for index, name in enumerate(section.degradations):
            how = Degradation.parse(name)
            self.frames[name] = [
                frame
                for seed, item in enumerate(items)
                for frame in validation_frames(source, item, how, section.frame, seed)
            ]
            progress(index + 1, len(section.degradations))

    def evaluate(self, network: nn.Module) -> dict[str, Score]:
        """Score a network, in evaluation mode, on every degradation."""
        if isinstance(network, Student):
            network = fold(network)
        return {
            name: score(frames, lambda degraded: sharpened(network, degraded)) for name, frames in self.frames.items()
        }


def sharpened(network: nn.Module, degraded: DegradedFrame) -> Luma:
    """Sharpen a frame by a network in evaluation mode, on the network's device; returns uint8 `[H, W]`."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        luma = torch.from_numpy(degraded.luma).to(device)[None, None].float() / 255
        output = network(luma, as_codes(degraded.hints).to(device))[0, 0]
    result: Luma = (output.float() * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return result
