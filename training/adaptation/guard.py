"""The guard of a student that takes a plate: drawn scenes in which it must not show old content as new."""

from collections.abc import Sequence

from torch import nn

from acutance.training.evaluation.memory.changes import changed_things
from acutance.training.evaluation.memory.integrity import Prepared, prepare
from acutance.training.run.validation import sharpened

SETTINGS = ("shrunk2-h264-0.02", "shrunk2-vp8-0.05", "h264-0.02")
"""A quarter of the settings of the whole test, see `acutance.training.evaluation.memory.integrity`."""


class Guard:
    """Counts the places at which a student shows old content; the scenes are degraded once, in about ten seconds.

    Args:
        settings: Degradations after the change.
    """

    def __init__(self, settings: Sequence[str] = SETTINGS) -> None:
        self._scenes: list[Prepared] = [
            prepare(thing, setting, aligned=True) for thing in changed_things() for setting in settings
        ]

    def old(self, network: nn.Module) -> int:
        """Return the number of places, see `acutance.training.evaluation.memory.integrity.Integrity.old`.

        Args:
            network: A student that takes a plate, in evaluation mode.
        """
        return sum(scene.measure(lambda frame: sharpened(network, frame)).old for scene in self._scenes)
