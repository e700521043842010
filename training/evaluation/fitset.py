"""Pictures to fit the linear filter on: the training split of a prepared set, or a folder of pictures."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from acutance.training.data.dataset import INDEX, Item, TrainingSet
from acutance.training.data.motion import MARGIN
from acutance.training.data.pictures import SUFFIXES, DataError, PictureFile, read_planes
from acutance.training.data.process_pool import process_pool
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.methods.linear import filter_folder, fit_one
from acutance.training.evaluation.testsets import Sample, last_frame, still

_PICTURES = 25
"""Number of pictures, spread evenly over the categories; more pictures changed no table by 0.01 dB."""
_SMALLEST = 128 + 2 * MARGIN


@dataclass(frozen=True)
class FitSet:
    """Pictures to fit on.

    Attributes:
        pictures: Files, or items of a prepared set.
        prepared: The prepared set, None for a folder of pictures.
        fingerprint: Fingerprint of the pictures, part of the name of the folder of their filters.
    """

    pictures: tuple[PictureFile | Item, ...]
    prepared: TrainingSet | None
    fingerprint: str

    @classmethod
    def open(cls, folder: Path) -> "FitSet":
        """Choose pictures evenly over the categories, and evenly from first to last in each.

        Raises:
            DataError: No picture is large enough, or the folder does not exist.
        """
        if (folder / INDEX).is_file():
            prepared = TrainingSet.open(folder)
            items = [item for item in prepared.split("train") if min(item.width, item.height) >= _SMALLEST]
            return cls(tuple(_spread(items)), prepared, prepared.fingerprint)
        chosen = _spread(_find(folder))
        names = [f"{p.path.relative_to(folder)} {p.path.stat().st_size}" for p in chosen]
        return cls(tuple(chosen), None, hashlib.sha256("\n".join(names).encode()).hexdigest())

    def samples(self, how: Degradation) -> Iterator[Sample]:
        """One degraded frame of each picture; the last frame of a clip."""
        for seed, picture in enumerate(self.pictures):
            if isinstance(picture, PictureFile):
                yield still(read_planes(picture.path), how, seed)
                continue
            assert self.prepared is not None
            if picture.frames == 1:
                yield still(self.prepared.planes(picture), how, seed)
            else:
                yield last_frame([self.prepared.planes(picture, frame) for frame in range(picture.frames)], how)


def fit_filters(
    pictures: FitSet,
    names: Sequence[str],
    keep: Path | None = None,
    processes: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Fit the linear filters that are not cached yet.

    Args:
        pictures: Pictures to fit on.
        names: Names of degradations.
        keep: Folder in which filters are cached; by default, the cache of the user.
        processes: Number of degradations fitted at a time.
        progress: Called with the numbers of finished and of all degradations.

    Returns:
        The folder to give to `acutance.training.evaluation.methods.methods.open_method`.

    Raises:
        DataError: A picture cannot be read, or a codec failed.
    """
    folder = filter_folder(keep or cache_folder(), pictures.fingerprint)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in names if not (folder / f"{name}.npy").is_file()]
    if processes == 1 or len(missing) < 2:
        for index, name in enumerate(missing):
            _fit(pictures, name, folder)
            progress(index + 1, len(missing))
        return folder
    with process_pool(processes) as pool:
        fits = [pool.submit(_fit, pictures, name, folder) for name in missing]
        for index, done in enumerate(as_completed(fits)):
            done.result()
            progress(index + 1, len(missing))
    return folder


def cache_folder() -> Path:
    """The cache folder of the user (XDG base directory specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "acutance"


def _fit(pictures: FitSet, name: str, folder: Path) -> None:
    how = Degradation.parse(name)
    fit_one(pictures.samples(how), how, folder / f"{name}.npy")


def _find(folder: Path) -> list[PictureFile]:
    """All pictures of a folder that are large enough; only headers are read, because few pictures will be decoded."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder of pictures to fit the linear filter on")
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()):
        try:
            with Image.open(path) as image:
                width, height = image.size
        except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError):
            continue
        if min(width, height) >= _SMALLEST:
            inside = path.relative_to(folder).parts
            found.append(PictureFile(path, inside[0] if len(inside) > 1 else "all", width, height))
    return found


def _spread[Picture: (PictureFile, Item)](pictures: Sequence[Picture]) -> list[Picture]:
    """About `_PICTURES` pictures in all, the same number from each category, evenly from first to last."""
    categories: dict[str, list[Picture]] = defaultdict(list)
    for picture in pictures:
        categories[picture.category].append(picture)
    if not categories:
        raise DataError(f"there is no picture of at least {_SMALLEST} px a side to fit the linear filter on")
    share = -(-_PICTURES // len(categories))
    return [
        group[index * len(group) // min(share, len(group))]
        for group in categories.values()
        for index in range(min(share, len(group)))
    ]
