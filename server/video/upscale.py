"""Brings a reduced picture back to the size of the call."""

from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter


class Upscaler:
    """FFmpeg's bicubic (libswscale) over all planes, as `model.scaling` does it in training. For one thread at a time.

    It keeps the scaler of the last pair of sizes.
    """

    def __init__(self) -> None:
        self._scaler = VideoReformatter()

    def bring(self, frame: VideoFrame, width: int, height: int) -> VideoFrame:
        """Return a 4:2:0 frame at this size in pixels: itself where it has it, else a new one.

        Format, pts, time base, range and colours are ``frame``'s.
        """
        if (frame.width, frame.height) == (width, height):
            return frame
        scaled = self._scaler.reformat(frame, width, height, interpolation=Interpolation.BICUBIC)
        scaled.pts, scaled.time_base = frame.pts, frame.time_base
        scaled.color_range, scaled.colorspace = frame.color_range, frame.colorspace
        scaled.color_primaries, scaled.color_trc = frame.color_primaries, frame.color_trc
        return scaled
