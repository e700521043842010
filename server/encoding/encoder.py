"""Encodes H.264 and VP8 at a constant bit rate that can change: one frame in, one packet out, sent by aiortc as is."""

from abc import ABC, abstractmethod
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
from acutance.server.frames.planes import FORMATS, cropped_to_even

# A receiver under loss repeats its PLI each round trip; one keyframe answers all of them.
KEYFRAME_INTERVAL = 0.5
type VideoPacket = av.Packet[VideoStream]

_NO_PERIODIC_KEYFRAMES = 1_000_000
# The measured frame rate jitters; the codec need not follow.
_NOISE = 0.05


class EncoderError(RuntimeError):
    """The codec returned no packet, or several, for a frame."""


class Encoder(ABC):
    """Turns 4:2:0 frames of any size into packets. ``encode`` runs in one thread, the rest in any.

    Attributes:
        name: for people, such as ``x264 superfast``.
        control: gives the bit rate; a change is followed from the next frame on.
        bitrate: the codec's setting in bit/s; 0 before the first frame.
        keyframes: how many keyframes it has made.
    """

    name: str
    codec_name: str
    formats: ClassVar[tuple[str, ...]]

    def __init__(self, control: bitrate.Rate, clock: Callable[[], float] = monotonic, most_threads: int = 2):
        """Start with no codec open.

        Args:
            control: gives the bit rate.
            clock: in seconds.
            most_threads: threads that a large frame may take.
        """
        self.control = control
        self._most_threads = most_threads
        self.bitrate = 0
        self.keyframes = 0
        self._clock = clock
        self._codec: VideoCodecContext | None = None
        self._keyframe_wanted = False
        self._keyframe_at = -KEYFRAME_INTERVAL
        self._last_pts = -1
        self._frame_rate = float(bitrate.NOMINAL_RATE)

    def request_keyframe(self) -> None:
        """Make one of the next frames a keyframe: at once, or half a second after the last one."""
        self._keyframe_wanted = True

    def reset(self) -> None:
        """Open the codec anew for the next frame, which becomes a keyframe. Between two calls of ``encode``."""
        self._codec = None

    def encode(self, frame: av.VideoFrame) -> VideoPacket:
        """Encode a frame; it must not be used afterwards: its pts, time base and picture type are rewritten.

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
        """Set an open codec to ``rate`` bit/s; return False if it has to be opened anew for that."""

    def _codec_for(self, frame: av.VideoFrame) -> VideoCodecContext:
        rate = bitrate.nominal(self.control.target(frame.width, frame.height), self._frame_rate)
        codec = self._codec
        if codec is not None and (codec.width, codec.height) == (frame.width, frame.height):
            if abs(rate - self.bitrate) <= _NOISE * self.bitrate:
                return codec
            if self._retune(codec, rate):
                self.bitrate = rate
                return codec
            if not self._may_reopen(rate):
                return codec
        codec = self._open(frame.width, frame.height, rate)
        codec.pix_fmt = frame.format.name if frame.format.name in self.formats else self.formats[0]
        self._codec, self.bitrate = codec, rate
        return codec

    def _threads(self, width: int, height: int) -> int:
        # One slice, and a processor left for the student; above 720p one thread is not enough for 30 frames/s.
        return 1 if width * height <= 1280 * 720 else self._most_threads

    def _may_reopen(self, rate: int) -> bool:
        return True

    def _keyframe_due(self) -> bool:
        return self._keyframe_wanted and self._clock() - self._keyframe_at >= KEYFRAME_INTERVAL

    def _next_pts(self, frame: av.VideoFrame) -> int:
        """Return the frame's time on the 90 kHz clock, greater than the last one, and update the frame rate."""
        pts = self._last_pts + 1
        if frame.pts is not None and frame.time_base is not None:
            numerator, denominator = frame.time_base.numerator, frame.time_base.denominator
            pts = max(pts, frame.pts * numerator * VIDEO_CLOCK_RATE // denominator)
        step = pts - self._last_pts
        if self._last_pts >= 0 and step > VIDEO_CLOCK_RATE / 240:
            # A tenth of each new step: one late frame does not retune the codec.
            self._frame_rate += 0.1 * (VIDEO_CLOCK_RATE / step - self._frame_rate)
        self._last_pts = pts
        return pts


class _Retunable(Encoder):
    """An encoder that changes its bit rate while it is open: x264 and NVENC of FFmpeg (PyAV 19), opened with a VBV."""

    formats = FORMATS

    def _open(self, width: int, height: int, rate: int) -> VideoCodecContext:
        codec = _context(self.codec_name, width, height)
        codec.options = self._options(width, height)
        codec.profile = "Baseline"
        codec.max_b_frames = 0
        self._retune(codec, rate)
        return codec

    @abstractmethod
    def _options(self, width: int, height: int) -> dict[str, str]:
        """Return FFmpeg's options for this codec and a size in pixels."""

    def _retune(self, codec: VideoCodecContext, rate: int) -> bool:
        codec.bit_rate = rate
        codec.max_bit_rate = rate
        codec.rc_buffer_size = rate // 2
        return True


class H264Encoder(_Retunable):
    """x264: constrained Baseline, no B-frames, a VBV of half a second, level by size and rate.

    Superfast takes about half of veryfast's time at nearly its quality; ultrafast loses more quality than a student
    adds.
    """

    codec_name = "libx264"

    def __init__(
        self,
        control: bitrate.Rate,
        clock: Callable[[], float] = monotonic,
        most_threads: int = 2,
        preset: Callable[[int, int], str] = lambda width, height: "superfast",
    ):
        super().__init__(control, clock, most_threads)
        self.name = "x264"
        self._preset = preset

    def _open(self, width: int, height: int, rate: int) -> VideoCodecContext:
        codec = super()._open(width, height, rate)
        codec.thread_count = self._threads(width, height)
        return codec

    def _options(self, width: int, height: int) -> dict[str, str]:
        preset = self._preset(width, height)
        self.name = f"x264 {preset}"
        return {"preset": preset, "tune": "zerolatency"}


class NvencEncoder(H264Encoder):
    """NVIDIA's encoder, configured like x264: without delay, and a forced keyframe is an IDR.

    Options are those of FFmpeg's `h264_nvenc` (`ffmpeg -h encoder=h264_nvenc`); an open one is reconfigured for a new
    rate. Once it has failed, x264 encodes the rest of the call: the device is lost, or its sessions are used up.
    """

    codec_name = "h264_nvenc"

    def __init__(
        self,
        control: bitrate.Rate,
        clock: Callable[[], float] = monotonic,
        most_threads: int = 2,
        preset: Callable[[int, int], str] = lambda width, height: "superfast",
    ):
        super().__init__(control, clock, most_threads, preset)
        self.name = "NVENC"

    def reset(self) -> None:
        """Encode the next frame, which becomes a keyframe, and all later ones with x264."""
        super().reset()
        self.codec_name = H264Encoder.codec_name

    def _options(self, width: int, height: int) -> dict[str, str]:
        if self.codec_name == H264Encoder.codec_name:
            return super()._options(width, height)
        # FFmpeg's NVENC takes the profile from this option only; its default is Main.
        return {
            "profile": "baseline",
            "preset": "p4",
            "tune": "ull",
            "rc": "cbr",
            "zerolatency": "1",
            "delay": "0",
            "forced-idr": "1",
        }


class VP8Encoder(Encoder):
    """libvpx in its real-time mode, for peers without H.264.

    FFmpeg cannot change the rate of an open libvpx: for a large change it is opened anew, with a keyframe.
    """

    name = "libvpx VP8"
    codec_name = "libvpx"
    formats = ("yuv420p",)  # VP8 cannot signal full range: PyAV converts it to limited range
    # REMB climbs by about 8 % a second: opening anew for each step would make a series of keyframes.
    _LARGE_CHANGE = 0.25
    _REOPEN_INTERVAL = 2.0

    def _open(self, width: int, height: int, rate: int) -> VideoCodecContext:
        codec = _context(self.codec_name, width, height)
        codec.bit_rate = rate
        # With FFmpeg's default minimum quantiser a calm video stays below its rate, at lower quality.
        codec.qmin, codec.qmax = 0, 56
        codec.options = {
            "deadline": "realtime",
            # For small frames there is time for the slower, better search (`make bench` times it).
            "cpu-used": "-4" if width * height <= 640 * 480 else "-6",
            "lag-in-frames": "0",
            # minrate = maxrate = bit rate selects constant bit rate.
            "minrate": str(rate),
            "maxrate": str(rate),
            "bufsize": str(rate // 2),
            "undershoot-pct": "50",
            "overshoot-pct": "50",
            # No denoiser: it would remove the detail that the student restored.
            "noise-sensitivity": "0",
        }
        codec.thread_count = self._threads(width, height)
        self._opened_at = self._clock()
        return codec

    def _retune(self, codec: VideoCodecContext, rate: int) -> bool:
        return False

    def _may_reopen(self, rate: int) -> bool:
        return (
            abs(rate - self.bitrate) > self._LARGE_CHANGE * self.bitrate
            and self._clock() - self._opened_at >= self._REOPEN_INTERVAL
        )


ENCODERS: dict[str, type[Encoder]] = {"H264": H264Encoder, "VP8": VP8Encoder}


def _context(name: str, width: int, height: int) -> VideoCodecContext:
    codec = cast(VideoCodecContext, av.CodecContext.create(name, "w"))
    codec.width = width
    codec.height = height
    codec.time_base = VIDEO_TIME_BASE
    codec.framerate = Fraction(bitrate.NOMINAL_RATE, 1)
    codec.gop_size = _NO_PERIODIC_KEYFRAMES
    return codec
