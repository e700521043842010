"""Video frames made from a photograph that scikit-image ships: what the tests send instead of a camera's."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE
from av import VideoFrame
from PIL import Image
from skimage import data

from acutance.model.planes import Plane
from acutance.server.frames.planes import plane_view


@cache
def portrait() -> Image.Image:
    """NASA's portrait of Eileen Collins (public domain), 512x512: a face, lettering and fabric, as in a call."""
    return Image.fromarray(data.astronaut())


@cache
def photograph(width: int, height: int) -> Image.Image:
    """The portrait, scaled down so that it is sharp, with room to pan over frames of this size."""
    wide = max(width + 64, height + 64)
    return portrait().resize((wide, wide), Image.Resampling.LANCZOS)


def soft(luma: Plane, factor: int = 2) -> Plane:
    """Scale ``luma`` down and up by ``factor`` (bicubic)."""
    image = Image.fromarray(luma)
    small = image.resize((image.width // factor, image.height // factor), Image.Resampling.BICUBIC)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))


def lumas(width: int, height: int, count: int) -> Iterator[Plane]:
    """A slow pan over the photograph: BT.601 limited-range luma, uint8 [H, W]."""
    whole = photograph(width, height)
    for number in range(count):
        left, top = (abs((number * step) % 128 - 64) for step in (1, 2))
        cut = np.asarray(whole.crop((left, top, left + width, top + height)), np.float64)
        yield np.round(16 + cut @ np.array([65.481, 128.553, 24.966]) / 255).astype(np.uint8)


def frame_of(luma: Plane, number: int = 0, rate: int = 30, name: str = "yuv420p") -> VideoFrame:
    """A 4:2:0 frame with this luma, grey chroma and the pts of frame ``number`` on RTP's clock."""
    height, width = luma.shape
    frame = VideoFrame(width, height, name)
    plane_view(frame, 0)[:] = luma
    for index in (1, 2):
        plane_view(frame, index)[:] = 128
    frame.pts = number * VIDEO_CLOCK_RATE // rate
    frame.time_base = VIDEO_TIME_BASE
    return frame
