"""Pairs of spoiled and true luma, made once from pictures and kept in a memory-mapped file.

Coding a clip takes a tenth of a second, a training step a thirtieth: pairs are made once, by two processes,
and a run that was cut off goes on where it stopped. Every clip has its own seed, so the pairs do not depend
on the number of processes or on interruptions.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.hints import COUNT
from training.data import DataError, PictureFile, Planes, as_array, read_planes
from training.degrade import Mixture, degrade
from training.motion import MARGIN, Motion, frame_size, make_clip
from training.recipe import PairsSection, Recipe

Patches = NDArray[np.uint8]


@dataclass(frozen=True)
class Pairs:
    """What a network is fitted on.

    Attributes:
        patches: uint8 `[K, 2, P, P]`: spoiled luma, true luma.
        hints: uint8 `[K, 2]`, see `model.hints.Hints.codes`.
    """

    patches: Patches
    hints: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.patches)


_FRAMES = (4, 8)
"""Fewest and most frames a clip has; the last, index 3 to 7, is used: mostly a predicted frame."""


@dataclass(frozen=True)
class _Task:
    """One clip to make: everything a worker process needs."""

    index: int
    path: Path
    seed: tuple[int, int]
    section: PairsSection
    mixture: Mixture


def smallest_picture(section: PairsSection) -> int:
    """The shortest side, in pixels, of a picture that pairs can be made of."""
    return section.patch + 2 * MARGIN


def make_pairs(
    pictures: Sequence[PictureFile],
    recipe: Recipe,
    folder: Path,
    *,
    processes: int,
    progress: Callable[[int, int], None],
) -> Pairs:
    """Make the pairs of a recipe, or go on making them, and open them read-only.

    Args:
        pictures: What pairs are made of.
        recipe: Its `pairs`, `mixture` and `seed` are used.
        folder: Where `pairs.npy` and its bookkeeping live.
        processes: Worker processes, at least 1.
        progress: Called with clips done and clips in all.

    Raises:
        DataError: A picture vanished, a codec failed, or the folder holds pairs of something else.
    """
    section = recipe.pairs
    folder.mkdir(parents=True, exist_ok=True)
    pairs, done = _open(folder, _fingerprint(pictures, recipe), section)
    order = schedule(pictures, section.clips, recipe.seed)
    tasks = [
        _Task(index, order[index].path, (recipe.seed, index), section, recipe.mixture.mixture)
        for index in range(section.clips)
        if not done[index]
    ]
    finished = section.clips - len(tasks)
    progress(finished, section.clips)
    if tasks:
        # "spawn": a forked child would inherit torch's and the codecs' threads in whatever state they are.
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(_make, task) for task in tasks]
            try:
                for future in as_completed(futures):
                    index, patches, hints = future.result()
                    rows = slice(index * section.patches, (index + 1) * section.patches)
                    pairs.patches[rows], pairs.hints[rows] = patches, hints
                    done[index] = 1
                    finished += 1
                    progress(finished, section.clips)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    # The maps write themselves out when they are dropped; a killed process loses nothing either.
    return Pairs(*(np.load(folder / name, mmap_mode="r") for name in ("pairs.npy", "hints.npy")))


def _open(folder: Path, fingerprint: str, section: PairsSection) -> tuple[Pairs, NDArray[np.uint8]]:
    note = folder / "pairs.json"
    shape = (section.clips * section.patches, 2, section.patch, section.patch)
    if note.exists():
        if json.loads(note.read_text())["fingerprint"] != fingerprint:
            raise DataError(f"{folder} holds pairs of other pictures or settings: name another --out, or remove it")
        patches, hints, done = (
            np.load(folder / name, mmap_mode="r+") for name in ("pairs.npy", "hints.npy", "done.npy")
        )
        return Pairs(patches, hints), done
    patches = np.lib.format.open_memmap(folder / "pairs.npy", "w+", np.uint8, shape)
    hints = np.lib.format.open_memmap(folder / "hints.npy", "w+", np.uint8, (shape[0], COUNT))
    done = np.lib.format.open_memmap(folder / "done.npy", "w+", np.uint8, (section.clips,))
    note.write_text(json.dumps({"fingerprint": fingerprint}))
    return Pairs(patches, hints), done


def _fingerprint(pictures: Sequence[PictureFile], recipe: Recipe) -> str:
    settings = recipe.model_dump_json(include={"pairs", "mixture", "seed"})
    names = "\n".join(f"{p.category}/{p.path.name} {p.width}x{p.height}" for p in pictures)
    return hashlib.sha256(f"{settings}\n{names}".encode()).hexdigest()


def schedule(pictures: Sequence[PictureFile], clips: int, seed: int) -> list[PictureFile]:
    """Which picture each clip is made of: categories in turn, each through its pictures in shuffled rounds."""
    rng = np.random.default_rng([seed, 0x5C4ED])
    categories: dict[str, list[PictureFile]] = {}
    for picture in pictures:
        categories.setdefault(picture.category, []).append(picture)
    rounds: dict[str, list[PictureFile]] = {name: [] for name in categories}
    order = []
    names = sorted(categories)
    for index in range(clips):
        name = names[index % len(names)]
        if not rounds[name]:
            rounds[name] = [categories[name][i] for i in rng.permutation(len(categories[name]))]
        order.append(rounds[name].pop())
    return order


def _make(task: _Task) -> tuple[int, Patches, tuple[int, int]]:
    """Make the patches of one clip (in a worker process)."""
    rng = np.random.default_rng(task.seed)
    section = task.section
    planes = _shrunk_source(read_planes(task.path), section, rng)
    how = task.mixture.draw(rng)
    size = frame_size(planes.size, section.frame)
    corner = _corner(planes.size, size, MARGIN, rng)
    frames = int(rng.integers(_FRAMES[0], _FRAMES[1] + 1)) if how.codec else 1
    clip = make_clip(planes, size, corner, Motion.draw(rng), frames)
    spoiled = degrade(clip, how)
    return task.index, _cut(spoiled.luma, as_array(clip[-1].y), section, rng), spoiled.hints.codes


def _shrunk_source(planes: Planes, section: PairsSection, rng: np.random.Generator) -> Planes:
    if rng.random() >= section.shrink_source:
        return planes
    largest = min(2.0, min(planes.size) / smallest_picture(section))
    ratio = float(rng.uniform(1.0, max(largest, 1.0)))
    size = (
        max(round(planes.size[0] / ratio), smallest_picture(section)),
        max(round(planes.size[1] / ratio), smallest_picture(section)),
    )
    return planes.resize(size)


def _corner(picture: tuple[int, int], size: tuple[int, int], margin: int, rng: np.random.Generator) -> tuple[int, int]:
    left, top = (int(rng.integers(margin, have - want - margin + 1)) for have, want in zip(picture, size, strict=True))
    return left, top


def _cut(
    spoiled: NDArray[np.uint8], truth: NDArray[np.uint8], section: PairsSection, rng: np.random.Generator
) -> Patches:
    height, width = truth.shape
    patches = np.empty((section.patches, 2, section.patch, section.patch), np.uint8)
    for patch in patches:
        # Even corners: the student works on a grid of 2, and the codec's blocks start on even pixels.
        top = int(rng.integers((height - section.patch) // 2 + 1)) * 2
        left = int(rng.integers((width - section.patch) // 2 + 1)) * 2
        window = (slice(top, top + section.patch), slice(left, left + section.patch))
        patch[0], patch[1] = spoiled[window], truth[window]
    return patches
