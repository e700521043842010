"""How many calls of 1280x720 at 30 frames a second this machine carries: from what it takes for one frame, measured."""

from dataclasses import dataclass
from itertools import islice
from time import process_time

import av

from acutance.server.encoding.bitrate import NOMINAL_RATE, RateControl, start_bitrate
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.frames.synthetic import moving_frames
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
    frames = list(islice(moving_frames(*SIZE), _FRAMES))
    begun = process_time()
    for frame in frames:
        decoder.decode(encoder.encode(frame))
    codec = (process_time() - begun) / _FRAMES
    return Capacity(cpus, codec, {rung.name: rung.cpu_per_pixel * pixels for rung in rungs})
