"""Planes of a YUV 4:2:0 frame as numpy views, and new frames with the properties of another."""

import numpy as np
from av import VideoFrame
from av.video.reformatter import ColorRange

from acutance.model.planes import Plane

# FFmpeg's names of planar 8-bit 4:2:0: limited range, and full range, which some cameras send.
FORMATS = ("yuv420p", "yuvj420p")
FULL_RANGE = "yuvj420p"


def plane_view(frame: VideoFrame, index: int) -> Plane:
    """Return plane ``index`` (0 Y, 1 U, 2 V) of a 4:2:0 frame as a view, uint8 [H, W].

    Rows are padded: the view's row stride is the plane's ``line_size``. Writing into the view writes into the frame.
    """
    plane = frame.planes[index]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def new_like(frame: VideoFrame, width: int | None = None, height: int | None = None) -> VideoFrame:
    """Return a new frame with ``frame``'s format, pts, time base, range and colours; its planes are uninitialised."""
    new = VideoFrame(width or frame.width, height or frame.height, frame.format.name)
    new.pts = frame.pts
    new.time_base = frame.time_base
    new.color_range = frame.color_range
    new.colorspace = frame.colorspace
    new.color_primaries = frame.color_primaries
    new.color_trc = frame.color_trc
    return new


def copy_of(frame: VideoFrame) -> VideoFrame:
    """Return a copy of a frame with its own planes: an encoder writes into its frames."""
    return _filled_from(frame, new_like(frame))


def with_range_flag(frame: VideoFrame) -> VideoFrame:
    """Return a copy of a frame of full range in the format of limited range, whose flag says that it is full.

    For encoders that do not know ``yuvj420p``; converting would change the range.
    """
    flagged = VideoFrame(frame.width, frame.height, FORMATS[0])
    flagged.pts, flagged.time_base = frame.pts, frame.time_base
    flagged.color_range = ColorRange.JPEG
    flagged.colorspace = frame.colorspace
    return _filled_from(frame, flagged)


def _filled_from(frame: VideoFrame, copy: VideoFrame) -> VideoFrame:
    for source, target in zip(frame.planes, copy.planes, strict=True):
        rows = np.frombuffer(source, np.uint8).reshape(-1, source.line_size)
        into = np.frombuffer(target, np.uint8).reshape(-1, target.line_size)
        width = min(source.line_size, target.line_size)
        into[:, :width] = rows[:, :width]
    return copy


def cropped_to_even(frame: VideoFrame) -> VideoFrame:
    """Return ``frame`` without an odd last row or column: 4:2:0 in H.264 has even sizes only."""
    width, height = frame.width & ~1, frame.height & ~1
    if (width, height) == (frame.width, frame.height):
        return frame
    even = new_like(frame, width, height)
    for index in range(3):
        target = plane_view(even, index)
        target[:] = plane_view(frame, index)[: target.shape[0], : target.shape[1]]
    return even
