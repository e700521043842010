"""A training set made by `prepare`: pictures and segments of clips as planes, memory-mapped.

A set is a folder with an index, `set.json`, and shards. A shard is the concatenation of the frames of its items, each
as planar 4:2:0 of 8 bits: luma, then both chroma planes of half the size.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes

INDEX = "set.json"
VERSION = 1
"""Increased when the format of the index or of a shard changes."""

Split = Literal["train", "val"]


@dataclass(frozen=True)
class Item:
    """A picture, or consecutive frames of a clip.

    Attributes:
        name: Unique in the set: category and file name; for a clip also `#` and the number of the segment.
        category: Name of the category.
        split: `train` or `val`; all segments of a clip are in the same split.
        frames: Number of frames, 1 for a picture.
        width: Width of the luma in pixels, even.
        height: Height of the luma in pixels, even.
        source: Path of the source file.
        licence: The licence as the catalogue writes it.
        licence_class: The class of that licence.
        note: How the item was changed, empty if it was not.
        shard: File name of its shard.
        offset: Offset in the shard in bytes.
    """

    name: str
    category: str
    split: Split
    frames: int
    width: int
    height: int
    source: str
    licence: str
    licence_class: str
    note: str
    shard: str
    offset: int

    @property
    def frame_bytes(self) -> int:
        """Size of one frame in bytes, luma and chroma."""
        return self.width * self.height * 3 // 2

    @property
    def bytes(self) -> int:
        """Size of all frames in bytes."""
        return self.frame_bytes * self.frames


@dataclass(frozen=True)
class TrainingSet:
    """A prepared set. Each process maps a shard when it first reads it, so a set is cheap to send to workers.

    Attributes:
        folder: Folder of the set.
        items: All items, sorted by name.
        fingerprint: Fingerprint of the content; sets with equal fingerprints are equal.
        dropped: Files that are not in the set, each with the reason.
    """

    folder: Path
    items: tuple[Item, ...]
    fingerprint: str
    dropped: tuple[str, ...]
    _maps: dict[str, NDArray[np.uint8]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def open(cls, folder: Path) -> "TrainingSet":
        """Open a set and check that it is complete.

        Raises:
            DataError: The folder holds no finished set, a set of another version, or a shard is missing or truncated.
        """
        index = read_index(folder)
        try:
            items = tuple(Item(**item) for item in index["items"])
            opened = cls(folder, items, index["fingerprint"], tuple(index["dropped"]))
            shards = {shard["file"]: int(shard["bytes"]) for shard in index["shards"]}
        except (KeyError, TypeError) as error:
            raise DataError(f"{folder / INDEX} is damaged ({error!r}): prepare the set again") from None
        for name, size in shards.items():
            path = folder / name
            if not path.is_file():
                raise DataError(f"{path} is missing: prepare the set again")
            if path.stat().st_size != size:
                raise DataError(f"{path} has {path.stat().st_size} bytes, not {size}: prepare the set again")
        return opened

    def split(self, which: Split) -> list[Item]:
        """The items of a split, sorted by name."""
        return [item for item in self.items if item.split == which]

    def luma(self, item: Item, frame: int = 0) -> NDArray[np.uint8]:
        """The luma of a frame, uint8 `[H, W]`: a read-only view of the shard.

        Raises:
            IndexError: The item has no such frame.
        """
        size = item.width * item.height
        return self._frame(item, frame)[:size].reshape(item.height, item.width)

    def planes(self, item: Item, frame: int = 0) -> Planes:
        """The planes of a frame, with chroma of half the size.

        Raises:
            IndexError: The item has no such frame.
        """
        flat, size = self._frame(item, frame), item.width * item.height
        half = (item.height // 2, item.width // 2)
        cb, cr = flat[size:].reshape(2, *half)
        luma = flat[:size].reshape(item.height, item.width)
        return Planes(Image.fromarray(luma), Image.fromarray(cb), Image.fromarray(cr))

    def _frame(self, item: Item, frame: int) -> NDArray[np.uint8]:
        if not 0 <= frame < item.frames:
            raise IndexError(f"{item.name} has {item.frames} frames, no frame {frame}")
        if item.shard not in self._maps:
            self._maps[item.shard] = np.memmap(self.folder / item.shard, np.uint8, "r")
        begin = item.offset + frame * item.frame_bytes
        return self._maps[item.shard][begin : begin + item.frame_bytes]

    def __getstate__(self) -> dict[str, Any]:
        """The state without the maps: pickling would copy whole shards."""
        return {**self.__dict__, "_maps": {}}


def read_index(folder: Path) -> dict[str, Any]:
    """Read the index of a set.

    Raises:
        DataError: The index is missing, cannot be read, or has another version.
    """
    path = folder / INDEX
    if not path.is_file():
        unfinished = any(folder.glob("*.partial")) or (folder / "settings.json").is_file()
        why = "is not finished: run the same prepare again, it continues" if unfinished else "holds no training set"
        raise DataError(f"{folder} {why} (there is no {INDEX})")
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    if not isinstance(index, dict) or index.get("version") != VERSION:
        raise DataError(f"{path} is not an index of version {VERSION}: prepare the set again with this release")
    return index


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file atomically."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def as_record(item: Item) -> dict[str, Any]:
    """An item as the index stores it."""
    return asdict(item)
