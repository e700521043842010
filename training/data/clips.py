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

HALVED_FROM = 720
"""Clips whose shorter side is at least this are halved: they were compressed before, and are crisp only then."""


def find_clips(folder: Path) -> list[Path]:
    """Every clip below a folder, sorted."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def read_clip(path: Path, frames: int) -> list[Planes]:
    """The first `frames` frames of a clip (fewer if it is shorter), even in size, halved from 720 px on.

    Raises:
        DataError: The file has no video that can be decoded.
    """
    clip = list(islice(read_frames(path), frames))
    if not clip:
        raise DataError(f"{path} has no frame")
    return clip


def read_frames(path: Path) -> Iterator[Planes]:
    """Every frame of a clip, even in size, halved from 720 px on; chroma is of half the luma's size.

    Raises:
        DataError: The file has no video that can be decoded.
    """
    try:
        with av.open(path) as container:
            if not container.streams.video:
                raise DataError(f"{path} has no video")
            for frame in container.decode(video=0):
                yield _planes(frame)
    except (av.error.FFmpegError, OSError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None


def _planes(frame: av.VideoFrame) -> Planes:
    # Luma is taken as it was coded; only other pixel formats than 4:2:0 are converted.
    yuv = frame.to_ndarray(format="yuv420p") if frame.width % 2 == frame.height % 2 == 0 else _even(frame)
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    y = Image.fromarray(np.ascontiguousarray(yuv[:height]).astype(np.uint8))
    cb, cr = (Image.fromarray(plane.astype(np.uint8)) for plane in yuv[height:].reshape(2, height // 2, width // 2))
    planes = Planes(y, cb, cr)
    if min(width, height) < HALVED_FROM:
        return planes
    return planes.resize((width // 4 * 2, height // 4 * 2))


def _even(frame: av.VideoFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    even = frame.reformat(frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p")
    return np.asarray(even.to_ndarray(), dtype=np.uint8)
