"""A real codec on a short clip: what a conference sender does to the picture, through PyAV.

Settings follow real-time senders: H.264 constrained baseline by x264 without lookahead, VP8 by libvpx in
real-time mode with aiortc's quantiser limits; both at a constant bit rate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from acutance.model.bitstream.quantiser import Codec, QuantiserReader
from acutance.model.hints import BitMeter
from acutance.training.data.pictures import DataError

Yuv = NDArray[np.uint8]
"""A yuv420p frame as one array `[H * 3 / 2, W]`: luma, then both chroma planes at half size."""

FPS = 30
_X264_PRESETS = ("superfast", "veryfast")


@dataclass(frozen=True)
class Received:
    """A frame as a receiver has it.

    Attributes:
        yuv: The picture.
        step: The quantiser step that its encoded form told, 0 if none.
        bits: Bits a coded pixel, see `acutance.model.hints.BitMeter`.
    """

    yuv: Yuv
    step: float
    bits: float


def encode_decode(frames: Sequence[Yuv], codec: Codec, bits: float, preset: int = 0) -> list[Received]:
    """Send a clip through a codec; frame i of the result is what a receiver shows for frame i.

    Args:
        frames: yuv420p arrays of one size, width and height even.
        codec: `h264` or `vp8`.
        bits: Bits for each pixel and frame at 30 frames/s; the constant bit rate is bits * W * H * 30.
        preset: x264's speed: 0 superfast, 1 veryfast. VP8 has only one.

    Raises:
        DataError: The codec is missing from this build of PyAV, refused the clip or dropped a frame.
    """
    height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
    shown: dict[int, Yuv] = {}
    told: dict[int, tuple[float, float]] = {}
    try:
        encoder = _encoder(codec, width, height, round(bits * width * height * FPS), preset)
        decoder = _decoder(codec)
        reader, meter = QuantiserReader(codec), BitMeter()
        for picture in (*_pictures(frames), None):
            for packet in encoder.encode(picture):
                # By time stamp, never by order: an offset of one frame would teach the student to move pixels.
                if packet.pts is not None:
                    told[packet.pts] = reader.read(bytes(packet)) or 0.0, meter.add(packet.size, width * height)
                _collect(decoder.decode(packet), shown)
        _collect(decoder.decode(None), shown)
    except av.error.FFmpegError as error:
        raise DataError(f"{codec} could not code a clip of {width}x{height}: {error}") from None
    wanted = list(range(len(frames)))
    if sorted(shown) != wanted or sorted(told) != wanted:
        raise DataError(f"{codec} returned frames {sorted(shown)} of a clip of {len(frames)}")
    return [Received(shown[index], *told[index]) for index in wanted]


def _pictures(frames: Sequence[Yuv]) -> Iterator[av.VideoFrame]:
    for index, frame in enumerate(frames):
        picture = av.VideoFrame.from_ndarray(frame, format="yuv420p")
        picture.pts = index
        yield picture


def _collect(pictures: Sequence[av.VideoFrame], shown: dict[int, Yuv]) -> None:
    for picture in pictures:
        if picture.pts is not None:
            shown[picture.pts] = picture.to_ndarray(format="yuv420p").astype(np.uint8, copy=False)


def _encoder(codec: Codec, width: int, height: int, rate: int, preset: int) -> VideoCodecContext:
    context = av.CodecContext.create("libx264" if codec == "h264" else "libvpx", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    context.bit_rate = rate
    context.thread_count = 1
    if codec == "h264":
        context.options = {
            "preset": _X264_PRESETS[preset],
            "tune": "zerolatency",
            "profile": "baseline",
            "maxrate": str(rate),
            "bufsize": str(rate // 2),  # half a second, as WebRTC senders keep it
        }
    else:
        context.options = {
            "deadline": "realtime",
            "cpu-used": "-6",
            "lag-in-frames": "0",
            "minrate": str(rate),
            "maxrate": str(rate),
            "bufsize": str(rate // 2),
            "undershoot-pct": "100",
            "qmin": "2",
            "qmax": "56",
        }
    return context


def _decoder(codec: Codec) -> VideoCodecContext:
    context = av.CodecContext.create("h264" if codec == "h264" else "vp8", "r")
    assert isinstance(context, VideoCodecContext)
    context.thread_count = 1  # more threads hold frames back
    return context
