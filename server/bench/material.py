"""The stream that `acutance bench stream` sends: numbered frames, encoded beforehand, and pristine lumas to compare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, cycle, islice
from math import ceil
from pathlib import Path
from typing import Literal, cast

import av
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from acutance.model.planes import Plane, Size
from acutance.server.bench import barcode
from acutance.server.bench.errors import BenchError
from acutance.server.client.peer.source import pattern
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder_choice import ENCODERS
from acutance.server.frames.planes import new_like, plane_view

Camera = Literal["sharp", "soft"]

_MOST_FRAMES = 120  # of the clip, played forwards and backwards: 370 MB at 1080p
# One frame every half second is compared: its neighbours look the same.
SAMPLE_EVERY = 15


class MaterialError(BenchError):
    """A clip or a size cannot be sent; the message says why."""


@dataclass(frozen=True)
class Plan:
    """The stream to be sent.

    Attributes:
        size: width and height in pixels at the start.
        codec: ``H264`` or ``VP8``.
        camera: ``soft`` scales each frame down and up by two (bicubic) before it is encoded.
        bitrate: bit/s at ``size``.
        rate: frames/s.
        count: number of frames to encode.
        reduced: size from frame ``reduced_at`` on; None for a constant size.
        reduced_at: number of the first frame with size ``reduced``.
        keyframe_every: frames between keyframes; 0: only the first frame is one. The second one follows after half a
            second, as the answer to a request of the server: the packets are encoded beforehand.
        reduced_bitrate: bit/s from frame ``reduced_at`` on; None for the same bits per pixel as before.
    """

    size: Size
    codec: str = "H264"
    camera: Camera = "sharp"
    bitrate: int = 600_000
    rate: int = 30
    count: int = 1800
    reduced: Size | None = None
    reduced_at: int = 0
    keyframe_every: int = 0
    reduced_bitrate: int | None = None

    def is_keyframe(self, number: int) -> bool:
        """Return whether the frame with this number is a keyframe on purpose."""
        if self.keyframe_every == 0:
            return False
        return number == self.rate // 2 or (number > 0 and number % self.keyframe_every == 0)

    @property
    def block(self) -> int:
        """Side of a block of the bar code in pixels of ``size``: at least 16 pixels remain after the reduction."""
        if self.reduced is None:
            return barcode.BLOCK
        return barcode.BLOCK * ceil(max(side / small for side, small in zip(self.size, self.reduced, strict=True)))

    @property
    def compared_rows(self) -> slice:
        """Rows at ``size`` outside of the bar code and of the coding artefacts around it."""
        return slice(0, -2 * self.block)

    def check(self) -> None:
        """Check that such a stream can be made.

        Raises:
            MaterialError: it cannot.
        """
        (width, height), block = self.size, self.block
        least = barcode.SMALLEST_WIDTH // barcode.BLOCK * block
        # The rows of the bar code, as many again around it, and some to compare.
        if width < least or height < 4 * block or width % 2 or height % 2:
            raise MaterialError(
                f"frames of {width}x{height} cannot be sent: both sides must be even, the width at least "
                f"{least} (for the bar code) and the height at least {4 * block}"
            )
        if self.reduced is not None and (
            min(self.reduced) < 16
            or any(side % 2 for side in self.reduced)
            or not (self.reduced[0] <= width and self.reduced[1] <= height)
        ):
            raise MaterialError(
                f"a sender cannot reduce {width}x{height} to {self.reduced[0]}x{self.reduced[1]}: both sides must "
                "be even, at least 16, and no larger than before"
            )
        if self.count > 1 << barcode.BITS:
            raise MaterialError(
                f"{self.count} frames are too many for the numbers of the bar code: at most {1 << barcode.BITS}"
            )


@dataclass
class Material:
    """A stream ready to be sent.

    Attributes:
        plan: its properties.
        packets: one access unit for each frame; the first is a keyframe.
        pristine: luma uint8 [H, W] of the plan's size by frame number, before softening, reducing and encoding, for
            every 15th frame.
        uplink: the same frames after encoding, as the server receives them; reduced ones enlarged again (bicubic),
            as a player would show them.
    """

    plan: Plan
    packets: list[bytes] = field(default_factory=list)
    pristine: dict[int, Plane] = field(default_factory=dict)
    uplink: dict[int, Plane] = field(default_factory=dict)


def prepare(clip: Path | None, plan: Plan) -> Material:
    """Encode frames of a clip as a sender would.

    Args:
        clip: any video file, cut to the plan's aspect ratio and played forwards and backwards; None for FFmpeg's test
            pattern.
        plan: the stream to be sent.

    Raises:
        MaterialError: the clip cannot be read, or no such stream can be made.
    """
    plan.check()
    material = Material(plan)
    control = RateControl(plan.bitrate)
    encoder = ENCODERS[plan.codec](control)
    scaler = VideoReformatter()
    for number, original in enumerate(_originals(clip, plan)):
        frame = _numbered(original, number, plan)
        sampled = number % SAMPLE_EVERY == 0
        if sampled:
            material.pristine[number] = plane_view(frame, 0).copy()
        if plan.camera == "soft":
            frame = _numbered(_softened(scaler, original), number, plan)
        if plan.reduced is not None and number >= plan.reduced_at:
            frame = scaler.reformat(frame, *plan.reduced, interpolation=Interpolation.BICUBIC)
            same = plan.bitrate * frame.width * frame.height // (plan.size[0] * plan.size[1])
            control.maximum = plan.reduced_bitrate or same
        if plan.is_keyframe(number):
            encoder.force_keyframe()
        material.packets.append(bytes(encoder.encode(frame)))
    enlarger = VideoReformatter()
    for number, arrived in enumerate(decoded_frames(plan, material.packets)):
        if number % SAMPLE_EVERY == 0:
            material.uplink[number] = plane_view(enlarged(enlarger, arrived, plan), 0).copy()
    return material


def pristine_frames(clip: Path | None, plan: Plan) -> Iterator[VideoFrame]:
    """Yield the frames of a stream with their bar codes, before softening, reducing and encoding.

    Args:
        clip: see `prepare`.
        plan: of the stream.

    Raises:
        MaterialError: the clip cannot be read.
    """
    for number, original in enumerate(_originals(clip, plan)):
        yield _numbered(original, number, plan)


def decoded_frames(plan: Plan, packets: Sequence[bytes]) -> Iterator[VideoFrame]:
    """Yield the frames of a stream as the server receives them."""
    decode = decoder(plan.codec)
    for number, packet in enumerate(packets):
        (frame,) = decode.decode(av.Packet(packet))
        frame.pts, frame.time_base = number * VIDEO_CLOCK_RATE // plan.rate, VIDEO_TIME_BASE
        yield frame


def enlarged(scaler: VideoReformatter, frame: VideoFrame, plan: Plan) -> VideoFrame:
    """Return a frame at the size of the plan, enlarged (bicubic) as by a player if the sender has reduced it."""
    return scaler.reformat(frame, *plan.size, interpolation=Interpolation.BICUBIC)


def decoder(codec: str) -> av.VideoCodecContext:
    """Return a decoder of ``H264`` or ``VP8`` that has no delay."""
    return cast(av.VideoCodecContext, av.CodecContext.create({"H264": "h264", "VP8": "vp8"}[codec], "r"))


def _originals(clip: Path | None, plan: Plan) -> Iterator[VideoFrame]:
    return islice(_forwards_and_backwards(_read(clip, plan.size)), plan.count)


def _read(clip: Path | None, size: Size) -> list[VideoFrame]:
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
        raise MaterialError(f"{clip} has no video frames")
    return frames


def _open(clip: Path | None, size: Size) -> av.container.InputContainer:
    if clip is not None:
        return av.open(str(clip))
    # The test pattern is suitable to measure time, but not quality.
    return pattern(f"{size[0]}x{size[1]}", 30).open()


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


def _numbered(frame: VideoFrame, number: int, plan: Plan) -> VideoFrame:
    numbered = new_like(frame)
    for index in range(3):
        plane_view(numbered, index)[:] = plane_view(frame, index)
    barcode.stamp(plane_view(numbered, 0), number, plan.block)
    numbered.pts = number * VIDEO_CLOCK_RATE // plan.rate
    numbered.time_base = VIDEO_TIME_BASE
    return numbered


def _forwards_and_backwards(frames: list[VideoFrame]) -> Iterator[VideoFrame]:
    # Backwards too, to avoid a cut at the repetition: it would cost as many bits as a keyframe.
    return cycle(chain(frames, frames[-2:0:-1]))
