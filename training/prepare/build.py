"""Make a training set from folders of pictures and clips: inspect every file, choose, write.

An interrupted run continues where it stopped: each inspection is appended to a log, shards are written atomically, and
the index is written last. The fingerprint depends only on the content.
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
from acutance.training.prepare.files import SourceFile, find_files
from acutance.training.prepare.gate import Gate, Refusal
from acutance.training.prepare.inspection import inspect_file
from acutance.training.prepare.inspection_log import InspectionLog
from acutance.training.prepare.pool import run_all
from acutance.training.prepare.shards import PATTERN, Part, Shard, lay_out, placed, shard_digest, write_shard
from acutance.training.prepare.sheets import write_sheets

SETTINGS = "settings.json"
SHEETS = "sheets"

Progress = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


@dataclass(frozen=True)
class Settings:
    """The settings of a set; equal settings and files give byte-identical sets.

    Attributes:
        sources: Folders of pictures and clips.
        val: Folders of validation pictures and clips.
        val_share: Share of the pictures (or clips) of each category that is taken for validation where `val` has none.
        seed: Seed of that choice.
        licence: Licence of files that no catalogue lists.
        gate: Requirements on a picture.
        apart: Minimum number of bits by which the perceptual hashes of two files must differ.
        clip_segments: Maximum number of segments of a clip.
        segment_frames: Number of frames of a segment.
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
        """The settings as they are stored in the set."""
        folders = {name: [str(p.resolve()) for p in getattr(self, name)] for name in ("sources", "val")}
        return {"version": VERSION, **asdict(self), **folders}


@dataclass(frozen=True)
class Prepared:
    """The result of `prepare_set`.

    Attributes:
        set: The set, open.
        refused: Files that are not in it, each with the reason.
        sheets: Files of the contact sheets.
    """

    set: TrainingSet
    refused: tuple[tuple[SourceFile, Refusal], ...]
    sheets: tuple[Path, ...]


def prepare_set(settings: Settings, out: Path, processes: int, progress: Progress) -> Prepared:
    """Make a set, or continue an interrupted one.

    Args:
        settings: The settings of the set.
        out: Folder of the set.
        processes: Number of files inspected, or shards written, at a time.
        progress: Returns, for the name of a stage, a context manager of a function `report(done, total)`.

    Raises:
        DataError: No file can be used, `out` holds another set, or it cannot be written.
    """
    files = find_files(settings.sources, settings.val, out, settings.licence)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with FileLock(out / ".lock", timeout=0):
            _claim(out, settings)
            return _prepare(settings, files, out, processes, progress)
    except Timeout:
        raise DataError(f"another `prepare` is writing {out}: wait for it, or name another --out") from None
    except OSError as error:
        raise DataError(
            f"{out} cannot be written ({error.strerror}): remove the cause and run prepare again, it continues"
        ) from None


def _prepare(
    settings: Settings, files: Sequence[SourceFile], out: Path, processes: int, progress: Progress
) -> Prepared:
    with progress("inspecting files") as report:
        candidates, refused = _inspect(files, settings.gate, out, processes, report)
    candidates, doubles = drop_duplicates(candidates, settings.apart)
    by_name = {file.name: file for file in files}
    refused += [(by_name[one], Refusal("duplicate", f"is a duplicate of {other}")) for one, other in doubles.items()]
    refused.sort(key=lambda entry: entry[0].name)
    if all(c.file.validation for c in candidates):
        reasons = "; ".join(f"{file.path} {refusal.reason}" for file, refusal in refused[:3])
        raise DataError(f"none of {len(files)} files can be used for training, the first: {reasons}")
    splits = split(candidates, settings.val_share, settings.seed)
    shards = lay_out([_part(c, splits[c.file.name], settings) for c in candidates])
    with progress("writing shards") as report:
        _write(shards, out, processes, report)
    written = _index(settings, shards, refused, out)
    with progress("contact sheets") as report:
        sheets = write_sheets(written, out / SHEETS)
        report(len(sheets), len(sheets))
    return Prepared(written, tuple(refused), tuple(sheets))


def _claim(out: Path, settings: Settings) -> None:
    """Claim the folder for these settings.

    Raises:
        DataError: It holds another set, or other files.
    """
    path = out / SETTINGS
    wanted = json.loads(json.dumps(settings.record()))
    if path.exists():
        try:
            have = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise DataError(f"{path} is damaged: name another --out, or remove {out}") from None
        if have != wanted:
            other = ", ".join(sorted(key for key in {*have, *wanted} if have.get(key) != wanted.get(key)))
            raise DataError(f"{out} holds a set with other settings ({other}): name another --out, or remove it")
    elif any(entry.name not in (".lock", SETTINGS + ".partial") for entry in out.iterdir()):
        raise DataError(f"{out} holds files that are no training set: name an empty folder as --out")
    else:
        write_json(path, wanted)


def _inspect(
    files: Sequence[SourceFile], gate: Gate, out: Path, processes: int, report: Callable[[int, int], None]
) -> tuple[list[Candidate], list[tuple[SourceFile, Refusal]]]:
    with InspectionLog(out / "inspections.jsonl") as log:
        missing = [file for file in files if log.find(file.path) is None]
        done = len(files) - len(missing)
        report(done, len(files))
        for file, inspection in run_all(partial(inspect_file, gate=gate), missing, processes):
            log.add(file.path, inspection)
            report(done := done + 1, len(files))
        found = [(file, log.find(file.path)) for file in files]
    candidates = [Candidate(file, one) for file, one in found if one and one.refused is None]
    return candidates, [(file, one.refused) for file, one in found if one and one.refused is not None]


def _part(candidate: Candidate, which: Split, settings: Settings) -> Part:
    file, inspection = candidate.file, candidate.inspection
    cuts = [(0, 1)]
    if file.moving:
        cuts = segments(inspection.frames, settings.segment_frames, settings.clip_segments)
    item = Item(
        name=file.name,
        category=file.category,
        split=which,
        frames=1,
        width=inspection.width,
        height=inspection.height,
        source=str(file.path),
        licence=file.licence,
        licence_class=file.licence_class,
        note=f"reduced by {inspection.reduction:g} to be crisp" if inspection.reduction != 1.0 else "",
        shard="",
        offset=0,
    )
    items = [
        replace(item, name=f"{file.name}#{index}" if file.moving else file.name, frames=frames)
        for index, (_, frames) in enumerate(cuts)
    ]
    starts = tuple(start for start, _ in cuts)
    return Part(file.path, inspection.digest, file.moving, inspection.reduction, starts, tuple(items))


def _write(shards: Sequence[Shard], out: Path, processes: int, report: Callable[[int, int], None]) -> None:
    wanted = [shard for shard in shards if not (out / shard.name).exists()]
    for unfinished in out.glob(PATTERN + ".*.partial"):
        unfinished.unlink()
    needed, free = sum(shard.bytes for shard in wanted), shutil.disk_usage(out).free
    if needed > free:
        raise DataError(
            f"the disk of {out} has {free / 1e6:.0f} MB left, {needed / 1e6:.0f} MB are needed: "
            "free some space and run prepare again, it continues"
        )
    done = len(shards) - len(wanted)
    report(done, len(shards))
    for _ in run_all(partial(write_shard, out), wanted, processes):
        report(done := done + 1, len(shards))


def _index(
    settings: Settings, shards: Sequence[Shard], refused: Iterable[tuple[SourceFile, Refusal]], out: Path
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
