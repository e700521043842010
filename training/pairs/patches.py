"""The patches of one clip: a picture in motion or a real clip, degraded, and cut into pairs of squares."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acutance.model.hints import BITS_WINDOW, COUNT
from acutance.training.data.dataset import Item, TrainingSet
from acutance.training.data.frame_source import FrameSource
from acutance.training.data.layers import make_layered_clip
from acutance.training.data.motion import MARGIN, Motion, frame_size, make_clip
from acutance.training.data.planes import Luma, Planes, as_array
from acutance.training.degradation.degrade import DegradedFrame, Mixture, degrade_frames, neighbours
from acutance.training.recipes.recipe import PairsSection
from acutance.training.recipes.sections import PlateSection

Patches = NDArray[np.uint8]
"""`[K, 2, P, P]`: degraded luma and true luma; `[K, 4, P, P]` with remembered luma and its fit."""
ChromaPatches = NDArray[np.uint8]
"""`[K, 2, 2, P / 2, P / 2]`: degraded and true chroma, each U and V."""
Window = tuple[slice, slice]
"""Rows and columns of a square of luma."""

_PICTURE_FRAMES = (4, 8)
"""Minimum and maximum number of frames of a clip made from a picture. Only its last frame is used: it is usually a
predicted frame, and the only one that is not resampled."""
_CLIP_FRAMES = (16, 48)
"""Minimum and maximum number of frames of a real clip."""
_CLIP_FIRST = 8
"""First used frame of a real clip that begins with a keyframe: before it, the rate control settles."""
_AFTER_KEYFRAME = 0.2
"""Share of clips that begin with a keyframe, as at the start of a call or after a loss. The others are in the middle of
a call: quality increases for a second or two after a keyframe."""
_LEAD_IN = (BITS_WINDOW, 2 * BITS_WINDOW)
"""Minimum and maximum number of frames that are coded before a clip in the middle of a call."""
_NATIVE = (1280, 720)
"""Largest frame of a native clip in pixels, as a good camera sends it, neither cropped nor reduced."""
_CLIP_SHRUNK = 1.6
"""Maximum reduction of real clips: talking heads of 480 lines are already small."""


@dataclass(frozen=True)
class Task:
    """One clip to make, with all inputs of a worker process.

    Attributes:
        index: Its position in the schedule.
        set_folder: Folder of the set.
        item: The picture or clip.
        seed: Seed of all draws.
        section: Number and size of the pairs.
        mixture: The degradations.
        plate: The plates, for pairs with planes of a plate; see `acutance.training.pairs.plates`.
        other: Another picture or clip, for plates of another scene, and for what moves in front of a picture.
        colour: Whether the pairs have chroma.
    """

    index: int
    set_folder: Path
    item: Item
    seed: tuple[int, int]
    section: PairsSection
    mixture: Mixture
    plate: PlateSection | None = None
    other: Item | None = None
    colour: bool = False


@dataclass(frozen=True)
class MadePairs:
    """The pairs of one clip.

    Attributes:
        patches: See `Patches`.
        hints: Hints of each pair, uint8 `[K, 4]`.
        chroma: Their chroma; None for pairs without.
        around: Degraded luma of the frames before and after each, uint8 `[K, 2 n, P, P]`; None for pairs without.
    """

    patches: Patches
    hints: NDArray[np.uint8]
    chroma: ChromaPatches | None = None
    around: Patches | None = None


def make_patches(task: Task) -> tuple[int, MadePairs]:
    """Make the pairs of one clip (in a worker process); returns the index of the task too, see `blind_patches`."""
    return task.index, blind_patches(TrainingSet.open(task.set_folder), task)


def blind_patches(source: FrameSource, task: Task) -> MadePairs:
    """Make the pairs of one clip, without planes of a plate.

    Args:
        source: Holds the frames of the task.
        task: The clip.

    Raises:
        DataError: The codec failed.
    """
    rng = np.random.default_rng(task.seed)
    how = task.mixture.draw(rng)
    lead_in = 0 if rng.random() < _AFTER_KEYFRAME else int(rng.integers(_LEAD_IN[0], _LEAD_IN[1] + 1))
    if task.item.frames > 1:
        clip = _real_clip(source, task.item, task.section, rng)
        first = 0 if lead_in else min(_CLIP_FIRST, len(clip) - 1)
    else:
        clip = _panned_clip(source, task, rng, coded=how.codec is not None)
        first = len(clip) - 1
    degraded = degrade_frames(clip, how, lead_in)
    count, side = task.section.patches, task.section.patch
    patches, codes = np.empty((count, 2, side, side), np.uint8), np.empty((count, COUNT), np.uint8)
    chroma = np.empty((count, 2, 2, side // 2, side // 2), np.uint8) if task.colour else None
    each_side = task.section.neighbours
    around = np.empty((count, 2 * each_side, side, side), np.uint8) if each_side else None
    for place in range(count):
        index = int(rng.integers(first, len(clip)))
        received, truth = degraded[index], clip[index]
        clean = as_array(truth.y)
        window = window_of(clean, side, rng)
        patches[place] = received.luma[window], clean[window]
        codes[place] = received.hints.codes
        if chroma is not None:
            chroma[place] = _cut_chroma(received, truth, window)
        if around is not None:
            around[place] = [luma[window] for luma in neighbours([one.luma for one in degraded], index, each_side)]
    return MadePairs(patches, codes, chroma, around)


def _panned_clip(source: FrameSource, task: Task, rng: np.random.Generator, *, coded: bool) -> list[Planes]:
    planes, section = source.planes(task.item), task.section
    native = rng.random() < section.native
    if not native and rng.random() < section.shrink_source:
        smallest = section.patch + 2 * MARGIN
        planes = _shrunk(planes, rng, min(2.0, (min(planes.size) - 1) / smallest))
    size = frame_size(planes.size, _NATIVE if native else section.frame)
    corner = _corner(planes, size, rng)
    frames = int(rng.integers(_PICTURE_FRAMES[0], _PICTURE_FRAMES[1] + 1)) if coded else 1
    motion = Motion.draw(rng)
    # Recipes without layers draw as before there were any.
    if not section.layered or rng.random() >= section.layered:
        return make_clip(planes, size, corner, motion, frames)
    front = planes if task.other is None else source.planes(task.other)
    if min(have - want for have, want in zip(front.size, size, strict=True)) < 2 * MARGIN:
        front = planes  # another part of the same picture
    corners = (corner, _corner(front, size, rng))
    return make_layered_clip((planes, front), corners, (motion, Motion.draw(rng)), size, frames, rng)


def _corner(planes: Planes, size: tuple[int, int], rng: np.random.Generator) -> tuple[int, int]:
    left, top = (_even(rng, MARGIN, have - want - MARGIN) for have, want in zip(planes.size, size, strict=True))
    return left, top


def _real_clip(source: FrameSource, item: Item, section: PairsSection, rng: np.random.Generator) -> list[Planes]:
    count = min(int(rng.integers(_CLIP_FRAMES[0], _CLIP_FRAMES[1] + 1)), item.frames)
    begin = int(rng.integers(item.frames - count + 1))
    clip = [source.planes(item, frame) for frame in range(begin, begin + count)]
    if rng.random() < section.shrink_source:
        most = min(_CLIP_SHRUNK, min(item.width, item.height) / section.patch)
        ratio = float(rng.uniform(1.0, max(most, 1.0)))
        clip = [resized(planes, ratio) for planes in clip]
    size = clip[0].size
    width, height = (min(want, have) for want, have in zip(section.frame, size, strict=True))
    left, top = (_even(rng, 0, have - want) for have, want in zip(size, (width, height), strict=True))
    return [planes.crop(left, top, width, height) for planes in clip]


def _shrunk(planes: Planes, rng: np.random.Generator, most: float) -> Planes:
    return resized(planes, float(rng.uniform(1.0, max(most, 1.0))))


def resized(planes: Planes, ratio: float) -> Planes:
    """Return a frame reduced to an even size."""
    width, height = (round(side / ratio / 2) * 2 for side in planes.size)
    return planes.resize((width, height))


def _even(rng: np.random.Generator, least: int, most: int) -> int:
    """An even number, because chroma has half the size."""
    return int(rng.integers(-(-least // 2), most // 2 + 1)) * 2


def _cut_chroma(degraded: DegradedFrame, truth: Planes, window: Window) -> ChromaPatches:
    """The chroma of a square of luma of both, uint8 `[2, 2, P / 2, P / 2]`."""
    assert degraded.chroma is not None
    half = tuple(slice(side.start // 2, side.stop // 2) for side in window)
    planes = (degraded.chroma.u, degraded.chroma.v, as_array(truth.cb), as_array(truth.cr))
    cut = np.stack([plane[half] for plane in planes])
    return cut.reshape(2, 2, *cut.shape[1:])


def window_of(luma: Luma, patch: int, rng: np.random.Generator) -> Window:
    """Draw a square of a frame, uint8 `[H, W]`; its corner is even because the student has a stride of 2."""
    height, width = luma.shape
    top, left = _even(rng, 0, height - patch), _even(rng, 0, width - patch)
    return slice(top, top + patch), slice(left, left + patch)
