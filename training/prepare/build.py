"""From folders of pictures and clips to a training set: look into every file, choose, write.

All that costs time can be cut off and goes on: what was found in each file is noted line by line, shards are whole
or not there, and the index comes last. Its fingerprint follows the content alone.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from acutance.training.data.dataset import INDEX, VERSION, Item, Split, TrainingSet, as_record, write_json
from acutance.training.data.pictures import DataError
from acutance.training.prepare.choose import Candidate, drop_duplicates, segments, split
from acutance.training.prepare.files import Found, find_files
from acutance.training.prepare.gate import Gate, Refusal
from acutance.training.prepare.inspection import look
from acutance.training.prepare.notes import Notes
from acutance.training.prepare.pool import carried_out
from acutance.training.prepare.shards import PATTERN, Part, Shard, lay_out, placed, shard_digest, write_shard
from acutance.training.prepare.sheets import write_sheets

SETTINGS = "settings.json"
SHEETS = "sheets"

Progress = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


@dataclass(frozen=True)
class Settings:
    """What a set is made of and by what rules; two sets of equal settings and files are equal byte for byte.

    Attributes:
        sources: Folders of pictures and clips.
        val: Folders of validation.
        val_share: Share of each category's pictures, or clips, that is validation where `val` holds none.
        seed: Of that choice.
        licence: Of files that no catalogue lists.
        gate: What a picture must have.
        apart: Bits by which perceptual hashes of two files must differ.
        clip_segments: Most segments of a clip.
        segment_frames: Frames of a segment.
    """

    sources: tuple[Path, ...]
    val: tuple[Path, ...]
    val_share: float
    seed: int
    licence: str
    gate: Gate
    apart: int
    clip_segments: int
    segment_frames: int

    def record(self) -> dict[str, object]:
        """As it is kept in the set."""
        folders = {name: [str(p.resolve()) for p in getattr(self, name)] for name in ("sources", "val")}
        return {"version": VERSION, **asdict(self), **folders}


@dataclass(frozen=True)
class Prepared:
    """A set, and what was not taken into it.

    Attributes:
        set: As it was written.
        refused: Why files are not in it.
        sheets: The contact sheets.
    """

    set: TrainingSet
    refused: tuple[tuple[Found, Refusal], ...]
    sheets: tuple[Path, ...]


def prepare_set(settings: Settings, out: Path, processes: int, progress: Progress) -> Prepared:
    """Make a set, or go on making it.

    Args:
        settings: What it is made of.
        out: Its folder.
        processes: How many files are looked into, or shards written, at a time.
        progress: Gives, for a word, a context with a function that is told what is done and what there is in all.

    Raises:
        DataError: There is nothing to make a set of, `out` holds another set, or it cannot be written.
    """
    files = find_files(settings.sources, settings.val, out, settings.licence)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with FileLock(out / ".lock", timeout=0):
            _claim(out, settings)
            return _prepare(settings, files, out, processes, progress)
    except Timeout:
        raise DataError(f"another prepare is at work in {out}") from None
    except OSError as error:
        raise DataError(f"{out} cannot be written ({error.strerror}): run prepare again, it goes on") from None


def _prepare(settings: Settings, files: Sequence[Found], out: Path, processes: int, progress: Progress) -> Prepared:
    with progress("looking into files") as told:
        candidates, refused = _look(files, settings.gate, out, processes, told)
    candidates, doubles = drop_duplicates(candidates, settings.apart)
    by_name = {file.name: file for file in files}
    refused += [(by_name[one], Refusal("duplicate", f"looks like {other}")) for one, other in doubles.items()]
    refused.sort(key=lambda entry: entry[0].name)
    if all(c.file.judged for c in candidates):
        reasons = "; ".join(f"{file.path} {refusal.reason}" for file, refusal in refused[:3])
        raise DataError(f"none of {len(files)} files can be trained on, the first: {reasons}")
    splits = split(candidates, settings.val_share, settings.seed)
    shards = lay_out([_part(c, splits[c.file.name], settings) for c in candidates])
    with progress("writing shards") as told:
        _write(shards, out, processes, told)
    written = _index(settings, shards, refused, out)
    with progress("contact sheets") as told:
        sheets = write_sheets(written, out / SHEETS)
        told(len(sheets), len(sheets))
    return Prepared(written, tuple(refused), tuple(sheets))


def _claim(out: Path, settings: Settings) -> None:
    """Make sure that what is in the folder is this set."""
    path = out / SETTINGS
    wanted = json.loads(json.dumps(settings.record()))
    if path.exists():
        try:
            have = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise DataError(f"{path} is damaged: name another --out, or remove {out}") from None
        if have != wanted:
            other = ", ".join(sorted(key for key in {*have, *wanted} if have.get(key) != wanted.get(key)))
            raise DataError(f"{out} holds a set of other {other}: name another --out, or remove it")
    elif any(entry.name not in (".lock", SETTINGS + ".partial") for entry in out.iterdir()):
        raise DataError(f"{out} holds other files and no training set: name an empty folder as --out")
    else:
        write_json(path, wanted)


def _look(
    files: Sequence[Found], gate: Gate, out: Path, processes: int, told: Callable[[int, int], None]
) -> tuple[list[Candidate], list[tuple[Found, Refusal]]]:
    with Notes(out / "looked.jsonl") as notes:
        missing = [file for file in files if notes.of(file.path) is None]
        done = len(files) - len(missing)
        told(done, len(files))
        for file, looked in carried_out(partial(look, gate=gate), missing, processes):
            notes.add(file.path, looked)
            told(done := done + 1, len(files))
        found = [(file, notes.of(file.path)) for file in files]
    good = [Candidate(file, looked) for file, looked in found if looked and looked.refused is None]
    return good, [(file, looked.refused) for file, looked in found if looked and looked.refused is not None]


def _part(candidate: Candidate, which: Split, settings: Settings) -> Part:
    file, looked = candidate.file, candidate.looked
    cuts = [(0, 1)]
    if file.moving:
        cuts = segments(looked.frames, settings.segment_frames, settings.clip_segments)
    item = Item(
        name=file.name,
        category=file.category,
        split=which,
        frames=1,
        width=looked.width,
        height=looked.height,
        source=str(file.path),
        licence=file.licence,
        licence_class=file.licence_class,
        note=f"reduced by {looked.reduction:g}: soft at full size" if looked.reduction != 1.0 else "",
        shard="",
        offset=0,
    )
    items = [
        replace(item, name=f"{file.name}#{index}" if file.moving else file.name, frames=frames)
        for index, (_, frames) in enumerate(cuts)
    ]
    starts = tuple(start for start, _ in cuts)
    return Part(file.path, looked.digest, file.moving, looked.reduction, starts, tuple(items))


def _write(shards: Sequence[Shard], out: Path, processes: int, told: Callable[[int, int], None]) -> None:
    wanted = [shard for shard in shards if not (out / shard.name).exists()]
    for unfinished in out.glob(PATTERN + ".*.partial"):
        unfinished.unlink()
    needed, free = sum(shard.bytes for shard in wanted), shutil.disk_usage(out).free
    if needed > free:
        raise DataError(
            f"the disk of {out} has {free / 1e6:.0f} MB left and {needed / 1e6:.0f} are needed: "
            "free some space and run prepare again, it goes on"
        )
    done = len(shards) - len(wanted)
    told(done, len(shards))
    for _ in carried_out(partial(write_shard, out), wanted, processes):
        told(done := done + 1, len(shards))


def _index(
    settings: Settings, shards: Sequence[Shard], refused: Iterable[tuple[Found, Refusal]], out: Path
) -> TrainingSet:
    digests = {shard.name: shard_digest(out, shard) for shard in shards}
    items = [replace(item, shard=shard.name, offset=offset) for shard in shards for item, offset in placed(shard)]
    content = hashlib.sha256(f"{VERSION}\n".encode())
    for item in items:
        content.update(f"{item.name} {item.split} {item.frames} {item.width} {item.height}\n".encode())
    for digest in digests.values():
        content.update(digest.encode())
    index = {
        "version": VERSION,
        "fingerprint": content.hexdigest(),
        "settings": settings.record(),
        "shards": [{"file": s.name, "bytes": s.bytes, "sha256": digests[s.name]} for s in shards],
        "dropped": [f"{file.path}: {refusal.kind}: {refusal.reason}" for file, refusal in refused],
        "items": [as_record(item) for item in items],
    }
    write_json(out / INDEX, index)
    for stale in set(out.glob(PATTERN)) - {out / name for name in digests}:
        stale.unlink()
    return TrainingSet.open(out)
