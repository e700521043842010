"""Estimates how many calls of 1280x720 at 30 frames/s the host can carry, from the measured cost of one frame."""

from dataclasses import dataclass, field
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
# measures it (docs/benchmarks, the table by threads). All calls of a process share one event loop.
_LOOP_S = 0.0035
# Share of the processors, of the event loop and of a GPU that calls may fill (headroom.py).
_FULL = 0.9


@dataclass(frozen=True)
class Capacity:
    """Measured cost of a frame of 1280x720, in processor seconds.

    Attributes:
        cpus: number of processors.
        codec: cost of decoding and encoding.
        students: cost of the student of each rung, best rung first; 0 for unenhanced frames.
        device: seconds of a GPU for each rung whose student runs there; batches take less.
        workers: number of processes that carry calls.
    """

    cpus: float
    codec: float
    students: dict[str, float]
    device: dict[str, float] = field(default_factory=dict)
    workers: int = 1

    def sessions(self, rung: str) -> int:
        """Return the number of simultaneous calls on this rung, each at 30 frames/s."""
        return int(min(_FULL * limit for limit in self._limits(rung).values()))

    def limited_by(self, rung: str) -> str:
        """Return what limits the calls on this rung: ``processors``, ``event loop`` or ``GPU``."""
        limits = self._limits(rung)
        return min(limits, key=limits.__getitem__)

    def _limits(self, rung: str) -> dict[str, float]:
        limits = {
            "processors": self.cpus / (NOMINAL_RATE * (self.codec + _LOOP_S + self.students[rung])),
            "event loop": self.workers / (NOMINAL_RATE * _LOOP_S),
        }
        if self.device.get(rung):
            limits["GPU"] = 1 / (NOMINAL_RATE * self.device[rung])
        return limits

    @property
    def maximum(self) -> int:
        """Maximum number of calls, if no frame is enhanced."""
        return self.sessions(PASS)


def measure(cpus: float, rungs: list[Rung], encoders: EncoderChoice, on_device: bool = False) -> Capacity:
    """Measure the codec on one second of synthetic video, which takes about half a second.

    Args:
        cpus: number of usable processors.
        rungs: rungs with their measured cost.
        encoders: the encoders of the host.
        on_device: whether the students run on a GPU.
    """
    pixels = SIZE[0] * SIZE[1]
    encoder = encoders.encoder("H264", RateControl(start_bitrate(*SIZE, 100_000_000)))
    decoder = av.CodecContext.create("h264", "r")
    frames = list(islice(moving_frames(*SIZE), _FRAMES))
    begun = process_time()
    for frame in frames:
        decoder.decode(encoder.encode(frame))
    codec = (process_time() - begun) / _FRAMES
    device = {rung.name: rung.seconds_per_pixel * pixels for rung in rungs} if on_device else {}
    return Capacity(cpus, codec, {rung.name: rung.cpu_per_pixel * pixels for rung in rungs}, device)
