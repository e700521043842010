"""How the server encoded the returned frames: learned from its statistics and from the frames themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from av import VideoFrame

from acutance.server.bench.errors import BenchError
from acutance.server.encoding.bitrate import NOMINAL_RATE
from acutance.server.encoding.encoder import Encoder
from acutance.server.encoding.forwarding import forwarder
from acutance.server.encoding.h264 import H264Encoder, NvencEncoder
from acutance.server.encoding.vp8 import VP8Encoder

# The server's clock plays no role here: each keyframe and each new rate of the log takes effect at its frame.
_LONG_S = 60.0
FORWARDED = "only forwarded"
"""Name of the encoder if the server forwarded all frames; the server's own without an NVIDIA GPU is then used."""


@dataclass(frozen=True)
class EncodingLog:
    """The settings of the server's encoder for each returned frame.

    Attributes:
        encoder: its name, such as ``x264 superfast``.
        bitrates: setting in bit/s by index of the returned frame.
        keyframes: whether the frame was a keyframe, by the same index.
    """

    encoder: str
    bitrates: list[int]
    keyframes: list[bool]


def encoding_log(statistics: Sequence[dict[str, Any]], keyframes: Sequence[bool]) -> EncodingLog:
    """Assign the bit rates that the server reported once a second to the frames that it returned.

    A new rate is assigned from the first keyframe between two reports on, because libvpx changes its rate with one; if
    there is none, from the middle between the reports on. Frames before the first report get its rate.

    Args:
        statistics: messages of the server, in order.
        keyframes: for each returned frame, whether it is a keyframe.

    Raises:
        BenchError: the server sent no statistics with a bit rate.
    """
    reports = [(message["frames"]["returned"], message["bitrate"]) for message in statistics if message.get("bitrate")]
    if not reports:
        raise BenchError("the server reported no bit rate: --judge needs an Acutance server that sends its statistics")
    bitrates: list[int] = []
    for (seen, rate), (following, new) in zip(reports, [*reports[1:], reports[-1]], strict=True):
        bitrates += [rate] * (seen - len(bitrates))
        if new != rate:
            between = range(seen, min(following, len(keyframes)))
            bitrates += [rate] * (next((at for at in between if keyframes[at]), (seen + following) // 2) - seen)
    bitrates += [reports[-1][1]] * (len(keyframes) - len(bitrates))
    names = (message["encoder"] for message in statistics if message.get("bitrate"))
    # Frames that the server forwarded are encoded here as it encodes others.
    encoder = next((name for name in names if name != forwarder.NAME), FORWARDED)
    return EncodingLog(encoder, bitrates[: len(keyframes)], list(keyframes))


@dataclass
class LoggedRate:
    """The bit rate of a log, as the control of an encoder.

    Attributes:
        bitrate: setting in bit/s for the next frame.
        frame_rate: of the stream, in frames/s.
    """

    bitrate: int
    frame_rate: float

    def target(self, width: int, height: int) -> int:
        """Return the target that the encoder turns into the setting; see `nominal`."""
        return round(self.bitrate * max(NOMINAL_RATE, self.frame_rate) / NOMINAL_RATE)


class LoggedEncoder:
    """An encoder of the class that the server used, which repeats the bit rates and keyframes of a log."""

    def __init__(self, codec: str, log: EncodingLog, frame_rate: float):
        """Open the encoder.

        Args:
            codec: ``H264`` or ``VP8``.
            log: of the returned frames.
            frame_rate: of the stream, in frames/s.

        Raises:
            BenchError: the log names an encoder that this version does not have.
        """
        self._log = log
        self._index = 0
        self._rate = LoggedRate(0, frame_rate)
        self._encoder = _encoder(codec, log.encoder, self._rate, lambda: self._index * _LONG_S)

    def encode(self, frame: VideoFrame, index: int) -> bytes:
        """Encode a frame as the server encoded returned frame ``index``, and return the access unit.

        Args:
            frame: 8-bit 4:2:0; do not use it afterwards.
            index: greater than that of the last call.

        Raises:
            EncoderError: see `Encoder.encode`.
        """
        self._index = index
        self._rate.bitrate = self._log.bitrates[index]
        if self._log.keyframes[index]:
            self._encoder.request_keyframe()
        return bytes(self._encoder.encode(frame))


def _encoder(codec: str, name: str, rate: LoggedRate, clock: Callable[[], float]) -> Encoder:
    if codec == "VP8" and name in (VP8Encoder.name, FORWARDED):
        return VP8Encoder(rate, clock)
    if codec == "H264" and name == FORWARDED:
        return H264Encoder(rate, clock)
    if codec == "H264" and name == "NVENC":
        return NvencEncoder(rate, clock)
    if codec == "H264" and name.startswith("x264 "):
        preset = name.removeprefix("x264 ")
        return H264Encoder(rate, clock, preset=lambda width, height: preset)
    raise BenchError(f"the server encoded {codec} with {name!r}, which this version of acutance cannot repeat")
