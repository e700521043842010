"""A teacher's output for every pair, computed once and kept beside the pairs.

Crops leave out the outer pixels of a patch, which the teacher's padding reaches. Labels have 8 bits: their PSNR against
the teacher's output is 59 dB, that of the output against the truth 30 to 45 dB.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray

from acutance.training.data.pictures import DataError
from acutance.training.pairs.pairs import Pairs
from acutance.training.teachers.teachers import LoadedTeacher

_AT_ONCE = 16
"""Patches in one forward pass."""


def label_pairs(
    pairs: Pairs, teacher: LoadedTeacher, device: torch.device, progress: Callable[[int, int], None]
) -> NDArray[np.uint8]:
    """Compute the labels that are missing, and open all of them.

    Args:
        pairs: The pairs to label; the labels are stored in their folder under the digest of the teacher.
        teacher: The teacher.
        device: Device that runs the teacher.
        progress: Called with pairs done and pairs in all.

    Returns:
        uint8 `[K, P, P]`, memory-mapped.

    Raises:
        DataError: The disk is full or not writable, or a privileged teacher needs frames that the pairs do not have.
    """
    kept = 0 if pairs.around is None else pairs.around.shape[1] // 2
    if teacher.neighbours > kept:
        raise DataError(
            f"{teacher.name} sees {teacher.neighbours} frames before and after, and the pairs keep {kept}: "
            f"--set pairs.neighbours={teacher.neighbours}"
        )
    path = pairs.folder / f"labels-{teacher.digest[:16]}.npy"
    try:
        # If several runs with the same pairs start at once, one computes the labels and the others wait.
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                _compute(pairs, teacher, device, progress, path)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error}): free some space and run again") from None
    labels: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    progress(len(pairs), len(pairs))
    return labels


def _compute(
    pairs: Pairs, teacher: LoadedTeacher, device: torch.device, progress: Callable[[int, int], None], path: Path
) -> None:
    unfinished = path.with_suffix(".unfinished")
    side = pairs.patches.shape[-1]
    network = teacher.module.to(device)
    with unfinished.open("ab") as file:
        if file.tell() == 0:
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(pairs), side, side)}
            np.lib.format.write_array_header_1_0(file, header)
            file.flush()
        begin = _header_size(unfinished)
        # The file is only appended to: after an interruption, only its last patch may be incomplete.
        done = (file.tell() - begin) // side**2
        file.truncate(begin + done * side**2)
        for first in range(done, len(pairs), _AT_ONCE):
            progress(first, len(pairs))
            luma = torch.from_numpy(np.array(pairs.patches[first : first + _AT_ONCE, :1])).to(device)
            hints = torch.from_numpy(np.array(pairs.hints[first : first + _AT_ONCE])).to(device)
            around = {}
            if teacher.neighbours and pairs.around is not None:
                frames = torch.from_numpy(np.array(pairs.around[first : first + _AT_ONCE])).to(device)
                around = {"around": _middle(frames.float() / 255, teacher.neighbours)}
            with torch.inference_mode():
                output = network(luma.float() / 255, hints.float() / 255, **around)
            file.write((output[:, 0] * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy().tobytes())
            file.flush()
    unfinished.replace(path)


def _middle(around: torch.Tensor, count: int) -> torch.Tensor:
    """The nearest `count` frames on each side, of at least as many."""
    kept = around.shape[1] // 2
    return around[:, kept - count : kept + count]


def _header_size(path: Path) -> int:
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        return file.tell()
