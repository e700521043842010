"""Choose from the usable files: drop near-duplicates, and split into training and validation."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acutance.training.data.dataset import Split
from acutance.training.prepare.files import SourceFile
from acutance.training.prepare.inspection import Inspection


@dataclass(frozen=True)
class Candidate:
    """A usable file, and its inspection."""

    file: SourceFile
    inspection: Inspection


def drop_duplicates(candidates: Sequence[Candidate], apart: int) -> tuple[list[Candidate], dict[str, str]]:
    """Keep one of every group of near-duplicates.

    Validation files are preferred, so that training uses no copy of them; then larger files. A clip is a duplicate of
    another clip only if all three hashed frames are near-duplicates.

    Args:
        candidates: Usable files.
        apart: Minimum number of bits by which perceptual hashes must differ.

    Returns:
        The kept files, sorted by name; and the name of the kept duplicate by the name of each dropped file.
    """
    kept: list[Candidate] = []
    duplicates: dict[str, str] = {}
    for moving in (False, True):
        group = sorted((c for c in candidates if c.file.moving == moving), key=_preference)
        if not group:
            continue
        # [files, hashes a file, bytes a hash]
        hashes = np.array([[list(bytes.fromhex(h)) for h in c.inspection.hashes] for c in group], dtype=np.uint8)
        kept_places: list[int] = []
        for index, candidate in enumerate(group):
            alike = _alike(hashes[index], hashes[kept_places], apart)
            if alike is None:
                kept_places.append(index)
            else:
                duplicates[candidate.file.name] = group[kept_places[alike]].file.name
        kept += [group[index] for index in kept_places]
    return sorted(kept, key=lambda c: c.file.name), duplicates


def split(candidates: Sequence[Candidate], share: float, seed: int) -> dict[str, Split]:
    """Split files into training and validation.

    All files of the validation folders are validation files. If these folders have no pictures, `share` of the pictures
    of each category is chosen, and the same for clips; if that is less than one file in every category, one file is
    chosen. The choice depends on the content of the files, not on their names.

    Args:
        candidates: Files of all sources.
        share: Share of validation files, 0 to 1; with 0, all are for training.
        seed: Seed of the choice.

    Returns:
        The split of each file, by name.
    """
    chosen: set[str] = set()
    for moving in (False, True):
        kind = [c for c in candidates if c.file.moving == moving]
        in_folders = [c for c in kind if c.file.validation]
        files = in_folders or _drawn(kind, share, seed)
        chosen.update(c.file.name for c in files)
    return {c.file.name: "val" if c.file.name in chosen else "train" for c in candidates}


def segments(frames: int, length: int, most: int) -> list[tuple[int, int]]:
    """First frame and length of each segment of a clip: spread over the clip, not overlapping."""
    length = min(length, frames)
    count = min(frames // length, most)
    if count == 1:
        return [((frames - length) // 2, length)]
    return [(index * (frames - length) // (count - 1), length) for index in range(count)]


def _drawn(candidates: Sequence[Candidate], share: float, seed: int) -> list[Candidate]:
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda c: _draw_key(c, seed)):
        groups[candidate.file.category].append(candidate)
    chosen: list[Candidate] = []
    for group in groups.values():
        chosen += group[: min(int(len(group) * share + 0.5), len(group) - 1)]
    if not chosen and share > 0 and len(candidates) > 1:
        return [min(candidates, key=lambda c: _draw_key(c, seed))]
    return chosen


def _preference(candidate: Candidate) -> tuple[bool, int, str]:
    pixels = candidate.inspection.width * candidate.inspection.height
    return (not candidate.file.validation, -pixels, candidate.file.name)


def _alike(own: NDArray[np.uint8], others: NDArray[np.uint8], apart: int) -> int | None:
    if not len(others):
        return None
    distances = np.bitwise_count(others ^ own).sum(-1, dtype=np.int64).max(-1)
    nearest = int(distances.argmin())
    return nearest if distances[nearest] < apart else None


def _draw_key(candidate: Candidate, seed: int) -> str:
    return hashlib.sha256(f"{seed} {candidate.inspection.digest}".encode()).hexdigest()
