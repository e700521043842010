"""Pairs of degraded and true luma, made once from a training set and kept in memory-mapped files.

Coding a clip takes a tenth of a second, a training step a thirtieth; pairs are therefore made once, by several
processes. An interrupted run continues where it stopped. Each clip has its own seed, so the pairs do not depend on the
number of processes or on interruptions.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from acutance.model.hints import COUNT
from acutance.training.data.dataset import Item, TrainingSet, write_json
from acutance.training.data.process_pool import process_pool
from acutance.training.pairs.patches import ChromaPatches, Patches, Task, make_patches
from acutance.training.pairs.plates import PLANES, make_plate_patches
from acutance.training.pairs.schedule import schedule, usable_items
from acutance.training.recipes.recipe import PairsSection, Recipe

_VERSION = 5
"""Increased when the same recipe and set would give other pairs."""
_PLATE_VERSION = 3
"""The same for recipes with plates: increased when a memory would hold or offer other luma."""
_COLOUR_VERSION = 1
"""The same for recipes with colour; their luma is that of the recipe without."""
_POLL = 0.5
"""Seconds between two attempts to lock the folder while another run makes its pairs."""
_CHROMA, _AROUND = "chroma.npy", "around.npy"


@dataclass(frozen=True)
class Pairs:
    """The pairs that a network is trained on.

    Attributes:
        patches: uint8 `[K, 2, P, P]`: degraded luma, true luma; `[K, 4, P, P]` with remembered luma and its fit, if the
            recipe has plates.
        hints: uint8 `[K, 4]`, see `acutance.model.hints.Hints.codes`.
        fingerprint: Fingerprint of set and settings; pairs with equal fingerprints are equal.
        folder: Folder of the files.
        chroma: uint8 `[K, 2, 2, P / 2, P / 2]`: degraded and true chroma, if the recipe has colour; else None.
        around: uint8 `[K, 2 n, P, P]`: degraded luma of the frames before and after; None if the recipe keeps none.
    """

    patches: Patches
    hints: NDArray[np.uint8]
    fingerprint: str
    folder: Path
    chroma: ChromaPatches | None = None
    around: Patches | None = None

    def __len__(self) -> int:
        return len(self.patches)


def make_pairs(
    source: TrainingSet,
    recipe: Recipe,
    folder: Path | None = None,
    *,
    processes: int,
    progress: Callable[[int, int], None],
) -> Pairs:
    """Make the pairs of a recipe, or continue an interrupted run, and open them read-only.

    Only one run makes the pairs of a folder at a time. A second one waits, reports the progress of the first, and
    continues where the first one stops.

    Args:
        source: The set; its `train` split is used.
        recipe: Its `pairs`, `mixture` and `seed` are used.
        folder: Parent of the folders of all pairs, which are named by their fingerprints; `pairs` in the folder of the
            set by default.
        processes: Worker processes, at least 1.
        progress: Called with the numbers of finished and of all clips.

    Raises:
        DataError: The set has no item large enough for a patch, or a codec failed.
    """
    section = recipe.pairs
    fingerprint = _fingerprint(source, recipe)
    own = (folder or source.folder / "pairs") / fingerprint[:16]
    order = schedule(usable_items(source, section), section, recipe.seed)
    own.mkdir(parents=True, exist_ok=True)
    with _locked(own, lambda: progress(_finished(own), section.clips)):
        _create(own, fingerprint, recipe)
        done = np.load(own / "done.npy", mmap_mode="r")
        tasks = [
            Task(
                index,
                source.folder,
                item,
                (recipe.seed, index),
                section,
                recipe.mixture.mixture,
                recipe.plate,
                _another(order, index),
                recipe.colour,
            )
            for index, item in enumerate(order)
            if not done[index]
        ]
        progress(section.clips - len(tasks), section.clips)
        if tasks:
            _make_all(own, tasks, section, processes, progress)
    opened = {name: np.load(own / name, mmap_mode="r") for name in _shapes(recipe)}
    more = (opened.get(_CHROMA), opened.get(_AROUND))
    return Pairs(opened["pairs.npy"], opened["hints.npy"], fingerprint, own, *more)


def _make_all(
    folder: Path, tasks: Sequence[Task], section: PairsSection, processes: int, progress: Callable[[int, int], None]
) -> None:
    patches, hints, done = (np.load(folder / name, mmap_mode="r+") for name in ("pairs.npy", "hints.npy", "done.npy"))
    further = {name: np.load(folder / name, mmap_mode="r+") for name in _further(section, colour=tasks[0].colour)}
    finished = section.clips - len(tasks)
    with process_pool(processes) as pool:
        make = make_patches if tasks[0].plate is None else make_plate_patches
        futures = [pool.submit(make, task) for task in tasks]
        try:
            for future in as_completed(futures):
                index, made = future.result()
                rows = slice(index * section.patches, (index + 1) * section.patches)
                patches[rows], hints[rows] = made.patches, made.hints
                for name, values in further.items():
                    values[rows] = made.chroma if name == _CHROMA else made.around
                done[index] = 1
                finished += 1
                progress(finished, section.clips)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _fingerprint(source: TrainingSet, recipe: Recipe) -> str:
    plate = set() if recipe.plate is None else {"plate"}
    # Without them, pairs are those of releases that had neither.
    later = {name for name in ("layered", "neighbours") if not getattr(recipe.pairs, name)}
    settings = recipe.model_dump_json(include={"pairs", "mixture", "seed"} | plate, exclude={"pairs": later})
    version = f"{_VERSION}" if recipe.plate is None else f"{_VERSION}.{_PLATE_VERSION}"
    version += f" colour {_COLOUR_VERSION}" if recipe.colour else ""
    return hashlib.sha256(f"{version}\n{settings}\n{source.fingerprint}".encode()).hexdigest()


def _another(order: Sequence[Item], index: int) -> Item | None:
    """Return the next item of the schedule that is of another picture or clip, in turn; None if there is none."""
    name = order[index].name.partition("#")[0]
    following = (*order[index + 1 :], *order[:index])
    return next((item for item in following if item.name.partition("#")[0] != name), None)


def _create(folder: Path, fingerprint: str, recipe: Recipe) -> None:
    """Create the files of a folder if they are missing; `pairs.json` is written last and marks them as complete."""
    note = folder / "pairs.json"
    if not note.exists():
        for name, shape in _shapes(recipe).items():
            np.lib.format.open_memmap(folder / name, "w+", np.uint8, shape)
        write_json(note, {"fingerprint": fingerprint})


def _shapes(recipe: Recipe) -> dict[str, tuple[int, ...]]:
    """Shapes of the files of bytes by their names."""
    section = recipe.pairs
    count, side = section.clips * section.patches, section.patch
    shapes: dict[str, tuple[int, ...]] = {
        "pairs.npy": (count, 2 if recipe.plate is None else PLANES, side, side),
        "hints.npy": (count, COUNT),
        "done.npy": (section.clips,),
    }
    return shapes | {name: (count, *rest) for name, rest in _further(section, colour=recipe.colour).items()}


def _further(section: PairsSection, *, colour: bool) -> dict[str, tuple[int, ...]]:
    """Shapes of one pair in the files that not all recipes have."""
    side = section.patch
    shapes: dict[str, tuple[int, ...]] = {_CHROMA: (2, 2, side // 2, side // 2)} if colour else {}
    return shapes | ({_AROUND: (2 * section.neighbours, side, side)} if section.neighbours else {})


@contextmanager
def _locked(folder: Path, wait: Callable[[], None]) -> Iterator[None]:
    """Lock a folder; `wait` is called repeatedly while another run holds the lock."""
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
    """Number of finished clips."""
    if not (folder / "pairs.json").exists():
        return 0
    return int(np.load(folder / "done.npy", mmap_mode="r").sum(dtype=np.int64))
