"""Encoded video for tests: streams of real encoders at a known quantiser."""

from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext

from tests.frames import frame_of, lumas

_REAL_TIME = {
    "h264": {"preset": "superfast", "tune": "zerolatency"},
    "vp8": {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0"},
}


def encoded(
    codec: str, *, quantiser: int, count: int, options: dict[str, str] | None = None, size: tuple[int, int] = (160, 96)
) -> list[bytes]:
    """Return a moving video as `count` encoded frames, all with `quantiser` (H.264: QP 0 to 51, VP8: 0 to 63)."""
    context = av.CodecContext.create("libx264" if codec == "h264" else "libvpx", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = size
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, 30), Fraction(30)
    context.bit_rate = 1_000_000
    value = str(quantiser)
    own = {"qp": value, "x264-params": "ipratio=1"} if codec == "h264" else {"qmin": value, "qmax": value}
    context.options = _REAL_TIME[codec] | own | (options or {})
    frames = []
    for number, luma in enumerate(lumas(*size, count)):
        frames += [bytes(packet) for packet in context.encode(frame_of(luma, number=number))]
    return frames + [bytes(packet) for packet in context.encode(None)]
