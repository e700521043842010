"""The moving video with the number of each frame as a bar code, which identifies displayed frames and their delay."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image

from acutance.server.bench import barcode
from acutance.server.frames.planes import plane_view
from tests.browser.moving_video import RATE, SECONDS, WIDTH, as_frame, soft_frames, write_y4m

FRAMES = SECONDS * RATE


def write_numbered_video(path: Path) -> Path:
    """Write the moving video as YUV4MPEG2, its frames numbered from 0 to ``FRAMES`` - 1."""
    return write_y4m(path, _numbered(soft_frames()))


def number_in(rgba: np.ndarray) -> int | None:
    """Return the number of a frame, uint8 [H, W, 4], whatever its size."""
    luma = (rgba[..., :3] @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    return barcode.read(luma, barcode.BLOCK * rgba.shape[1] / WIDTH)


def _numbered(images: Iterator[Image.Image]) -> Iterator[av.VideoFrame]:
    for number, image in enumerate(images):
        frame = as_frame(image)
        barcode.stamp(plane_view(frame, 0), number)
        for chroma in (1, 2):
            plane_view(frame, chroma)[-barcode.BLOCK // 2 :, : barcode.SMALLEST_WIDTH // 2] = 128
        yield frame
