"""The files that raters' browsers play: one or two clips of the same moment in one video, visually lossless.

The two clips of a pair lie above each other in one video: whatever a browser drops or delays, both show the same frame.
H.264 (High, 4:2:0) because every browser plays it; at quantiser 8 it is within a grey level of the frame, and `psnr`
checks each file.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from acutance.model.planes import Plane
from acutance.server.frames.planes import plane_view
from acutance.server.study.errors import StudyError
from acutance.server.study.manifest import GAP

_QUANTISER = 8
_LEAST_PSNR = 48.0
"""dB of luma: a root mean square error of one grey level."""
_GREY = 128

type Clip = NDArray[np.uint8]
"""Frames in yuv420p, `[frames, H * 3 / 2, W]`: luma, then U and V, each as H / 4 rows."""


def store(path: Path, clips: Sequence[Clip], rate: Fraction, matrix: int) -> float:
    """Write a video and return the PSNR of its worst frame in dB.

    Args:
        path: of the MP4 file.
        clips: one clip, or the upper and the lower one of the same shape.
        rate: frames per second.
        matrix: of the colours, FFmpeg's number.

    Raises:
        StudyError: it cannot be written, or is not visually lossless.
    """
    height, width = clips[0].shape[1] * 2 // 3, clips[0].shape[2]
    whole = height if len(clips) == 1 else 2 * height + GAP
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=rate, options={"qp": str(_QUANTISER), "preset": "medium"})
            assert isinstance(stream.codec_context, VideoCodecContext)
            stream.width, stream.height, stream.pix_fmt = width, whole, "yuv420p"
            stream.codec_context.colorspace, stream.codec_context.color_range = matrix, ColorRange.MPEG
            for frame in _composed(clips, width, whole):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        psnr = _psnr(path, clips, width, whole)
    except (OSError, av.FFmpegError) as error:
        raise StudyError(f"cannot write the clip {path}: {error}") from error
    if psnr < _LEAST_PSNR:
        raise StudyError(f"{path} has a PSNR of {psnr:.1f} dB: it is not visually lossless, {_LEAST_PSNR:g} are needed")
    return psnr


def _composed(clips: Sequence[Clip], width: int, whole: int) -> Iterator[av.VideoFrame]:
    for index in range(clips[0].shape[0]):
        frame = av.VideoFrame(width, whole, "yuv420p")
        for number in range(3):
            plane_view(frame, number)[:] = _GREY
        for place, clip in enumerate(clips):
            _put(frame, clip[index], place)
        frame.pts = index
        yield frame


def _put(frame: av.VideoFrame, yuv: Plane, place: int) -> None:
    height = yuv.shape[0] * 2 // 3
    top = place * (height + GAP)
    plane_view(frame, 0)[top : top + height] = yuv[:height]
    for number in (1, 2):
        start = height + (number - 1) * height // 4
        chroma = yuv[start : start + height // 4].reshape(height // 2, -1)
        plane_view(frame, number)[top // 2 : (top + height) // 2] = chroma


def _psnr(path: Path, clips: Sequence[Clip], width: int, whole: int) -> float:
    worst = 0.0
    with av.open(str(path)) as container:
        pairs = zip(container.decode(video=0), _composed(clips, width, whole), strict=True)
        for stored, meant in pairs:
            difference = _luma(stored).astype(np.int16) - _luma(meant)
            worst = max(worst, float(np.square(difference, dtype=np.float32).mean()))
    return float(10 * np.log10(255**2 / max(worst, 1e-9)))


def _luma(frame: av.VideoFrame) -> Plane:
    return plane_view(frame, 0)
