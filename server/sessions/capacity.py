"""Estimates how many calls of 1280x720 at 30 frames/s the host can carry, from the measured cost of one frame."""

from dataclasses import dataclass
from itertools import islice
from time import process_time

import av

from acutance.server.encoding.bitrate import NOMINAL_RATE, RateControl, start_bitrate
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.frames.synthetic import moving_frames
from acutance.server.students.rungs import PASS, Rung

SIZE = (1280, 720)
_FRAMES = 30
# Processor seconds per frame for sockets, DTLS, SRTP and RTP in both directions. A constant, because only a round trip
# measures it (docs/benchmarks, the table by threads).
_LOOP_S = 0.0035
# Share of the processors that admission fills (headroom.py).
_FULL = 0.9


@dataclass(frozen=True)
class Capacity:
    """Measured cost of a frame of 1280x720, in processor seconds.

    Attributes:
        cpus: number of processors.
        codec: cost of decoding and encoding.
        students: cost of the student of each rung, best rung first; 0 for unenhanced frames.
    """

    cpus: float
    codec: float
    students: dict[str, float]

    def sessions(self, rung: str) -> int:
        """Return the number of simultaneous calls on this rung, each at 30 frames/s."""
        return int(_FULL * self.cpus / (NOMINAL_RATE * (self.codec + _LOOP_S + self.students[rung])))

    @property
    def maximum(self) -> int:
        """Maximum number of calls, if no frame is enhanced."""
        return self.sessions(PASS)


def measure(cpus: float, rungs: list[Rung], encoders: EncoderChoice) -> Capacity:
    """Measure the codec on one second of synthetic video, which takes about half a second.

    Args:
        cpus: number of usable processors.
        rungs: rungs with their measured cost.
        encoders: the encoders of the host.
    """
    pixels = SIZE[0] * SIZE[1]
    encoder = encoders.encoder("H264", RateControl(start_bitrate(*SIZE, 100_000_000)))
    decoder = av.CodecContext.create("h264", "r")
    frames = list(islice(moving_frames(*SIZE), _FRAMES))
    begun = process_time()
    for frame in frames:
        decoder.decode(encoder.encode(frame))
    codec = (process_time() - begun) / _FRAMES
    return Capacity(cpus, codec, {rung.name: rung.cpu_per_pixel * pixels for rung in rungs})
