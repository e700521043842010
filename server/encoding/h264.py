"""H.264 encoders: x264, and NVIDIA's NVENC."""

from abc import abstractmethod
from collections.abc import Callable
from time import monotonic
from typing import ClassVar

from av import VideoFrame
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange

from acutance.model.engine.gpu.device import DEVICE
from acutance.server.encoding import bitrate
from acutance.server.encoding.encoder import Encoder, VideoPacket, new_context
from acutance.server.frames.planes import FORMATS, FULL_RANGE, with_range_flag


class _Retunable(Encoder):
    """An encoder that changes its bit rate while open: FFmpeg's x264 and NVENC (PyAV 19), if opened with a VBV."""

    formats: ClassVar[tuple[str, ...]] = FORMATS

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

    The options are those of `ffmpeg -h encoder=h264_nvenc`. A new rate reconfigures the open encoder, for which FFmpeg
    forces an IDR (libavcodec/nvenc.c). After a failure x264 encodes the rest of the call: the device is lost, or has no
    free encoding session. Its calls are not made while a CUDA graph is captured, because that would end the capture.
    """

    codec_name = "h264_nvenc"
    # It takes full range under the name of limited range, with a flag.
    formats = ("yuv420p",)
    rate_costs_keyframe = True

    def __init__(
        self,
        control: bitrate.Rate,
        clock: Callable[[], float] = monotonic,
        max_threads: int = 2,
        preset: Callable[[int, int], str] = lambda width, height: "superfast",
    ):
        super().__init__(control, clock, max_threads, preset)
        self.name = "NVENC"
        self._full_range = False

    def encode(self, frame: VideoFrame) -> VideoPacket:
        """Encode a frame, see `Encoder.encode`; a change between full and limited range reopens the codec."""
        full_range = frame.format.name == FULL_RANGE
        if full_range != self._full_range:
            self._close()
            self._full_range = full_range
        if full_range:
            frame = with_range_flag(frame)
        if not self._on_gpu:
            return super().encode(frame)
        codec = self._codec
        opens = codec is None or (codec.width, codec.height) != (frame.width & ~1, frame.height & ~1)
        with DEVICE.lock.shared(long=opens):
            if opens:
                DEVICE.release_discarded()
            return super().encode(frame)

    def reset(self) -> None:
        """Encode the next frame, which becomes a keyframe, and all later ones with x264."""
        self._close()
        super().reset()
        self.codec_name = H264Encoder.codec_name
        self.rate_costs_keyframe = False

    def __del__(self) -> None:
        self._close()

    def _close(self) -> None:
        # Closing frees memory of the device, which ends a capture, too.
        if self._on_gpu and self._codec is not None:
            DEVICE.discard(self._codec)
            self._codec = None

    @property
    def _on_gpu(self) -> bool:
        return self.codec_name != H264Encoder.codec_name

    def _open(self, width: int, height: int, rate: int) -> VideoCodecContext:
        codec = super()._open(width, height, rate)
        if self._full_range:
            codec.color_range = ColorRange.JPEG
        return codec

    def _options(self, width: int, height: int) -> dict[str, str]:
        if not self._on_gpu:
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
