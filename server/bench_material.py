"""What `acutance bench stream` sends: bar-coded frames, encoded beforehand, and the pristine pictures to compare."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Literal, cast

import av
import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from server import barcode
from server.bitrate import RateControl
from server.encoder import ENCODERS, VideoPacket
from server.picture import new_like, plane_view

Plane = NDArray[np.uint8]
Camera = Literal["sharp", "soft"]

_MOST_FRAMES = 120  # of the clip, played forth and back: at 1080p 370 MB
_SMALLEST_HEIGHT = 64  # the bar code's rows, as many again that they may touch, and some picture
# A picture every half second is compared: neighbours say the same.
SAMPLE_EVERY = 15
# Without a clip: FFmpeg's moving test picture. Good for time, not for quality.
_TEST_PICTURE = "testsrc2=size={width}x{height}:rate=30,format=yuv420p"


class MaterialError(ValueError):
    """A clip that cannot be used; the message says why."""


@dataclass
class Material:
    """A stream ready to be sent.

    Attributes:
        packets: one a frame, pts in 1/90000 s.
        pristine: luma uint8 [H, W] by frame number, before softening and encoding, for every 15th frame.
        uplink: the same as the encoder left it, which is what the server gets.
    """

    packets: list[VideoPacket]
    pristine: dict[int, Plane]
    uplink: dict[int, Plane]


def prepare(
    clip: Path | None, size: tuple[int, int], codec: str, camera: Camera, bitrate: int, rate: int, count: int
) -> Material:
    """Encode frames of a clip as a sender would.

    Args:
        clip: any video file; None for FFmpeg's test picture.
        size: width and height in pixels; a clip of another shape is cut.
        codec: ``H264`` or ``VP8``.
        camera: ``soft`` brings each frame down and up by two (bicubic) before it is encoded.
        bitrate: bits a second.
        rate: frames a second.
        count: how many frames; the clip is played forth and back for as long.

    Raises:
        MaterialError: the clip cannot be read, or the size is too small for the bar code.
    """
    _check(size, count)
    material = Material([], {}, {})
    encoder = ENCODERS[codec](RateControl(bitrate))
    decoder = cast(av.VideoCodecContext, av.CodecContext.create({"H264": "h264", "VP8": "vp8"}[codec], "r"))
    softener = VideoReformatter()
    for number, original in enumerate(islice(_there_and_back(_read(clip, size)), count)):
        frame = _numbered(original, number, rate)
        if number % SAMPLE_EVERY == 0:
            material.pristine[number] = plane_view(frame, 0).copy()
        if camera == "soft":
            frame = _numbered(_softened(softener, original), number, rate)
        packet = encoder.encode(frame)
        material.packets.append(packet)
        for decoded in decoder.decode(packet):
            if number % SAMPLE_EVERY == 0 and isinstance(decoded, VideoFrame):
                material.uplink[number] = plane_view(decoded, 0).copy()
    return material


def _check(size: tuple[int, int], count: int) -> None:
    width, height = size
    if width < barcode.SMALLEST_WIDTH or height < _SMALLEST_HEIGHT or width % 2 or height % 2:
        raise MaterialError(
            f"a picture of {width}x{height} cannot be sent: both sides must be even, the width at least "
            f"{barcode.SMALLEST_WIDTH} (for the bar code) and the height at least {_SMALLEST_HEIGHT}"
        )
    if count > 1 << barcode.BITS:
        raise MaterialError(f"{count} frames are more than the bar code can number: at most {1 << barcode.BITS}")


def _read(clip: Path | None, size: tuple[int, int]) -> list[VideoFrame]:
    width, height = size
    scaler = VideoReformatter()
    try:
        with _open(clip, size) as container:
            frames = [
                _scaled(scaler, frame, width, height) for frame in islice(container.decode(video=0), _MOST_FRAMES)
            ]
    except (av.FFmpegError, IndexError) as error:
        raise MaterialError(f"cannot read a video from {clip}: {error}") from error
    if not frames:
        raise MaterialError(f"there is no picture in {clip}")
    return frames


def _open(clip: Path | None, size: tuple[int, int]) -> av.container.InputContainer:
    if clip is not None:
        return av.open(str(clip))
    return av.open(_TEST_PICTURE.format(width=size[0], height=size[1]), format="lavfi")


def _scaled(scaler: VideoReformatter, frame: VideoFrame, width: int, height: int) -> VideoFrame:
    factor = max(width / frame.width, height / frame.height)
    covering = (-(-round(frame.width * factor) // 2) * 2, -(-round(frame.height * factor) // 2) * 2)
    whole = scaler.reformat(frame, *covering, format="yuv420p", interpolation=Interpolation.BICUBIC)
    cut = new_like(whole, width, height)
    for index in range(3):
        target, source = plane_view(cut, index), plane_view(whole, index)
        top, left = (source.shape[0] - target.shape[0]) // 2, (source.shape[1] - target.shape[1]) // 2
        target[:] = source[top : top + target.shape[0], left : left + target.shape[1]]
    return cut


def _softened(scaler: VideoReformatter, frame: VideoFrame) -> VideoFrame:
    half = scaler.reformat(frame, frame.width // 2, frame.height // 2, interpolation=Interpolation.BICUBIC)
    return scaler.reformat(half, frame.width, frame.height, interpolation=Interpolation.BICUBIC)


def _numbered(frame: VideoFrame, number: int, rate: int) -> VideoFrame:
    numbered = new_like(frame)
    for index in range(3):
        plane_view(numbered, index)[:] = plane_view(frame, index)
    barcode.stamp(plane_view(numbered, 0), number)
    numbered.pts = number * 90_000 // rate
    numbered.time_base = Fraction(1, 90_000)
    return numbered


def _there_and_back(frames: list[VideoFrame]) -> Iterator[VideoFrame]:
    # Forth and back, so that the loop has no cut that would cost a keyframe's bits.
    return cycle(chain(frames, frames[-2:0:-1]))
