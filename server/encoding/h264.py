"""H.264 encoders: x264, and NVIDIA's NVENC."""

from abc import abstractmethod
from collections.abc import Callable
from time import monotonic

from av.video.codeccontext import VideoCodecContext

from acutance.server.encoding import bitrate
from acutance.server.encoding.encoder import Encoder, new_context
from acutance.server.frames.planes import FORMATS


class _Retunable(Encoder):
    """An encoder that changes its bit rate while open: FFmpeg's x264 and NVENC (PyAV 19), if opened with a VBV."""

    formats = FORMATS

    def _open(self, width: int, height: int, rate: int) -> VideoCodecContext:
        codec = new_context(self.codec_name, width, height)
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
    """x264: constrained Baseline, no B-frames, a VBV of half a second, level from size and rate.

    Superfast takes about half of veryfast's time at nearly its quality; ultrafast loses more quality than a student
    adds.
    """

    codec_name = "libx264"

    def __init__(
        self,
        control: bitrate.Rate,
        clock: Callable[[], float] = monotonic,
        max_threads: int = 2,
        preset: Callable[[int, int], str] = lambda width, height: "superfast",
    ):
        super().__init__(control, clock, max_threads)
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

    The options are those of `ffmpeg -h encoder=h264_nvenc`; a new rate reconfigures the open encoder. After a failure
    x264 encodes the rest of the call: the device is lost, or has no free encoding session.
    """

    codec_name = "h264_nvenc"

    def __init__(
        self,
        control: bitrate.Rate,
        clock: Callable[[], float] = monotonic,
        max_threads: int = 2,
        preset: Callable[[int, int], str] = lambda width, height: "superfast",
    ):
        super().__init__(control, clock, max_threads, preset)
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
