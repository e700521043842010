"""A moving video for Chromium's fake camera: a pan and zoom over a photograph, a little soft."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
from PIL import Image

from tests.frames import portrait

WIDTH, HEIGHT, RATE = 640, 360, 30
SECONDS = 6
# Detail finer than this size is removed, as by a cheap camera or a weak uplink; a student restores some of it.
SOFT_WIDTH, SOFT_HEIGHT = WIDTH // 2, HEIGHT // 2


def write_moving_video(path: Path) -> Path:
    """Write ``SECONDS`` of the moving video as YUV4MPEG2; it loops without a jump."""
    return write_y4m(path, map(as_frame, soft_frames()))


def write_y4m(path: Path, frames: Iterable[av.VideoFrame]) -> Path:
    """Write frames of ``WIDTH`` x ``HEIGHT``, yuv420p, as YUV4MPEG2."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            file.write(b"FRAME\n")
            file.write(frame.to_ndarray().tobytes())
    return path


def as_frame(image: Image.Image) -> av.VideoFrame:
    """Return an image as a frame of yuv420p."""
    return av.VideoFrame.from_image(image).reformat(format="yuv420p")


def soft_frames() -> Iterator[Image.Image]:
    """Yield the frames of the moving video."""
    for frame in range(SECONDS * RATE):
        soft = _crop(frame, (SOFT_WIDTH, SOFT_HEIGHT))
        yield soft.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def pristine(frame: int) -> Image.Image:
    """Return a frame with all the detail of the photograph, the target of enhancement."""
    return _crop(frame, (WIDTH, HEIGHT))


def _crop(frame: int, size: tuple[int, int]) -> Image.Image:
    turn = 2 * math.pi * frame / (SECONDS * RATE)
    # Around the face; the path is closed and stays inside the 512 x 512 photograph.
    width = 380 + 40 * math.sin(turn)
    height = width * HEIGHT / WIDTH
    left = 256 - width / 2 + 24 * math.sin(2 * turn)
    top = 130 - height / 2 + 10 * math.cos(turn)
    return portrait().resize(size, Image.Resampling.BICUBIC, (left, top, left + width, top + height))
