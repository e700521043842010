"""The base class of encoders: constant bit rate that can change, one packet for each frame."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from time import monotonic
from typing import ClassVar, cast

import av
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.stream import VideoStream

from acutance.server.encoding import bitrate
from acutance.server.frames.planes import cropped_to_even

# Seconds. A receiver under loss repeats its PLI each round trip; one keyframe answers all of them.
KEYFRAME_INTERVAL = 0.5
type VideoPacket = av.Packet[VideoStream]

_NO_PERIODIC_KEYFRAMES = 1_000_000
_RATE_WINDOW = 32  # frames
# The measured frame rate jitters; the codec need not follow.
_NOISE = 0.05
# For encoders in which a change of bit rate costs a keyframe. REMB climbs by about 8 % per second: following each step
# would make a series of keyframes.
_LARGE_CHANGE, _CHANGE_INTERVAL_S = 0.25, 2.0


class EncoderError(RuntimeError):
    """The codec returned no packet, or several, for a frame."""


class Encoder(ABC):
    """Turns 4:2:0 frames of any size into packets. Call ``encode`` in one thread only, the rest in any.

    Attributes:
        name: display name, such as ``x264 superfast``.
        control: gives the bit rate; a change takes effect at the next frame.
        bitrate: the codec's setting in bit/s; 0 before the first frame.
        rate_costs_keyframe: whether a new bit rate makes a keyframe: it is changed by steps of 25 % and more, at most
            every two seconds.
        keyframes: number of encoded keyframes.
    """

    name: str
    codec_name: str
    formats: ClassVar[tuple[str, ...]]
    rate_costs_keyframe: bool = False

    def __init__(self, control: bitrate.Rate, clock: Callable[[], float] = monotonic, max_threads: int = 2):
        """Start with no codec open.

        Args:
            control: gives the bit rate.
            clock: in seconds.
            max_threads: maximum number of threads for a large frame.
        """
        self.control = control
        self._max_threads = max_threads
        self.bitrate = 0
        self.keyframes = 0
        self._clock = clock
        self._codec: VideoCodecContext | None = None
        self._keyframe_wanted = False
        self._keyframe_at = -KEYFRAME_INTERVAL
        self._last_pts = -1
        self._frame_rate = float(bitrate.NOMINAL_RATE)
        self._recent_pts: deque[int] = deque(maxlen=_RATE_WINDOW)
        self._rate_set_at = 0.0

    def request_keyframe(self) -> None:
        """Make one of the next frames a keyframe: at once, or half a second after the last one."""
        self._keyframe_wanted = True

    def force_keyframe(self) -> None:
        """Make the next frame a keyframe, however recent the last one is. Call it between two calls of ``encode``."""
        self._keyframe_wanted = True
        self._keyframe_at = -KEYFRAME_INTERVAL

    def reset(self) -> None:
        """Reopen the codec for the next frame, which becomes a keyframe. Call it between two calls of ``encode``."""
        self._codec = None

    def encode(self, frame: av.VideoFrame) -> VideoPacket:
        """Encode a frame; its pts, time base and picture type are rewritten, so do not use it afterwards.

        Args:
            frame: 8-bit 4:2:0; an odd last row or column is cut off.

        Returns:
            One access unit (H.264 Annex B, or a VP8 frame) with the frame's pts and time base.

        Raises:
            EncoderError: the codec returned no packet, or several.
        """
        frame = cropped_to_even(frame)
        pts, time_base = frame.pts, cast(Fraction, frame.time_base)
        frame.pts, frame.time_base = self._next_pts(frame), VIDEO_TIME_BASE
        codec = self._codec_for(frame)
        # A decoded I frame keeps its picture type, which would force a keyframe.
        frame.pict_type = PictureType.I if self._keyframe_due() else PictureType.NONE
        packets = codec.encode(frame)
        if len(packets) != 1:
            raise EncoderError(f"{self.name} returned {len(packets)} packets for one frame")
        packet = packets[0]
        if packet.is_keyframe:
            self.keyframes += 1
            self._keyframe_wanted = False
            self._keyframe_at = self._clock()
        packet.pts = packet.dts = pts
        packet.time_base = time_base
        return packet

    @abstractmethod
    def _open(self, width: int, height: int, rate: int) -> VideoCodecContext:
        """Return a new codec context of this size in pixels at ``rate`` bit/s."""

    @abstractmethod
    def _retune(self, codec: VideoCodecContext, rate: int) -> bool:
        """Set an open codec to ``rate`` bit/s; return False if that requires reopening it."""

    def _codec_for(self, frame: av.VideoFrame) -> VideoCodecContext:
        rate = bitrate.nominal(self.control.target(frame.width, frame.height), self._frame_rate)
        codec = self._codec
        if codec is not None and (codec.width, codec.height) == (frame.width, frame.height):
            if not self._worth_changing(rate):
                return codec
            if self._retune(codec, rate):
                self._set_rate(rate)
                return codec
        codec = self._open(frame.width, frame.height, rate)
        codec.pix_fmt = frame.format.name if frame.format.name in self.formats else self.formats[0]
        self._codec = codec
        self._set_rate(rate)
        return codec

    def _worth_changing(self, rate: int) -> bool:
        change = abs(rate - self.bitrate)
        if self.rate_costs_keyframe:
            recent = self._clock() - self._rate_set_at < _CHANGE_INTERVAL_S
            return change > _LARGE_CHANGE * self.bitrate and not recent
        return change > _NOISE * self.bitrate

    def _set_rate(self, rate: int) -> None:
        self.bitrate, self._rate_set_at = rate, self._clock()

    def _threads(self, width: int, height: int) -> int:
        # One thread makes one slice and leaves processors to the student; above 720p it is too slow for 30 frames/s.
        return 1 if width * height <= 1280 * 720 else self._max_threads

    def _keyframe_due(self) -> bool:
        return self._keyframe_wanted and self._clock() - self._keyframe_at >= KEYFRAME_INTERVAL

    def _next_pts(self, frame: av.VideoFrame) -> int:
        """Return the frame's time on the 90 kHz clock, greater than the last one, and update the frame rate."""
        pts = self._last_pts + 1
        if frame.pts is not None and frame.time_base is not None:
            numerator, denominator = frame.time_base.numerator, frame.time_base.denominator
            pts = max(pts, frame.pts * numerator * VIDEO_CLOCK_RATE // denominator)
        recent = self._recent_pts
        if pts == self._last_pts + 1:
            recent.clear()  # the clock of the sender stands still or has jumped back
        recent.append(pts)
        if len(recent) >= _RATE_WINDOW // 2:
            # From the first to the last of a window: one that is late or early changes it by a few per cent. A mean of
            # the rates between frames would be too high, and jump.
            self._frame_rate = (len(recent) - 1) * VIDEO_CLOCK_RATE / (recent[-1] - recent[0])
        self._last_pts = pts
        return pts


def new_context(name: str, width: int, height: int) -> VideoCodecContext:
    """Return a context of FFmpeg's encoder ``name`` for a size in pixels, with the settings of all encoders."""
    codec = cast(VideoCodecContext, av.CodecContext.create(name, "w"))
    codec.width = width
    codec.height = height
    codec.time_base = VIDEO_TIME_BASE
    codec.framerate = Fraction(bitrate.NOMINAL_RATE, 1)
    codec.gop_size = _NO_PERIODIC_KEYFRAMES
    return codec
