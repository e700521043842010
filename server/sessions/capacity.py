"""How many calls of 1280x720 at 30 frames a second this machine carries: from what it takes for one frame, measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from time import process_time

import av
import numpy as np
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE

from acutance.server.encoding.bitrate import NOMINAL_RATE, RateControl, start_bitrate
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.frames.planes import plane_view
from acutance.server.students.governor import PASS, Rung

SIZE = (1280, 720)
_FRAMES = 30
# Sockets, DTLS, SRTP and RTP of both ways: docs/benchmarks, the table by threads. Only a round trip measures it.
_LOOP_S = 0.0035
# What admission fills a machine to (admission.py).
_FULL = 0.9


@dataclass(frozen=True)
class Capacity:
    """What was measured, in processor seconds a frame of 1280x720.

    Attributes:
        cpus: how many processors the server may use.
        codec: decoding and encoding.
        students: by rung, best first; 0 for passing through.
    """

    cpus: float
    codec: float
    students: dict[str, float]

    def sessions(self, rung: str) -> int:
        """Return how many calls can be on this rung at once, each at 30 frames a second."""
        return int(_FULL * self.cpus / (NOMINAL_RATE * (self.codec + _LOOP_S + self.students[rung])))

    @property
    def most(self) -> int:
        """How many calls there can be at all: with every picture passed through."""
        return self.sessions(PASS)


def measure(cpus: float, rungs: list[Rung], encoders: EncoderChoice) -> Capacity:
    """Encode and decode a second of a moving picture; takes about half a second."""
    pixels = SIZE[0] * SIZE[1]
    encoder = encoders.encoder("H264", RateControl(start_bitrate(*SIZE, 100_000_000)))
    decoder = av.CodecContext.create("h264", "r")
    frames = list(islice(_frames(), _FRAMES))
    begun = process_time()
    for frame in frames:
        decoder.decode(encoder.encode(frame))
    codec = (process_time() - begun) / _FRAMES
    return Capacity(cpus, codec, {rung.name: rung.cpu_per_pixel * pixels for rung in rungs})


def _frames() -> Iterator[av.VideoFrame]:
    """A textured picture that moves by a few pixels a frame, as a handheld camera's does."""
    width, height = SIZE
    grain = np.random.default_rng(0).integers(90, 150, (height // 4, width // 4)).astype(np.uint8)
    texture = np.kron(grain, np.ones((4, 4), np.uint8))
    number = 0
    while True:
        frame = av.VideoFrame(width, height, "yuv420p")
        plane_view(frame, 0)[:] = np.roll(texture, (2 * number, 3 * number), (0, 1))
        for index in (1, 2):
            plane_view(frame, index)[:] = 128
        frame.pts, frame.time_base = number * VIDEO_CLOCK_RATE // NOMINAL_RATE, VIDEO_TIME_BASE
        yield frame
        number += 1
