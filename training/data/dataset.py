"""A training set that `prepare` wrote: pictures and segments of clips as planes, memory-mapped.

A set is a folder with an index, `set.json`, and shards: the items' frames one after another, each as planar 4:2:0
of 8 bits (luma, then both chroma of half the size), as decoders give them.
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
"""Raised when what an index or a shard holds changes its meaning."""

Split = Literal["train", "val"]


@dataclass(frozen=True)
class Item:
    """A picture, or consecutive frames of a clip.

    Attributes:
        name: Unique in the set: category and file name, for a clip `#` and the segment's number.
        category: What it shows.
        split: Whether it is trained on or judged by; the segments of a clip are never parted.
        frames: 1 for a picture.
        width: Of the luma in pixels, even.
        height: Of the luma in pixels, even.
        source: The file it was made of.
        licence: In the catalogue's words.
        licence_class: What kind of licence that is, in words.
        note: What was done to it, empty for nothing.
        shard: File name of the shard that holds it.
        offset: Where in it, in bytes.
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
        """Bytes of one frame, luma and chroma."""
        return self.width * self.height * 3 // 2

    @property
    def bytes(self) -> int:
        """Bytes of all frames."""
        return self.frame_bytes * self.frames


@dataclass(frozen=True)
class TrainingSet:
    """A prepared set. Shards are mapped when first read, in every process anew: a set is cheap to send to workers.

    Attributes:
        folder: Where it lies.
        items: All of them, sorted by name.
        fingerprint: Of the items' content and the settings that made them: equal ones are equal sets.
        dropped: Files that are not in the set, each with its reason in words.
    """

    folder: Path
    items: tuple[Item, ...]
    fingerprint: str
    dropped: tuple[str, ...]
    _maps: dict[str, NDArray[np.uint8]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def open(cls, folder: Path) -> "TrainingSet":
        """Open a set and check that all of it is there.

        Raises:
            DataError: The folder holds no finished set, one of another version, or a shard is missing or short.
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
        """A frame's luma, uint8 `[H, W]`: a read-only view of the shard."""
        size = item.width * item.height
        return self._frame(item, frame)[:size].reshape(item.height, item.width)

    def planes(self, item: Item, frame: int = 0) -> Planes:
        """A frame's luma, and both chroma of half its size."""
        flat, size = self._frame(item, frame), item.width * item.height
        half = (item.height // 2, item.width // 2)
        cb, cr = flat[size:].reshape(2, *half)
        luma = flat[:size].reshape(item.height, item.width)
        return Planes(Image.fromarray(luma), Image.fromarray(cb), Image.fromarray(cr))

    def _frame(self, item: Item, frame: int) -> NDArray[np.uint8]:
        if not 0 <= frame < item.frames:
            raise IndexError(f"{item.name} has {item.frames} frames, there is no frame {frame}")
        if item.shard not in self._maps:
            self._maps[item.shard] = np.memmap(self.folder / item.shard, np.uint8, "r")
        begin = item.offset + frame * item.frame_bytes
        return self._maps[item.shard][begin : begin + item.frame_bytes]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the maps out: pickled, they would be copies of whole shards."""
        return {**self.__dict__, "_maps": {}}


def read_index(folder: Path) -> dict[str, Any]:
    """Read a set's index.

    Raises:
        DataError: There is none, or it is of another version.
    """
    path = folder / INDEX
    if not path.is_file():
        unfinished = any(folder.glob("*.partial")) or (folder / "settings.json").is_file()
        why = "is not finished: run the same prepare again, it goes on" if unfinished else "holds no training set"
        raise DataError(f"{folder} {why} (there is no {INDEX})")
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    if not isinstance(index, dict) or index.get("version") != VERSION:
        raise DataError(f"{path} is not an index of version {VERSION}: prepare the set again with this release")
    return index


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def as_record(item: Item) -> dict[str, Any]:
    """An item as the index keeps it."""
    return asdict(item)
