"""A training set made from one recorded call: segments to learn from, and its last part kept aside."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

from acutance.training.data.clips import read_frames
from acutance.training.data.dataset import INDEX, VERSION, Item, TrainingSet, as_record, write_json
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes

_SEGMENT = 150
"""Most frames of a segment: five seconds, because a plate is older than the frames that it helps."""
_LEAST = 24
"""Fewest frames of each part: a codec needs some to settle."""
_SHARD = "shard-000-call.planes"


def write_clip_set(clip: Path, folder: Path, *, share: float, kept: float, most: int) -> TrainingSet:
    """Write the frames of a clip, at their own size, as a training set.

    Args:
        clip: The recorded call.
        folder: An empty folder.
        share: Share of the clip, from its start, that is used, 0 to 1.
        kept: Share of the used part, at its end, that is kept aside for validation, 0 to 1.
        most: Most frames that are used; they are the last ones of the used part.

    Raises:
        DataError: The clip cannot be read, changes its size, or is too short.
    """
    total = sum(1 for _ in read_frames(clip, 1.0))
    used = round(total * share)
    first = max(used - most, 0)
    learned, aside = _split(clip, used - first, kept)
    content = hashlib.sha256()
    size: tuple[int, int] | None = None
    with (folder / _SHARD).open("wb") as file:
        for planes in islice(read_frames(clip, 1.0), first, used):
            if size is not None and planes.size != size:
                raise DataError(f"{clip} changes its size from {_pixels(size)} to {_pixels(planes.size)}: cut it there")
            size = planes.size
            for data in _bytes(planes):
                file.write(data)
                content.update(data)
    assert size is not None
    items = list(_items(clip, size, learned, aside))
    index = {
        "version": VERSION,
        "fingerprint": content.hexdigest(),
        "settings": {"share": share, "kept": kept, "most": most},
        "shards": [{"file": _SHARD, "bytes": sum(item.bytes for item in items), "sha256": content.hexdigest()}],
        "dropped": [],
        "items": [as_record(item) for item in items],
    }
    write_json(folder / INDEX, index)
    return TrainingSet.open(folder)


def _split(clip: Path, frames: int, kept: float) -> tuple[int, int]:
    """Return the numbers of frames to learn from and to keep aside."""
    aside = min(max(round(frames * kept), _LEAST), _SEGMENT)
    if frames - aside < _LEAST:
        raise DataError(
            f"{clip} gives {frames} frames, too few to fit a student: {2 * _LEAST} are needed, half a minute is better"
        )
    return frames - aside, aside


def _items(clip: Path, size: tuple[int, int], learned: int, aside: int) -> Iterator[Item]:
    """Yield equal segments of the learned part, and one for validation."""
    width, height = size
    whole = Item(
        name="",
        category="call",
        split="train",
        frames=0,
        width=width,
        height=height,
        source=str(clip),
        licence="",
        licence_class="",
        note="",
        shard=_SHARD,
        offset=0,
    )
    count = -(-learned // _SEGMENT)
    bounds = [index * learned // count for index in range(count + 1)]
    for index, (begin, end) in enumerate(pairwise(bounds)):
        yield replace(whole, name=f"call/{clip.stem}#{index}", frames=end - begin, offset=begin * whole.frame_bytes)
    yield replace(whole, name=f"call/{clip.stem}-kept#0", split="val", frames=aside, offset=learned * whole.frame_bytes)


def _bytes(planes: Planes) -> Iterator[bytes]:
    yield from (plane.tobytes() for plane in (planes.y, planes.cb, planes.cr))


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
