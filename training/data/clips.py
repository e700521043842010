"""Read clips as planes, for training and evaluation."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import numpy as np
from PIL import Image

from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes

SUFFIXES = frozenset({".mp4", ".mkv", ".webm", ".mov", ".y4m"})

LARGE = 720
"""Shorter side in pixels from which a clip is halved by default: clips were compressed before, and halving hides it."""


def find_clips(folder: Path) -> list[Path]:
    """Every clip below a folder, sorted."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def read_clip(path: Path, frames: int, reduction: float | None = None) -> list[Planes]:
    """Read the first `frames` frames of a clip (fewer if it is shorter), see `read_frames`.

    Raises:
        DataError: The file has no video that can be decoded.
    """
    clip = list(islice(read_frames(path, reduction), frames))
    if not clip:
        raise DataError(f"{path} has no frame")
    return clip


def read_frames(path: Path, reduction: float | None = None) -> Iterator[Planes]:
    """Read the frames of a clip, of even size, with chroma of half the size of luma.

    Args:
        path: The file.
        reduction: Factor by which frames are reduced, 1 for the size of the file; by default 2 from `LARGE` px on.

    Raises:
        DataError: The file has no video that can be decoded.
    """
    try:
        with av.open(path) as container:
            if not container.streams.video:
                raise DataError(f"{path} has no video")
            for frame in container.decode(video=0):
                yield reduced(_planes(frame), reduction)
    except (av.error.FFmpegError, OSError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None


def reduced(planes: Planes, reduction: float | None = None) -> Planes:
    """A frame reduced to an even size; by default by 2 from `LARGE` px on."""
    factor = reduction or (2.0 if min(planes.size) >= LARGE else 1.0)
    if factor == 1.0:
        return planes
    width, height = (int(side / factor) // 2 * 2 for side in planes.size)
    return planes.resize((width, height))


def _planes(frame: av.VideoFrame) -> Planes:
    # The decoded luma is unchanged; only other pixel formats than 4:2:0 are converted.
    yuv = frame.to_ndarray(format="yuv420p") if frame.width % 2 == frame.height % 2 == 0 else _even(frame)
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    y = Image.fromarray(np.ascontiguousarray(yuv[:height]).astype(np.uint8))
    cb, cr = (Image.fromarray(plane.astype(np.uint8)) for plane in yuv[height:].reshape(2, height // 2, width // 2))
    return Planes(y, cb, cr)


def _even(frame: av.VideoFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    even = frame.reformat(frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p")
    return np.asarray(even.to_ndarray(), dtype=np.uint8)
