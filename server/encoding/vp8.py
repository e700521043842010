"""The VP8 encoder: libvpx."""

from av.video.codeccontext import VideoCodecContext

from acutance.server.encoding.encoder import Encoder, new_context


class VP8Encoder(Encoder):
    """libvpx in its real-time mode, for peers without H.264.

    FFmpeg cannot change the rate of an open libvpx: a large change reopens it, with a keyframe.
    """

    name = "libvpx VP8"
    codec_name = "libvpx"
    formats = ("yuv420p",)  # VP8 cannot signal full range: PyAV converts it to limited range
    rate_costs_keyframe = True

    def _open(self, width: int, height: int, rate: int) -> VideoCodecContext:
        codec = new_context(self.codec_name, width, height)
        codec.bit_rate = rate
        # With FFmpeg's default minimum quantiser a calm video stays below its rate, at lower quality.
        codec.qmin, codec.qmax = 0, 56
        codec.options = {
            "deadline": "realtime",
            # Small frames leave time for a slower, better search (`make bench` measures it).
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
        return codec

    def _retune(self, codec: VideoCodecContext, rate: int) -> bool:
        return False
