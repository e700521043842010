"""A real codec on a short clip: what a conference sender does to the picture, through PyAV.

Settings follow real-time senders: H.264 constrained baseline by x264 without lookahead, VP8 by libvpx in
real-time mode with aiortc's quantiser limits; both at a constant bit rate.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from training.data import DataError

Codec = Literal["h264", "vp8"]
Yuv = NDArray[np.uint8]
"""A yuv420p frame as one array `[H * 3 / 2, W]`: luma, then both chroma planes at half size."""

FPS = 30
_X264_PRESETS = ("superfast", "veryfast")


def encode_decode(frames: Sequence[Yuv], codec: Codec, bits: float, preset: int = 0) -> list[Yuv]:
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
    try:
        encoder = _encoder(codec, width, height, round(bits * width * height * FPS), preset)
        decoder = _decoder(codec)
        shown: dict[int, Yuv] = {}
        for index, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="yuv420p")
            picture.pts = index
            for packet in encoder.encode(picture):
                _collect(decoder.decode(packet), shown)
        for packet in encoder.encode(None):
            _collect(decoder.decode(packet), shown)
        _collect(decoder.decode(None), shown)
    except av.error.FFmpegError as error:
        raise DataError(f"{codec} could not code a clip of {width}x{height}: {error}") from None
    if sorted(shown) != list(range(len(frames))):
        raise DataError(f"{codec} returned frames {sorted(shown)} of a clip of {len(frames)}")
    return [shown[index] for index in range(len(frames))]


def _collect(pictures: Sequence[av.VideoFrame], shown: dict[int, Yuv]) -> None:
    # By time stamp, never by order of arrival: an offset of one frame would teach the student to move pixels.
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
