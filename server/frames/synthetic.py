"""Synthetic moving frames to measure encoders and decoders."""

from collections.abc import Iterator
from itertools import count

import numpy as np
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE
from av import VideoFrame

from acutance.server.frames.planes import plane_view

_RATE = 30


def moving_frames(width: int, height: int) -> Iterator[VideoFrame]:
    """Yield 4:2:0 frames of waves and grain that move by a few pixels per frame in opposite directions, without end.

    They cost an encoder's motion search as much as a handheld camera. Timestamps are those of 30 frames/s.

    Args:
        width: in pixels, even.
        height: in pixels, even.
    """
    y, x = np.mgrid[:height, :width]
    waves = (60 * np.sin(x / 9) * np.cos(y / 13)).astype(np.int16)
    grain = np.random.default_rng(0).integers(110, 134, (height, width), np.int16)
    for number in count():
        shift = 2 * number, 3 * number
        frame = VideoFrame(width, height, "yuv420p")
        plane_view(frame, 0)[:] = np.roll(waves, np.negative(shift), (0, 1)) + np.roll(grain, shift, (0, 1))
        for chroma in (1, 2):
            plane_view(frame, chroma)[:] = 128
        frame.pts, frame.time_base = number * VIDEO_CLOCK_RATE // _RATE, VIDEO_TIME_BASE
        yield frame
