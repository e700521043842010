"""Encode and decode a short clip with a real codec through PyAV, like a conference sender and its receiver.

Settings follow real-time senders: H.264 constrained baseline by x264 without lookahead, VP8 by libvpx in
real-time mode with aiortc's quantiser limits; both at a constant bit rate.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from acutance.model.bitstream.quantiser import Codec, QuantiserReader
from acutance.model.hints import Hints, StreamHints
from acutance.training.data.pictures import DataError

Yuv = NDArray[np.uint8]
"""A yuv420p frame as one array `[H * 3 / 2, W]`: luma, then both chroma planes at half size."""

FPS = 30
_X264_PRESETS = ("superfast", "veryfast")


@dataclass(frozen=True)
class Received:
    """A decoded frame, the hints from its encoded form, see `acutance.model.hints.StreamHints`, and its bytes."""

    yuv: Yuv
    hints: Hints
    size: int


def encode_decode(frames: Sequence[Yuv], codec: Codec, bits: float, preset: int = 0) -> list[Received]:
    """Send a clip through a codec; frame i of the result is the decoded frame i.

    Args:
        frames: yuv420p arrays of one size, width and height even.
        codec: `h264` or `vp8`.
        bits: Bits for each pixel and frame at 30 frames/s; the constant bit rate is bits * W * H * 30.
        preset: x264's speed: 0 superfast, 1 veryfast. VP8 has only one.

    Raises:
        DataError: The codec is missing from this build of PyAV, failed or dropped a frame.
    """
    packets = encode(frames, codec, bits, preset)
    pixels = frames[0].size * 2 // 3
    reader, stream = QuantiserReader(codec), StreamHints()
    hints = [stream.add(reader.read(packet), len(packet), pixels) for packet in packets]
    return [Received(*frame) for frame in zip(decode(packets, codec), hints, map(len, packets), strict=True)]


def encode(frames: Sequence[Yuv], codec: Codec, bits: float, preset: int = 0) -> list[bytes]:
    """Encode a clip; returns the encoded frames, one for each frame. See `encode_decode`.

    Raises:
        DataError: The codec is missing from this build of PyAV, failed or dropped a frame.
    """
    height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
    packets: dict[int | None, bytes] = {}
    try:
        encoder = _encoder(codec, width, height, round(bits * width * height * FPS), preset)
        for frame in (*_with_time_stamps(frames), None):
            packets |= {packet.pts: bytes(packet) for packet in encoder.encode(frame)}
    except av.error.FFmpegError as error:
        raise DataError(f"{codec} could not encode a clip of {width}x{height}: {error}") from None
    # Matched by time stamp, not by order: an offset of one frame would teach the student to move pixels.
    return _in_order(packets, codec, len(frames))


def decode(packets: Sequence[bytes], codec: Codec) -> list[Yuv]:
    """Decode a clip; returns the decoded frames, one for each encoded frame.

    Raises:
        DataError: The decoder failed or dropped a frame.
    """
    decoder = _decoder(codec)
    frames: dict[int | None, Yuv] = {}
    try:
        for index, data in enumerate((*packets, None)):
            packet = None if data is None else av.Packet(data)
            if packet is not None:
                packet.pts = index
            for frame in decoder.decode(packet):
                frames[frame.pts] = frame.to_ndarray(format="yuv420p").astype(np.uint8, copy=False)
    except av.error.FFmpegError as error:
        raise DataError(f"{codec} could not decode a clip of {len(packets)} frames: {error}") from None
    return _in_order(frames, codec, len(packets))


def _in_order[T](by_time_stamp: Mapping[int | None, T], codec: Codec, count: int) -> list[T]:
    if by_time_stamp.keys() != set(range(count)):
        raise DataError(f"{codec} returned frames {list(by_time_stamp)} of a clip of {count}")
    return [by_time_stamp[index] for index in range(count)]


def _with_time_stamps(frames: Sequence[Yuv]) -> Iterator[av.VideoFrame]:
    for index, yuv in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
        frame.pts = index
        yield frame


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
            "bufsize": str(rate // 2),  # half a second, as in WebRTC senders
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
    context.thread_count = 1  # more threads delay frames
    return context
