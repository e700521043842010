"""Scales frames to the output size of a call, and converts other pixel formats to 4:2:0."""

from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from acutance.server.frames.planes import FORMATS


class Resizer:
    """Scales all planes with FFmpeg's bicubic filter (libswscale), like `acutance.model.scaling` in training.

    For one thread at a time. It keeps the scaler context of the last pair of sizes.
    """

    def __init__(self) -> None:
        self._scaler = VideoReformatter()

    def resize(self, frame: VideoFrame, width: int, height: int) -> VideoFrame:
        """Return a planar 8-bit 4:2:0 frame of this size in pixels: ``frame`` itself if it is one, else a new frame.

        Pts and time base are those of ``frame``; so are pixel format, range and colours unless it is converted.

        Raises:
            Exception: FFmpeg's errors, which share no base class, for example for a frame too large for memory.
        """
        planar = frame.format.name in FORMATS
        if planar and (frame.width, frame.height) == (width, height):
            return frame
        # Two threads save 0.06 of 0.32 ms at 720p, and each waits for a processor that may be busy.
        kind = None if planar else FORMATS[0]
        scaled = self._scaler.reformat(
            frame, width, height, format=kind, interpolation=Interpolation.BICUBIC, threads=1
        )
        if not planar:
            return scaled  # its range and colours are those that the conversion chose
        scaled.pts, scaled.time_base = frame.pts, frame.time_base
        scaled.color_range, scaled.colorspace = frame.color_range, frame.colorspace
        scaled.color_primaries, scaled.color_trc = frame.color_primaries, frame.color_trc
        return scaled
