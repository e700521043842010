"""Small videos, made so that no test needs external data."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from scipy.ndimage import gaussian_filter

from acutance.training.data.planes import as_array, to_planes
from acutance.training.judge.video import Video, from_yuv
from tests.training.conftest import draw

SIZE = (160, 96)


def frames(count: int, size: tuple[int, int] = SIZE, seed: int = 3) -> list[np.ndarray]:
    """yuv420p frames of a picture: its left half stands still, its right half moves by two pixels a frame."""
    width, height = size
    wide = np.asarray(draw(seed, (width + 2 * count, height)))
    made = []
    for index in range(count):
        shown = wide[:, :width].copy()
        shown[:, width // 2 :] = wide[:, width // 2 + 2 * index : width + 2 * index]
        planes = to_planes(shown)
        chroma = [as_array(plane.resize((width // 2, height // 2))) for plane in (planes.cb, planes.cr)]
        made.append(np.concatenate([p.reshape(-1) for p in (as_array(planes.y), *chroma)]).reshape(-1, width))
    return made


def moving(count: int = 12, size: tuple[int, int] = SIZE, fps: float = 25.0, seed: int = 3) -> Video:
    """`frames` as a video."""
    return from_yuv(frames(count, size, seed), fps)


def blurred(video: Video, sigma: float = 1.0) -> Video:
    """A video with blurred luma."""
    return Video(np.stack([gaussian_filter(plane, sigma) for plane in video.y]), video.u, video.v, video.fps)


def write_lossless(path: Path, video: Video, codec: str = "ffv1", options: dict[str, str] | None = None) -> Path:
    """Write a video to a file; FFV1 keeps every value."""
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=round(video.fps), options=options or {})
        stream.width, stream.height, stream.pix_fmt = *video.size, "yuv420p"
        for yuv in _stacked(video):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(yuv, format="yuv420p")))
        container.mux(stream.encode(None))
    return path


def _stacked(video: Video) -> Sequence[np.ndarray]:
    width, _ = video.size
    return [
        np.concatenate([plane.reshape(-1) for plane in planes]).reshape(-1, width)
        for planes in zip(video.y, video.u, video.v, strict=True)
    ]
