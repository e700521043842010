"""Recorded calls: pans over a drawn picture, over a good connection."""

from pathlib import Path

import av
import numpy as np

from tests.training.conftest import draw


def record(path: Path, frames: int, size: tuple[int, int] = (160, 128)) -> Path:
    """Write a clip of nearly lossless H.264; returns its path."""
    width, height = size
    picture = np.asarray(draw(5, (width + 64, height)))
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "8", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            left = abs(number % 64 - 32)
            window = np.ascontiguousarray(picture[:height, left : left + width])
            for packet in stream.encode(av.VideoFrame.from_ndarray(window, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path
