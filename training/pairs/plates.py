"""Pairs with the planes of a plate: what the server would remember, and plates that are wrong.

A student that is trained only with plates that fit trusts all of them. So some are absent, shifted, of another
exposure, of another scene, edited, or perfect. Wrong plates bypass the rules by which the memory replaces blocks.
"""

from dataclasses import replace

import cv2
import numpy as np

from acutance.model.hints import COUNT, Hints
from acutance.model.memory.call_memory import CallMemory
from acutance.model.memory.observed import Observed
from acutance.model.memory.plate import Plate
from acutance.model.memory.plate_planes import no_plate
from acutance.model.planes import Plane
from acutance.training.data.dataset import TrainingSet
from acutance.training.data.planes import Planes, as_array, to_8_bits
from acutance.training.degradation.blind import after_student
from acutance.training.degradation.degrade import Degradation, DegradedFrame, degrade_frames
from acutance.training.degradation.drop import degrade_drop
from acutance.training.pairs.patches import MadePairs, Task, resized, window_of
from acutance.training.recipes.sections import PlateSection

PLANES = 4
"""Planes of a pair: degraded, true, remembered, and fit."""
_BEFORE = 6
"""Frames before the drop that are coded, the first one as a keyframe."""
_AFTER = (8, 64)
"""Minimum and maximum number of frames after the drop, which begin with a keyframe."""
_FARTHEST = 120
"""Most frames between those before and those after the drop."""
_USED = 8
"""Frames of a clip from which pairs are cut."""
_KINDS = ("remembered", "absent", "shifted", "exposure", "elsewhere", "edited", "perfect")
"""Kinds of plates; their shares are keys of the table `plate` of a recipe."""
_SHIFT = 16
"""Largest shift of a wrong plate in pixels."""
_EDITS, _EDIT_SIDE = (4, 16), (8, 96)
"""Range of the number of foreign rectangles in an edited plate, and of their sides in pixels."""
_WRITTEN, _PLAIN = 0.5, 0.3
"""Share of the rectangles that show writing, and share of these whose ground is plain."""
_STROKES, _LETTERS = (1, 6), (33, 127)
"""Range of the number of lines and words in such a rectangle, and of the codes of letters."""
_CONTRAST, _BRIGHTNESS = (0.75, 1.3), 24.0
"""Range of the contrast, and largest change of brightness in grey levels, of a plate of another exposure."""


def make_plate_patches(task: Task) -> tuple[int, MadePairs]:
    """Make the pairs of one clip with planes (in a worker process).

    Returns:
        The index of the task, and its pairs, `[K, 4, P, P]`, without chroma.

    Raises:
        DataError: The codec failed.
    """
    section, rng = task.plate, np.random.default_rng(task.seed)
    assert section is not None
    source = TrainingSet.open(task.set_folder)
    poor = task.mixture.draw(rng)
    good = Degradation(codec=poor.codec, bits=float(np.exp(rng.uniform(*np.log(section.bits)))), preset=poor.preset)
    before, after = _parts(source, task, rng)
    used = sorted({int(index) for index in rng.integers(len(after), size=_USED)})
    aligned = bool(rng.random() < section.aligned)
    frames = degrade_drop(before, after, good, poor, CallMemory(aligned=aligned), used)
    for index in used:
        kind = str(rng.choice(_KINDS, p=_shares(section)))
        if kind == "absent":
            frames[index] = replace(frames[index], planes=None)
        elif kind != "remembered":
            sharp = degrade_frames([before[-1], after[index]], good)
            luma = _wrong(kind, sharp[0].luma, sharp[1].luma, _other(source, task, rng), rng)
            frames[index] = _covered(frames[index], luma, sharp[0].hints, aligned)
    student = str(rng.choice(section.students))
    for index in used:
        frames[index] = after_student(frames[index], student)
    patches = np.empty((task.section.patches, PLANES, task.section.patch, task.section.patch), np.uint8)
    codes = np.empty((task.section.patches, COUNT), np.uint8)
    for patch, code in zip(patches, codes, strict=True):
        index = used[int(rng.integers(len(used)))]
        frame, truth = frames[index], as_array(after[index].y)
        planes = frame.planes or no_plate(frame.luma)
        window = window_of(truth, task.section.patch, rng)
        patch[:] = [plane[window] for plane in (frame.luma, truth, planes.plate, planes.fit)]
        code[:] = frame.hints.codes
    return task.index, MadePairs(patches, codes)


