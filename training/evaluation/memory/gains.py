"""What a student gains after a drop of the connection, with and without what is remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from acutance.model.memory.call_memory import CallMemory
from acutance.model.nets.student import Student
from acutance.training.data.dataset import TrainingSet
from acutance.training.degradation.degrade import Degradation
from acutance.training.metrics.psnr_ssim import finite_psnr
from acutance.training.run.validation import sharpened
from acutance.training.validation.frames import drop_frames, validation_items

SETTINGS = ("shrunk2-h264-0.05", "shrunk2-vp8-0.05", "h264-0.02")
"""Degradations after the drop."""
SIZE = (448, 320)
"""Largest width and height of an evaluated frame, cut from the middle."""
NO_PLATE, STILL, ALIGNED = "no plate", "plate as it lies", "plate aligned"
"""What a student gets of the memory."""


@dataclass(frozen=True)
class Gain:
    """PSNR gained by one student on one clip in one setting.

    Attributes:
        student: Name of the student.
        plate: `NO_PLATE`, `STILL` or `ALIGNED`.
        setting: The degradation after the drop.
        clip: Name of the item.
        before: PSNR of what arrives in dB.
        gain: PSNR gained in dB.
    """

    student: str
    plate: str
    setting: str
    clip: str
    before: float
    gain: float


def measure_gains(
    source: TrainingSet, students: Mapping[str, Student], settings: Sequence[str], size: tuple[int, int]
) -> list[Gain]:
    """Measure students on the clips of the validation split, see `drop_frames`.

    Args:
        source: A prepared set.
        students: Networks in evaluation mode, by name; those that take no plate are measured without one only.
        settings: Degradations after the drop, each with a codec.
        size: Largest width and height of a frame, cut from the middle.

    Raises:
        DataError: A codec failed.
    """
    clips = [item for item in validation_items(source) if item.frames > 1]
    gains = []
    for setting in settings:
        how = Degradation.parse(setting)
        for clip in clips:
            still, aligned = drop_frames(source, clip, how, size, [CallMemory(), CallMemory(aligned=True)])
            without = [replace(frame, degraded=replace(frame.degraded, planes=None)) for frame in still]
            before = fmean(frame.psnr for frame in still)
            for name, student in students.items():
                ways = (
                    {NO_PLATE: without, STILL: still, ALIGNED: aligned} if student.shape.plate else {NO_PLATE: without}
                )
                for plate, frames in ways.items():
                    after = fmean(finite_psnr(sharpened(student, one.degraded), one.truth) for one in frames)
                    gains.append(Gain(name, plate, setting, clip.name, before, after - before))
    return gains
