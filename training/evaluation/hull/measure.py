"""JOD at equal bits of clips that a sender sends at full size or reduced, with and without the memory of the call."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from acutance.model.bitstream.quantiser import Codec
from acutance.model.memory.call_memory import CallMemory
from acutance.model.nets.student import Student
from acutance.model.sender_size import FIRST_SECOND, STEADY
from acutance.training.data.clips import read_clip
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma, Planes, as_array
from acutance.training.degradation.blind import after_student
from acutance.training.degradation.codec import FPS
from acutance.training.degradation.degrade import Degradation, DegradedFrame, degrade_frames, reduced_size
from acutance.training.degradation.drop import remember
from acutance.training.judge.jod import jod
from acutance.training.judge.video import Video
from acutance.training.run.validation import sharpened
from acutance.training.validation.frames import GOOD_BITS

SIZE = (448, 320)
"""Largest width and height of a judged frame, cut from the middle: JOD takes a quarter of a second for one."""
BEFORE, SECOND = 15, 24
"""Frames over a good connection before the drop, and judged frames of each stretch."""
STRETCHES = {FIRST_SECOND: range(SECOND), STEADY: range(2 * FPS, 2 * FPS + SECOND)}
"""The judged frames after the drop."""
RATIOS = (1.0, 1.5, 2.0, 3.0)
BITS = (0.0075, 0.0125, 0.02, 0.03, 0.05)
"""Bits per pixel of full size and frame. A reduced frame has as many bits, for fewer coded pixels."""


@dataclass(frozen=True)
class Point:
    """JOD of one stretch of a clip.

    Attributes:
        clip: Name of the file.
        codec: The codec.
        bits: Bits per pixel of full size and frame that the encoder is set to.
        ratio: Reduction of width and height by the sender.
        stretch: `FIRST_SECOND` after a keyframe, or `STEADY`.
        memory: Whether what was seen before the drop is remembered.
        sent: Bits per pixel of full size and frame that it sends in the second at the end of the stretch: VP8 takes
            more than it is set to where its coarsest quantiser does not suffice.
        jod: Of luma.
    """

    clip: str
    codec: Codec
    bits: float
    ratio: float
    stretch: str
    memory: bool
    sent: float
    jod: float


@dataclass(frozen=True)
class Grid:
    """What is measured on each clip, see `Point`."""

    codecs: Sequence[Codec] = ("h264", "vp8")
    bits: Sequence[float] = BITS
    ratios: Sequence[float] = RATIOS


def measure_hull(
    clips: Sequence[Path],
    grid: Grid,
    student: str,
    memory: Student,
    log: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Point]:
    """Measure every clip at every codec, rate and size.

    Before the drop, each clip is sent at full size and `GOOD_BITS`; both parts begin with a keyframe.

    Args:
        clips: Files.
        grid: What is measured.
        student: Name of the student that restores frames.
        memory: The student that takes the plate, in evaluation mode.
        log: File of JSON lines; points in it are not measured again, and new ones are added.
        progress: Called with the numbers of finished and of all codings.

    Raises:
        DataError: A clip is too short or cannot be read.
    """
    points = _read(log)
    known = {(one.clip, one.codec, one.bits, one.ratio) for one in points}
    settings = [(codec, bits, ratio) for codec in grid.codecs for bits in grid.bits for ratio in grid.ratios]
    done, total = 0, len(clips) * len(settings)
    for path in clips:
        frames: list[Planes] = []
        for codec, bits, ratio in settings:
            if (path.name, codec, bits, ratio) not in known:
                frames = frames or _frames(path)
                new = list(_points(path.name, frames, (codec, bits, ratio), student, memory))
                points += new
                if log is not None:
                    with log.open("a", encoding="utf-8") as file:
                        file.writelines(json.dumps(asdict(one)) + "\n" for one in new)
            done += 1
            progress(done, total)
    wanted = {path.name for path in clips}
    return [one for one in points if one.clip in wanted and (one.codec, one.bits, one.ratio) in set(settings)]


def _points(
    clip: str, frames: Sequence[Planes], setting: tuple[Codec, float, float], student: str, memory: Student
) -> Iterator[Point]:
    codec, bits, ratio = setting
    # Equal bits a second: fewer pixels get more bits each.
    how = Degradation(ratio, codec, bits * ratio**2, shrunk=ratio > 1)
    before, after = frames[:BEFORE], frames[BEFORE:]
    received = degrade_frames(after, how)
    judged = [index for stretch in STRETCHES.values() for index in stretch]
    sent = degrade_frames(before, Degradation(codec=codec, bits=GOOD_BITS))
    remembered = remember(sent, received, CallMemory(aligned=True), judged)
    coded = reduced_size(frames[0].size, ratio)
    area = coded[0] * coded[1] / (frames[0].size[0] * frames[0].size[1])
    for name, stretch in STRETCHES.items():
        sent_bits = round(received[stretch.stop - 1].hints.bits * area, 5)
        truth = [as_array(after[index].y) for index in stretch]
        blind = [after_student(replace(received[index], planes=None), student) for index in stretch]
        yield Point(clip, codec, bits, ratio, name, False, sent_bits, _jod(truth, blind))
        recalled = [after_student(remembered[index], student) for index in stretch]
        recalled = [one if one.planes is None else replace(one, luma=sharpened(memory, one)) for one in recalled]
        yield Point(clip, codec, bits, ratio, name, True, sent_bits, _jod(truth, recalled))


def _frames(path: Path) -> list[Planes]:
    frames = read_clip(path, BEFORE + STRETCHES[STEADY].stop)
    if len(frames) < BEFORE + STRETCHES[STEADY].stop:
        raise DataError(f"{path} has {len(frames)} frames: {BEFORE + STRETCHES[STEADY].stop} are needed")
    width, height = (min(want, have) // 2 * 2 for want, have in zip(SIZE, frames[0].size, strict=True))
    left, top = ((have - size) // 4 * 2 for have, size in zip(frames[0].size, (width, height), strict=True))
    return [frame.crop(left, top, width, height) for frame in frames]


def _jod(truth: Sequence[Luma], frames: Sequence[DegradedFrame]) -> float:
    """JOD of consecutive frames of luma, without colour."""
    reference, test = np.stack(truth), np.stack([one.luma for one in frames])
    count, height, width = reference.shape
    grey = np.full((count, height // 2, width // 2), 128, np.uint8)
    return round(jod(Video(reference, grey, grey, FPS), Video(test, grey, grey, FPS)), 4)


def _read(log: Path | None) -> list[Point]:
    if log is None or not log.exists():
        return []
    return [Point(**json.loads(line)) for line in log.read_text(encoding="utf-8").splitlines()]
