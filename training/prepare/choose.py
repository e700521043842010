"""Which of the good files stay: one of near-duplicates, each on one side of the split."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acutance.training.data.dataset import Split
from acutance.training.prepare.files import Found
from acutance.training.prepare.inspection import Looked


@dataclass(frozen=True)
class Candidate:
    """A file that may be used."""

    file: Found
    looked: Looked


def drop_duplicates(candidates: Sequence[Candidate], apart: int) -> tuple[list[Candidate], dict[str, str]]:
    """Keep one of every group of files that look the same.

    Files of validation are kept before others, so that none of them is trained on; then larger ones before smaller.
    Clips are duplicates of clips only, and only where all their three frames are alike.

    Args:
        candidates: Files and what they look like.
        apart: Bits by which perceptual hashes must differ.

    Returns:
        Those that stay, in the order of their names, and of each other the name of the file that it doubles.
    """
    kept: list[Candidate] = []
    doubles: dict[str, str] = {}
    for moving in (False, True):
        group = sorted((c for c in candidates if c.file.moving == moving), key=_worth)
        if not group:
            continue
        # [files, hashes a file, bytes a hash]
        hashes = np.array([[list(bytes.fromhex(h)) for h in c.looked.hashes] for c in group], dtype=np.uint8)
        stays: list[int] = []
        for index, candidate in enumerate(group):
            alike = _alike(hashes[index], hashes[stays], apart)
            if alike is None:
                stays.append(index)
            else:
                doubles[candidate.file.name] = group[stays[alike]].file.name
        kept += [group[index] for index in stays]
    return sorted(kept, key=lambda c: c.file.name), doubles


def split(candidates: Sequence[Candidate], share: float, seed: int) -> dict[str, Split]:
    """Choose what is validated on, by files: all of validation sources, and a share of what these do not hold.

    Where they hold no picture, `share` of each category's pictures is taken; where no clip, of its clips; where no
    category has enough for one, one file in all. The choice follows the files' content, so that other names or
    folders choose the same.

    Args:
        candidates: Files of all sources.
        share: 0 to 1; 0 keeps all for training.
        seed: Another one chooses others.
    """
    judged: set[str] = set()
    for moving in (False, True):
        kind = [c for c in candidates if c.file.moving == moving]
        held = [c for c in kind if c.file.judged] or _drawn(kind, share, seed)
        judged.update(c.file.name for c in held)
    return {c.file.name: "val" if c.file.name in judged else "train" for c in candidates}


def segments(frames: int, length: int, most: int) -> list[tuple[int, int]]:
    """Where a clip's segments begin and how long they are: spread over it, not overlapping."""
    length = min(length, frames)
    count = min(frames // length, most)
    if count == 1:
        return [((frames - length) // 2, length)]
    return [(index * (frames - length) // (count - 1), length) for index in range(count)]


def _drawn(candidates: Sequence[Candidate], share: float, seed: int) -> list[Candidate]:
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda c: _lot(c, seed)):
        groups[candidate.file.category].append(candidate)
    chosen: list[Candidate] = []
    for group in groups.values():
        chosen += group[: min(int(len(group) * share + 0.5), len(group) - 1)]
    if not chosen and share > 0 and len(candidates) > 1:
        return [min(candidates, key=lambda c: _lot(c, seed))]
    return chosen


def _worth(candidate: Candidate) -> tuple[bool, int, str]:
    return (not candidate.file.judged, -candidate.looked.width * candidate.looked.height, candidate.file.name)


def _alike(own: NDArray[np.uint8], others: NDArray[np.uint8], apart: int) -> int | None:
    if not len(others):
        return None
    distances = np.bitwise_count(others ^ own).sum(-1, dtype=np.int64).max(-1)
    nearest = int(distances.argmin())
    return nearest if distances[nearest] < apart else None


def _lot(candidate: Candidate, seed: int) -> str:
    return hashlib.sha256(f"{seed} {candidate.looked.digest}".encode()).hexdigest()
