"""The choice of encoder and x264 preset for each size, from measurements on this host at start."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic, perf_counter

import numpy as np

from acutance.server.encoding.bitrate import NOMINAL_RATE, Rate, RateControl, start_bitrate
from acutance.server.encoding.encoder import Encoder
from acutance.server.encoding.h264 import H264Encoder, NvencEncoder
from acutance.server.encoding.vp8 import VP8Encoder
from acutance.server.frames.synthetic import moving_frames

log = logging.getLogger(__name__)

ENCODERS: dict[str, type[Encoder]] = {"H264": H264Encoder, "VP8": VP8Encoder}
"""Encoders by the codec's name in SDP."""

# Best quality last. Without ultrafast, which loses more quality than a student adds.
PRESETS = ("superfast", "veryfast", "faster")
_MEASURED = (640, 360)
_FRAMES = 8
# The share of a frame interval that encoding may take: for each processor, and the maximum. The student needs the rest,
# and a thread that takes longer than half of the interval is soon late.
_SHARE_OF_EACH, _LARGEST_SHARE = 0.125, 0.5


@dataclass(frozen=True)
class EncoderChoice:
    """The measured encoders of this host.

    Attributes:
        cpus: number of processors that the server may use.
        seconds_per_pixel: encoding time of x264 by preset; if it is empty, superfast is chosen.
        nvenc: whether the GPU encodes.
        note: why the GPU does not encode, in words; None if it does.
    """

    cpus: float = 1
    seconds_per_pixel: dict[str, float] = field(default_factory=dict)
    nvenc: bool = False
    note: str | None = None

    @classmethod
    def measure(cls, cpus: float) -> "EncoderChoice":
        """Measure by encoding a few frames with each x264 preset and one with NVENC; takes a tenth of a second."""
        note = _try_nvenc()
        return cls(cpus, {preset: _measured(preset) for preset in PRESETS}, note is None, note)

    def preset(self, width: int, height: int) -> str:
        """Return the best x264 preset that leaves time for the student, for a size in pixels."""
        budget = min(_SHARE_OF_EACH * self.cpus, _LARGEST_SHARE) / NOMINAL_RATE
        fast_enough = [
            preset for preset, seconds in self.seconds_per_pixel.items() if seconds * width * height <= budget
        ]
        return fast_enough[-1] if fast_enough else PRESETS[0]

    def encoder(self, codec: str, control: Rate, clock: Callable[[], float] = monotonic) -> Encoder:
        """Return a new encoder.

        Args:
            codec: ``H264`` or ``VP8``.
            control: gives its bit rate.
            clock: in seconds.
        """
        threads = 2 if self.cpus >= 2 else 1
        if codec != "H264":
            return ENCODERS[codec](control, clock, threads)
        return (NvencEncoder if self.nvenc else H264Encoder)(control, clock, threads, self.preset)


def _measured(preset: str) -> float:
    encoder = H264Encoder(RateControl(start_bitrate(*_MEASURED, 100_000_000)), preset=lambda *_: preset)
    frames = list(islice(moving_frames(*_MEASURED), _FRAMES))
    times = []
    for frame in frames:
        begun = perf_counter()
        encoder.encode(frame)
        times.append(perf_counter() - begun)
    width, height = _MEASURED
    # The first frame opens the codec and is a keyframe.
    return float(np.median(times[1:])) / (width * height)


def _try_nvenc() -> str | None:
    """Encode one frame on the GPU; return why it failed, or None."""
    try:
        NvencEncoder(RateControl(1_000_000)).encode(next(moving_frames(*_MEASURED)))
    except Exception as error:  # FFmpeg's errors share no base class; A100, H100 and H200 have no NVENC at all
        return f"NVENC does not open ({str(error).split(': ')[0]})"
    return None
