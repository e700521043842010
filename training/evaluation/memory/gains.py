"""What students gain after a drop of the connection, with and without what is remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import cv2
import numpy as np

from acutance.model.memory.call_memory import CallMemory
from acutance.model.memory.plate_planes import SHARES
from acutance.model.nets.student import Student
from acutance.training.data.dataset import TrainingSet
from acutance.training.data.planes import to_8_bits
from acutance.training.degradation.blind import after_student
from acutance.training.degradation.codec import FPS
from acutance.training.degradation.degrade import Degradation
from acutance.training.judge.jod import jod
from acutance.training.judge.video import Video
from acutance.training.metrics.psnr_ssim import finite_psnr
from acutance.training.run.validation import sharpened
from acutance.training.validation.frames import ValidationFrame, drop_frames, validation_items

SETTINGS = ("shrunk2-h264-0.05", "shrunk2-vp8-0.05", "h264-0.02")
"""Degradations after the drop."""
STUDENTS = ("pass", "nano", "small", "base")
"""What sharpens the frames before the student that takes the plate."""
BLIND, STILL, ALIGNED = "without memory", "plate as it lies", "plate aligned"
"""What is added to the output of these students."""
BEST = "best gate"
"""Name of a gate that knows the truth: what no student can exceed."""
_PLACE = 8
"""Side in pixels of the places for which this gate is chosen."""
_TINY = 1e-3
"""Keeps the gate finite where plate and frame are equal."""


@dataclass(frozen=True)
class Gain:
    """PSNR gained on one clip in one setting.

    Attributes:
        student: Name of the student that sharpens the frames.
        memory: `BLIND`, or name of the student that takes the plate, and `STILL` or `ALIGNED`.
        setting: The degradation after the drop.
        clip: Name of the item.
        before: PSNR of what arrives in dB.
        gain: PSNR gained in dB.
        share: Share of the pixels for which something is remembered.
        jod_before: JOD of what arrives; None if it was not measured.
        jod: JOD gained; None if it was not measured.
    """

    student: str
    memory: str
    setting: str
    clip: str
    before: float
    gain: float
    share: float
    jod_before: float | None = None
    jod: float | None = None


def measure_gains(
    source: TrainingSet,
    memories: Mapping[str, Student],
    students: Sequence[str],
    settings: Sequence[str],
    size: tuple[int, int],
    *,
    jods: bool = False,
    last: bool = False,
    best: bool = False,
) -> list[Gain]:
    """Measure what students gain on the clips of the validation split, see `drop_frames`, without and with a memory.

    Args:
        source: A prepared set.
        memories: Students that take a plate, in evaluation mode, by name.
        students: Names of the students that sharpen the frames before, see `acutance.training.degradation.blind`.
        settings: Degradations after the drop, each with a codec.
        size: Largest width and height of a frame, cut from the middle.
        jods: Whether to measure JOD of luma too, over every frame of the evaluated second.
        last: Whether the last second of each clip is evaluated instead of the first one after the drop.
        best: Whether to measure `BEST` too.

    Raises:
        DataError: A codec failed, or there is no such student.
    """
    clips = [item for item in validation_items(source) if item.frames > 1]
    gains = []
    for setting in settings:
        how = Degradation.parse(setting)
        for clip in clips:
            plates = [CallMemory(), CallMemory(aligned=True)]
            still, aligned = drop_frames(source, clip, how, size, plates, every=jods, last=last)
            before = fmean(frame.psnr for frame in still)
            jod_before = _jod(still) if jods else None
            for student in students:
                results = [(BLIND, _sharpened(still, student))]
                for name, network in memories.items():
                    for kind, frames in ((STILL, still), (ALIGNED, aligned)):
                        results.append((f"{name}, {kind}", _sharpened(frames, student, network)))
                if best:
                    results.append((f"{BEST}, {ALIGNED}", [_with_best_gate(frame, student) for frame in aligned]))
                for name, frames in results:
                    after = fmean(finite_psnr(one.degraded.luma, one.truth) for one in frames)
                    share = fmean(one.degraded.planes.share if one.degraded.planes else 0.0 for one in frames)
                    seen = _jod(frames) - jod_before if jod_before is not None else None
                    gains.append(
                        Gain(student, name, setting, clip.name, before, after - before, share, jod_before, seen)
                    )
    return gains


def _sharpened(frames: Sequence[ValidationFrame], student: str, memory: Student | None = None) -> list[ValidationFrame]:
    """Return frames as the student leaves them, and then as the student that takes the plate does."""
    results = []
    for frame in frames:
        degraded = after_student(frame.degraded, student)
        if memory is not None:
            degraded = replace(degraded, luma=sharpened(memory, degraded))
        results.append(replace(frame, degraded=degraded))
    return results


def _with_best_gate(frame: ValidationFrame, student: str) -> ValidationFrame:
    """Return a frame with as much of its plate at each place as minimises the squared error there."""
    degraded = after_student(frame.degraded, student)
    if degraded.planes is None:
        return replace(frame, degraded=degraded)
    luma = degraded.luma.astype(np.float32)
    covered = SHARES[degraded.planes.fit].astype(np.float32) / 255
    change, missing = covered * (degraded.planes.plate - luma), frame.truth - luma
    places = (_PLACE, _PLACE)
    gate = np.clip(cv2.blur(change * missing, places) / (cv2.blur(change * change, places) + _TINY), 0, 1)
    return replace(frame, degraded=replace(degraded, luma=to_8_bits(luma + gate * change)))


def _jod(frames: Sequence[ValidationFrame]) -> float:
    """JOD of consecutive frames of luma, without colour."""
    height, width = (side // 2 * 2 for side in frames[0].truth.shape)
    test, reference = (
        np.stack([luma[:height, :width] for luma in lumas])
        for lumas in ([one.degraded.luma for one in frames], [one.truth for one in frames])
    )
    grey = np.full((len(frames), height // 2, width // 2), 128, np.uint8)
    return jod(Video(reference, grey, grey, FPS), Video(test, grey, grey, FPS))