def _parts(source: TrainingSet, task: Task, rng: np.random.Generator) -> tuple[list[Planes], list[Planes]]:
    """Draw the frames before and after the drop, cut and reduced alike."""
    item = task.item
    before = min(_BEFORE, max(item.frames // 3, 1))
    after = max(min(int(rng.integers(_AFTER[0], _AFTER[1] + 1)), item.frames - before), 1)
    spare = max(item.frames - before - after, 0)
    gap = int(rng.integers(min(spare, _FARTHEST) + 1))
    begin = int(rng.integers(spare - gap + 1))
    second = min(begin + before + gap, item.frames - after)
    numbers = [*range(begin, begin + before), *range(second, second + after)]
    clip = [source.planes(item, number) for number in numbers]
    if rng.random() < task.section.shrink_source:
        most = min(item.width, item.height) / task.section.patch
        ratio = float(rng.uniform(1.0, max(min(1.6, most), 1.0)))
        clip = [resized(planes, ratio) for planes in clip]
    left, top, width, height = _rectangle(clip[0].size, task.section.frame, rng)
    clip = [planes.crop(left, top, width, height) for planes in clip]
    return clip[:before], clip[before:]


def _rectangle(size: tuple[int, int], largest: tuple[int, int], rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Draw a rectangle of a frame, with even numbers: left, top, width, height."""
    width, height = (min(want, have) // 2 * 2 for want, have in zip(largest, size, strict=True))
    left, top = (
        int(rng.integers((have - extent) // 2 + 1)) * 2 for have, extent in zip(size, (width, height), strict=True)
    )
    return left, top, width, height


def _shares(section: PlateSection) -> list[float]:
    """Return the shares of `_KINDS`."""
    wrong = [float(getattr(section, kind)) for kind in _KINDS[1:]]
    return [1 - sum(wrong), *wrong]


def _other(source: TrainingSet, task: Task, rng: np.random.Generator) -> Plane:
    """Return a frame of another item at its own size, of the same one if the set has no other."""
    item = task.other or task.item
    return source.luma(item, int(rng.integers(item.frames)))


def _wrong(kind: str, old: Plane, now: Plane, other: Plane, rng: np.random.Generator) -> Plane:
    """Return luma that the memory would not hold, uint8 `[H, W]`.

    Args:
        kind: One of `_KINDS`.
        old: The last frame before the drop.
        now: The present frame over a good connection.
        other: A frame of another scene.
        rng: Draws by how much it is wrong.
    """
    if kind == "shifted":
        right, down = rng.integers(-_SHIFT, _SHIFT + 1, 2).tolist()
        return np.roll(now, (down, right), axis=(0, 1))
    if kind == "exposure":
        contrast, brightness = rng.uniform(*_CONTRAST), rng.uniform(-_BRIGHTNESS, _BRIGHTNESS)
        return to_8_bits((old - 128.0) * contrast + 128 + brightness)
    height, width = old.shape
    foreign = cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    if kind == "elsewhere":
        return foreign
    return _edited(now, foreign, rng) if kind == "edited" else now


def _edited(luma: Plane, foreign: Plane, rng: np.random.Generator) -> Plane:
    """Return a frame in which rectangles show foreign content of equal mean, or writing: only detail tells that."""
    edited = luma.copy()
    height, width = luma.shape
    for _ in range(int(rng.integers(*_EDITS))):
        tall, wide = np.minimum(rng.integers(*_EDIT_SIDE, 2), (height, width)).tolist()
        top, left = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
        place = slice(top, top + tall), slice(left, left + wide)
        if rng.random() < _WRITTEN:
            edited[place] = _written(edited[place], rng)
            continue
        content = foreign[place].astype(np.float64)
        edited[place] = to_8_bits(content - content.mean() + luma[place].mean())
    return edited


def _written(luma: Plane, rng: np.random.Generator) -> Plane:
    """Return a part of a frame, uint8 `[H, W]`, with letters and lines on it, some of them on a plain ground."""
    height, width = luma.shape
    written = np.full_like(luma, rng.integers(256)) if rng.random() < _PLAIN else luma.copy()
    grey = int(rng.integers(256))
    for _ in range(int(rng.integers(*_STROKES))):
        ends = rng.integers((0, 0, 0, 0), (width, height, width, height)).tolist()
        thick = int(rng.integers(1, 4))
        if rng.random() < 0.5:
            cv2.line(written, tuple(ends[:2]), tuple(ends[2:]), grey, thick, cv2.LINE_AA)
            continue
        letters = "".join(chr(letter) for letter in rng.integers(*_LETTERS, 6))
        scale = float(rng.uniform(0.3, 1.5))
        cv2.putText(
            written, letters, (ends[0] - width // 2, ends[1]), cv2.FONT_HERSHEY_SIMPLEX, scale, grey, thick, cv2.LINE_AA
        )
    return written


def _covered(frame: DegradedFrame, luma: Plane, hints: Hints, aligned: bool) -> DegradedFrame:
    """Return the frame with the planes of a memory that holds `luma`."""
    memory = CallMemory(aligned=aligned)
    memory.plate = Plate.seen(Observed(luma, hints))
    return replace(frame, planes=memory.offer(Observed(frame.luma, frame.hints)))
