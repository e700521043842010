"""Pairs of degraded and true luma, made once from a training set and kept in memory-mapped files.

Coding a clip takes a tenth of a second, a training step a thirtieth: pairs are made once, by several processes,
and making them goes on where it was cut off. Every clip has its own seed, so the pairs do not depend on the
number of processes or on interruptions.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from acutance.model.hints import BITS_WINDOW, COUNT
from acutance.training.data.dataset import Item, TrainingSet, write_json
from acutance.training.data.motion import MARGIN, Motion, frame_size, make_clip
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes, as_array
from acutance.training.degradation.degrade import DegradedFrame, Mixture, degrade_frames
from acutance.training.recipes.recipe import PairsSection, Recipe

Patches = NDArray[np.uint8]

_VERSION = 3
"""Raised when the same recipe and set would give other pairs."""
_POLL = 0.5
"""Seconds between two looks at whether another run has finished the same pairs."""
_FILES = ("pairs.npy", "hints.npy", "done.npy")
_PICTURE_FRAMES = (4, 8)
"""Fewest and most frames of a clip that is made from a picture; its last frame, index 3 to 7, is used: mostly a
predicted one, and the only one that is not resampled."""
_CLIP_FRAMES = (16, 48)
"""The same for a real clip."""
_CLIP_FIRST = 8
"""Patches of a real clip that begins with a keyframe come from this frame on: before, the rate control settles."""
_AFTER_KEYFRAME = 0.2
"""Share of clips that begin with a keyframe, as a call does, and again after a loss. The others are in the middle of a
call: frames get better for a second or two after a keyframe."""
_LEAD_IN = (BITS_WINDOW, 2 * BITS_WINDOW)
"""Fewest and most frames that are coded before those others."""
_NATIVE = (1280, 720)
"""Largest frame of a native clip in pixels: what a good camera sends, neither cropped nor reduced."""
_CLIP_SHRUNK = 1.6
"""Real clips are reduced by this at most: talking heads of 480 lines are small as they are."""


@dataclass(frozen=True)
class Pairs:
    """What a network is fitted on.

    Attributes:
        patches: uint8 `[K, 2, P, P]`: degraded luma, true luma.
        hints: uint8 `[K, 4]`, see `acutance.model.hints.Hints.codes`.
        fingerprint: Of set and settings: equal ones are equal pairs.
        folder: Where they lie.
    """

    patches: Patches
    hints: NDArray[np.uint8]
    fingerprint: str
    folder: Path

    def __len__(self) -> int:
        return len(self.patches)


@dataclass(frozen=True)
class _Task:
    """One clip to make: everything a worker process needs."""

    index: int
    set_folder: Path
    item: Item
    seed: tuple[int, int]
    section: PairsSection
    mixture: Mixture


def make_pairs(
    source: TrainingSet,
    recipe: Recipe,
    folder: Path | None = None,
    *,
    processes: int,
    progress: Callable[[int, int], None],
) -> Pairs:
    """Make the pairs of a recipe, or go on making them, and open them read-only.

    Only one run makes the pairs of a folder at a time. A second one waits, shows the first one's progress, and goes on
    where the first one stops.

    Args:
        source: What pairs are made of: its `train` split.
        recipe: Its `pairs`, `mixture` and `seed` are used.
        folder: Where pairs of all recipes are kept, each in a folder named by its fingerprint; `pairs` in the
            set's folder by default.
        processes: Worker processes, at least 1.
        progress: Called with clips done and clips in all.

    Raises:
        DataError: The set has nothing large enough, or a codec failed.
    """
    section = recipe.pairs
    fingerprint = _fingerprint(source, recipe)
    own = (folder or source.folder / "pairs") / fingerprint[:16]
    order = schedule(_usable(source, section), section, recipe.seed)
    own.mkdir(parents=True, exist_ok=True)
    with _locked(own, lambda: progress(_finished(own), section.clips)):
        _open(own, fingerprint, section)
        done = np.load(own / "done.npy", mmap_mode="r")
        tasks = [
            _Task(index, source.folder, item, (recipe.seed, index), section, recipe.mixture.mixture)
            for index, item in enumerate(order)
            if not done[index]
        ]
        progress(section.clips - len(tasks), section.clips)
        if tasks:
            _make_all(own, tasks, section, processes, progress)
    patches, hints = (np.load(own / name, mmap_mode="r") for name in ("pairs.npy", "hints.npy"))
    return Pairs(patches, hints, fingerprint, own)


def _make_all(
    folder: Path, tasks: Sequence[_Task], section: PairsSection, processes: int, progress: Callable[[int, int], None]
) -> None:
    patches, hints, done = (np.load(folder / name, mmap_mode="r+") for name in _FILES)
    finished = section.clips - len(tasks)
    # "spawn": a forked child would inherit torch's and the codecs' threads in whatever state they are.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_make, task) for task in tasks]
        try:
            for future in as_completed(futures):
                index, made, codes = future.result()
                rows = slice(index * section.patches, (index + 1) * section.patches)
                patches[rows], hints[rows] = made, codes
                done[index] = 1
                finished += 1
                progress(finished, section.clips)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def schedule(items: Sequence[Item], section: PairsSection, seed: int) -> list[Item]:
    """Which item each clip is made of: `moving` of them real clips, the rest pictures, spread evenly.

    Pictures come by categories in turn, each through its pictures in shuffled rounds: 15 animals must not drown
    in 250 others. Real clips come in shuffled rounds of all of them.
    """
    rng = np.random.default_rng([seed, 0x5C4ED])
    rounds: dict[str, list[Item]] = {}
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(_MOVING if item.frames > 1 else item.category, []).append(item)
    stills = sorted(name for name in groups if name != _MOVING)
    share = section.moving if stills and _MOVING in groups else float(_MOVING in groups)
    order: list[Item] = []
    pictures = 0
    for index in range(section.clips):
        if int((index + 1) * share) > int(index * share):
            name = _MOVING
        else:
            name = stills[pictures % len(stills)]
            pictures += 1
        if not rounds.get(name):
            rounds[name] = [groups[name][i] for i in rng.permutation(len(groups[name]))]
        order.append(rounds[name].pop())
    return order


_MOVING = "\0moving"


def _usable(source: TrainingSet, section: PairsSection) -> list[Item]:
    items = [
        item
        for item in source.split("train")
        if min(item.width, item.height) >= section.patch + (0 if item.frames > 1 else 2 * MARGIN)
    ]
    if not items:
        raise DataError(f"{source.folder} has nothing large enough for patches of {section.patch} px")
    return items


def _fingerprint(source: TrainingSet, recipe: Recipe) -> str:
    settings = recipe.model_dump_json(include={"pairs", "mixture", "seed"})
    return hashlib.sha256(f"{_VERSION}\n{settings}\n{source.fingerprint}".encode()).hexdigest()


def _open(folder: Path, fingerprint: str, section: PairsSection) -> None:
    """Create the files of a folder where they are missing; the note comes last and says that all are there."""
    note = folder / "pairs.json"
    if not note.exists():
        count = section.clips * section.patches
        shapes = ((count, 2, section.patch, section.patch), (count, COUNT), (section.clips,))
        for name, shape in zip(_FILES, shapes, strict=True):
            np.lib.format.open_memmap(folder / name, "w+", np.uint8, shape)
        write_json(note, {"fingerprint": fingerprint})


@contextmanager
def _locked(folder: Path, wait: Callable[[], None]) -> Iterator[None]:
    """Lock a folder; `wait` is called again and again while another run holds it."""
    lock = FileLock(folder / ".lock")
    while not lock.is_locked:
        try:
            lock.acquire(timeout=_POLL)
        except Timeout:
            wait()
    try:
        yield
    finally:
        lock.release()


def _finished(folder: Path) -> int:
    """Clips that another run has made so far."""
    if not (folder / "pairs.json").exists():
        return 0
    return int(np.load(folder / "done.npy", mmap_mode="r").sum(dtype=np.int64))


def _make(task: _Task) -> tuple[int, Patches, NDArray[np.uint8]]:
    """Make the patches of one clip, and their hints (in a worker process)."""
    rng = np.random.default_rng(task.seed)
    source = TrainingSet.open(task.set_folder)
    how = task.mixture.draw(rng)
    lead_in = 0 if rng.random() < _AFTER_KEYFRAME else int(rng.integers(_LEAD_IN[0], _LEAD_IN[1] + 1))
    if task.item.frames > 1:
        clip = _real_clip(source, task.item, task.section, rng)
        first = 0 if lead_in else min(_CLIP_FIRST, len(clip) - 1)
    else:
        clip = _panned_clip(source.planes(task.item), task.section, rng, coded=how.codec is not None)
        first = len(clip) - 1
    degraded = degrade_frames(clip, how, lead_in)
    patches = np.empty((task.section.patches, 2, task.section.patch, task.section.patch), np.uint8)
    codes = np.empty((task.section.patches, COUNT), np.uint8)
    for patch, code in zip(patches, codes, strict=True):
        index = int(rng.integers(first, len(clip)))
        patch[:] = _cut(degraded[index], clip[index], task.section.patch, rng)
        code[:] = degraded[index].hints.codes
    return task.index, patches, codes


def _panned_clip(planes: Planes, section: PairsSection, rng: np.random.Generator, *, coded: bool) -> list[Planes]:
    native = rng.random() < section.native
    if not native and rng.random() < section.shrink_source:
        smallest = section.patch + 2 * MARGIN
        planes = _shrunk(planes, rng, min(2.0, (min(planes.size) - 1) / smallest))
    size = frame_size(planes.size, _NATIVE if native else section.frame)
    left, top = (_even(rng, MARGIN, have - want - MARGIN) for have, want in zip(planes.size, size, strict=True))
    frames = int(rng.integers(_PICTURE_FRAMES[0], _PICTURE_FRAMES[1] + 1)) if coded else 1
    return make_clip(planes, size, (left, top), Motion.draw(rng), frames)


def _real_clip(source: TrainingSet, item: Item, section: PairsSection, rng: np.random.Generator) -> list[Planes]:
    count = min(int(rng.integers(_CLIP_FRAMES[0], _CLIP_FRAMES[1] + 1)), item.frames)
    begin = int(rng.integers(item.frames - count + 1))
    clip = [source.planes(item, frame) for frame in range(begin, begin + count)]
    if rng.random() < section.shrink_source:
        most = min(_CLIP_SHRUNK, min(item.width, item.height) / section.patch)
        ratio = float(rng.uniform(1.0, max(most, 1.0)))
        clip = [_resized(planes, ratio) for planes in clip]
    size = clip[0].size
    width, height = (min(want, have) for want, have in zip(section.frame, size, strict=True))
    left, top = (_even(rng, 0, have - want) for have, want in zip(size, (width, height), strict=True))
    return [planes.crop(left, top, width, height) for planes in clip]


def _shrunk(planes: Planes, rng: np.random.Generator, most: float) -> Planes:
    return _resized(planes, float(rng.uniform(1.0, max(most, 1.0))))


def _resized(planes: Planes, ratio: float) -> Planes:
    width, height = (round(side / ratio / 2) * 2 for side in planes.size)
    return planes.resize((width, height))


def _even(rng: np.random.Generator, least: int, most: int) -> int:
    """An even number: chroma has half the size."""
    return int(rng.integers(-(-least // 2), most // 2 + 1)) * 2


def _cut(degraded: DegradedFrame, truth: Planes, patch: int, rng: np.random.Generator) -> Patches:
    """The same square of both, uint8 `[2, P, P]`; even corners: the student works on a grid of 2."""
    clean = as_array(truth.y)
    height, width = clean.shape
    top, left = _even(rng, 0, height - patch), _even(rng, 0, width - patch)
    window = (slice(top, top + patch), slice(left, left + patch))
    return np.stack([degraded.luma[window], clean[window]])
