"""Shards: the layout of the items of a set in files, and writing these files."""

import errno
import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from acutance.training.data import clips
from acutance.training.data.dataset import Item
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes
from acutance.training.prepare.inspection import digest_of, planes_of

SHARD_BYTES = 256_000_000
"""Maximum size of a shard in bytes; the items of a larger file have a shard of their own."""
PATTERN = "shard-*.planes"


@dataclass(frozen=True)
class Part:
    """The items of one source file, and their positions in it.

    Attributes:
        path: The source file.
        digest: SHA-256 of its bytes in hexadecimal.
        moving: Whether it is a clip.
        reduction: Reduction of the frames, 1.0 for none.
        starts: First frame of each item.
        items: The items; shard and offset are not set yet.
    """

    path: Path
    digest: str
    moving: bool
    reduction: float
    starts: tuple[int, ...]
    items: tuple[Item, ...]

    @property
    def bytes(self) -> int:
        """Size of all items in bytes."""
        return sum(item.bytes for item in self.items)

    @property
    def identity(self) -> str:
        """A text that determines the written bytes: digest, reduction and cuts."""
        cuts = [
            (start, item.frames, item.width, item.height) for start, item in zip(self.starts, self.items, strict=True)
        ]
        return f"{self.digest} {self.reduction} {cuts}"


@dataclass(frozen=True)
class Shard:
    """Parts in one file; its name depends on the content."""

    name: str
    parts: tuple[Part, ...]

    @property
    def bytes(self) -> int:
        """Size of the file in bytes."""
        return sum(part.bytes for part in self.parts)


def lay_out(parts: Sequence[Part], most: int = SHARD_BYTES) -> list[Shard]:
    """Fill shards of at most `most` bytes in the order of the parts; the segments of a clip stay together."""
    groups: list[list[Part]] = []
    filled = most
    for part in parts:
        if not groups or filled + part.bytes > most:
            groups.append([])
            filled = 0
        groups[-1].append(part)
        filled += part.bytes
    shards = []
    for index, group in enumerate(groups):
        digest = hashlib.sha256("\n".join(part.identity for part in group).encode()).hexdigest()
        shards.append(Shard(f"shard-{index:03d}-{digest[:12]}.planes", tuple(group)))
    return shards


def placed(shard: Shard) -> Iterator[tuple[Item, int]]:
    """Every item of a shard with its offset in bytes."""
    items = [item for part in shard.parts for item in part.items]
    yield from zip(items, itertools.accumulate((item.bytes for item in items), initial=0), strict=False)


def write_shard(folder: Path, shard: Shard) -> None:
    """Write a shard atomically; an existing one is not changed.

    Raises:
        DataError: The disk is full or not writable, or a source file changed since its inspection.
    """
    path = folder / shard.name
    if path.exists():
        return
    # A worker may outlive a killed run and must not write to the same file as a worker of the next run.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            for part in shard.parts:
                if digest_of(part.path) != part.digest:
                    raise DataError(f"{part.path} changed since it was inspected: run prepare again")
                for planes in _frames(part):
                    for plane in (planes.y, planes.cb, planes.cr):
                        file.write(plane.tobytes())
        if partial.stat().st_size != shard.bytes:
            raise DataError(f"{path} would not have the planned size, a source file changed: run prepare again")
        partial.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(
                f"the disk of {folder} is full: free some space and run prepare again, it continues"
            ) from None
        raise DataError(f"{path} cannot be written ({error.strerror})") from None


def shard_digest(folder: Path, shard: Shard) -> str:
    """SHA-256 of a shard's bytes."""
    with (folder / shard.name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _frames(part: Part) -> Iterator[Planes]:
    """The frames of all items of a part.

    Raises:
        DataError: The number of frames differs from that at the inspection.
    """
    count = 0
    if not part.moving:
        count = 1
        yield planes_of(part.path, part.reduction)
    else:
        wanted = {
            start + frame for start, item in zip(part.starts, part.items, strict=True) for frame in range(item.frames)
        }
        for planes in itertools.compress(
            clips.read_frames(part.path, part.reduction), (index in wanted for index in range(max(wanted) + 1))
        ):
            count += 1
            yield planes
    if count != sum(item.frames for item in part.items):
        raise DataError(f"{part.path} changed since it was inspected: run prepare again")
