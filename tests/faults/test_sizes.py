"""Frames of unusual sizes, and of a new size each second."""

from collections.abc import Callable
from typing import cast

import av
import pytest
from aiortc.mediastreams import VIDEO_TIME_BASE
from av.video.codeccontext import VideoCodecContext

from acutance.model.engine.engine import Engine
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder_choice import ENCODERS
from tests.faults.conftest import Stage
from tests.faults.witness import CodedCamera
from tests.frames import frame_of, lumas
from tests.server.peers import until

BITRATE = 1_000_000


def _camera(codec: str, *sizes: tuple[int, int], each: int = 2, rate: int = 30) -> CodedCamera:
    frames = [frame_of(luma) for size in sizes for luma in lumas(*size, each)]
    return CodedCamera(frames, ENCODERS[codec](RateControl(BITRATE)), rate)


def _odd_camera(size: tuple[int, int]) -> CodedCamera:
    """VP8 allows odd sizes; our own encoder crops them."""
    codec = cast(VideoCodecContext, av.CodecContext.create("libvpx", "w"))
    codec.width, codec.height, codec.pix_fmt, codec.time_base = *size, "yuv420p", VIDEO_TIME_BASE
    codec.options, codec.gop_size = {"lag-in-frames": "0", "deadline": "realtime"}, 1
    packets = [bytes(packet) for luma in lumas(*size, 5) for packet in codec.encode(frame_of(luma))]
    return CodedCamera(packets, ENCODERS["VP8"](RateControl(BITRATE)))


@pytest.mark.parametrize(
    ("codec", "camera", "size", "enhanced"),
    [
        ("H264", lambda size: _camera("H264", size), (16, 16), True),
        ("VP8", lambda size: _camera("VP8", size), (10, 6), False),
        ("VP8", _odd_camera, (333, 187), True),
    ],
)
async def test_unusual_sizes_are_returned_without_an_odd_row_or_column(
    stage: Stage,
    engine: Engine,
    codec: str,
    camera: Callable[[tuple[int, int]], CodedCamera],
    size: tuple[int, int],
    enhanced: bool,
) -> None:
    scene = await stage(engine)
    peer = await scene.call(camera(size), codec)
    with scene.nobody_else_notices():
        await peer.sees(30)
        reason = f"a frame of {size[0]}x{size[1]} is outside 16x16 to 4096x2304"
        await peer.is_told(size_in=list(size), passed_reason=None if enhanced else reason)
    assert {seen.size for seen in peer.seen} == {(size[0] & ~1, size[1] & ~1)}


async def test_the_largest_picture_is_enhanced_and_a_larger_one_ends_its_call(stage: Stage, engine: Engine) -> None:
    scene = await stage(engine)
    # Two frames per second: only the size matters, and the bystander shares the two cores.
    camera = _camera("H264", (4096, 2304), rate=2)
    peer = await scene.call(camera)
    await peer.sees(3)
    assert peer.seen[-1].size == (4096, 2304)
    await peer.is_told(passed_reason=None, size_in=[4096, 2304])
    camera.shots = [frame_of(luma) for luma in lumas(4112, 2304, 1)]
    await until(lambda: peer.ended)
    assert peer.ended == "frames of 4112x2304 are larger than this server accepts"
    with scene.nobody_else_notices():
        await scene.bystander.sees(30)


async def test_frames_of_changing_size_are_returned_at_the_size_of_the_call(stage: Stage, engine: Engine) -> None:
    scene = await stage(engine)
    sizes = ((640, 360), (320, 180), (480, 270), (160, 90), (426, 240), (640, 360))
    camera = _camera("H264", *sizes, each=30)
    peer = await scene.call(camera)
    with scene.nobody_else_notices():
        await peer.sees(150)
    assert {seen.size for seen in peer.seen} == {(640, 360)}
    assert peer.longest_gap() < 0.7
    keyframes = peer.last["keyframes"]
    assert keyframes <= 3, f"{keyframes} keyframes for frames of one size"
