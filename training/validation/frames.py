"""Frames of the validation split, degraded once: pictures in motion, and clips in the steady state of a call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from acutance.model.hints import BITS_WINDOW
from acutance.model.memory.call_memory import CallMemory
from acutance.model.planes import Chroma
from acutance.training.data.dataset import Item
from acutance.training.data.frame_source import FrameSource
from acutance.training.data.motion import middle_clip
from acutance.training.data.planes import Luma, Planes, as_array
from acutance.training.degradation.blind import PASS, after_student
from acutance.training.degradation.degrade import Degradation, DegradedFrame, degrade_frames, neighbours
from acutance.training.degradation.drop import remember
from acutance.training.metrics.psnr_ssim import finite_psnr, ssim

PICTURE_FRAMES = 8
"""Number of frames of the panned or zoomed clip that a codec gets for a picture; the last one is evaluated."""
FIRST_FRAME = 5
"""Index of the first evaluated frame of a clip."""
FRAME_STRIDE = 10
"""Distance between evaluated frames of a clip: neighbouring frames have nearly equal scores."""

GOOD_BITS = 0.2
"""Bits per pixel of the good connection before a drop: 5.5 Mbit/s at 720p30."""
MOST_BEFORE, MOST_AFTER = 10, 26
"""Most frames before and after a drop: the first second of a poor connection."""


@dataclass(frozen=True)
class ValidationFrame:
    """One frame: name of the item, degraded frame, true luma, uint8 `[H, W]`, and true chroma, where it has a part."""

    source: str
    degraded: DegradedFrame
    truth: Luma
    true_chroma: Chroma | None = None

    @cached_property
    def psnr(self) -> float:
        """PSNR of the degraded frame in dB, at most 99."""
        return finite_psnr(self.degraded.luma, self.truth)

    @cached_property
    def chroma_psnr(self) -> float | None:
        """PSNR of the chroma of the degraded frame in dB, U and V together, at most 99; None without chroma."""
        return self.psnr_of_chroma(self.degraded.chroma)

    def psnr_of_chroma(self, chroma: Chroma | None) -> float | None:
        """PSNR of chroma against the truth in dB, as `chroma_psnr`."""
        if chroma is None or self.true_chroma is None:
            return None
        ours, truth = (np.concatenate([one.u, one.v]) for one in (chroma, self.true_chroma))
        return finite_psnr(ours, truth)

    @cached_property
    def ssim(self) -> float:
        """SSIM of the degraded frame."""
        return ssim(self.degraded.luma, self.truth)


def validation_items(source: FrameSource, most: int = 0, *, clips_first: bool = False) -> list[Item]:
    """Choose up to `most` items of the validation split (0 for all), by categories in turn, one segment per clip.

    With `clips_first`, pictures are chosen only if the split has no clip.
    """
    rows: dict[str, list[Item]] = {}
    clips: set[str] = set()
    items = source.split("val")
    if clips_first:
        items = [item for item in items if item.frames > 1] or items
    for item in items:
        clip = item.name.partition("#")[0]
        if item.frames > 1 and clip in clips:
            continue
        clips.add(clip)
        rows.setdefault(item.category, []).append(item)
    chosen = list(_in_turn(list(rows.values())))
    return chosen[:most] if most else chosen


def validation_frames(
    source: FrameSource,
    item: Item,
    how: Degradation,
    size: tuple[int, int],
    seed: int,
    stretch: int = 0,
    each_side: int = 0,
) -> list[ValidationFrame]:
    """Degrade an item and return the frames that are evaluated.

    A codec first codes one second of the item as a lead-in, so that the rate control has settled and the mean of bits
    no longer includes the keyframe, as in a call after its first second.

    Args:
        source: The set.
        item: A picture gives one frame, the last of a panned or zoomed clip; a clip gives every tenth frame, or a
            stretch.
        how: The degradation.
        size: Largest width and height; frames are cut from the middle.
        seed: Draws the motion of a picture.
        stretch: Number of consecutive frames that a clip gives, its last ones; 0 for every tenth frame.
        each_side: Number of degraded frames before and after each that it carries, for a privileged teacher.

    Raises:
        DataError: The picture is too small to pan over, or the codec failed.
    """
    if item.frames == 1:
        clip = middle_clip(source.planes(item), size, PICTURE_FRAMES if how.codec else 1, seed)
        evaluated = [len(clip) - 1]
    else:
        clip = [_middle(source.planes(item, index), size) for index in range(item.frames)]
        spread = list(range(FIRST_FRAME, len(clip), FRAME_STRIDE)) or [len(clip) - 1]
        evaluated = list(range(max(len(clip) - stretch, 0), len(clip))) if stretch else spread
    if how.codec is None:
        clip, evaluated = [clip[index] for index in evaluated], list(range(len(evaluated)))
    degraded = degrade_frames(clip, how, lead_in=BITS_WINDOW)
    if each_side:
        lumas = [one.luma for one in degraded]
        degraded = [replace(one, around=neighbours(lumas, index, each_side)) for index, one in enumerate(degraded)]
    return [_frame(item, degraded[index], clip[index]) for index in evaluated]


def drop_frames(
    source: FrameSource,
    item: Item,
    how: Degradation,
    size: tuple[int, int],
    memories: Sequence[CallMemory],
    student: str = PASS,
    *,
    every: bool = False,
    last: bool = False,
) -> list[list[ValidationFrame]]:
    """Degrade the second half of a clip after a first half over a good connection, and return the evaluated frames.

    The good connection has the codec of `how`, full size and `GOOD_BITS`. Each half begins with a keyframe.

    Args:
        source: The set.
        item: A clip.
        how: The degradation after the drop, with a codec.
        size: Largest width and height; frames are cut from the middle.
        memories: Memories to compare.
        student: What sharpens the frames, see `acutance.training.degradation.blind`.
        every: Whether every frame of the evaluated second is, instead of every tenth.
        last: Whether the last second of the clip is evaluated instead of the first one after the drop.

    Returns:
        The evaluated frames with the planes of each memory.

    Raises:
        DataError: The codec failed.
    """
    half = item.frames // 2
    end = item.frames if last else min(half + MOST_AFTER, item.frames)
    numbers = range(max(half - MOST_BEFORE, 0), end)
    clip = [_middle(source.planes(item, number), size) for number in numbers]
    before, after = clip[: half - numbers.start], clip[half - numbers.start :]
    first = max(len(after) - MOST_AFTER, 0)
    spread = list(range(first + FIRST_FRAME, len(after), FRAME_STRIDE)) or [len(after) - 1]
    evaluated = list(range(first, len(after))) if every else spread
    good = Degradation(codec=how.codec, bits=GOOD_BITS)
    sent, received = degrade_frames(before, good), degrade_frames(after, how)
    remembered = [remember(sent, received, memory, evaluated) for memory in memories]
    return [
        [_frame(item, after_student(frames[index], student), after[index]) for index in evaluated]
        for frames in remembered
    ]


def _frame(item: Item, degraded: DegradedFrame, truth: Planes) -> ValidationFrame:
    chroma = None if degraded.chroma is None else Chroma(as_array(truth.cb), as_array(truth.cr))
    return ValidationFrame(item.name, degraded, as_array(truth.y), chroma)


def _in_turn(rows: Sequence[Sequence[Item]]) -> Iterator[Item]:
    for place in range(max(map(len, rows), default=0)):
        yield from (row[place] for row in rows if place < len(row))


def _middle(planes: Planes, wanted: tuple[int, int]) -> Planes:
    width, height = (min(want, have) // 2 * 2 for want, have in zip(wanted, planes.size, strict=True))
    left, top = ((have - size) // 4 * 2 for have, size in zip(planes.size, (width, height), strict=True))
    return planes.crop(left, top, width, height)
