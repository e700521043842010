"""Clocks that jump: the sender's timestamps, and the wall clock of the host."""

import time
from time import monotonic

import pytest

from acutance.model.engine.engine import Engine
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.h264 import H264Encoder
from tests.faults.conftest import Stage
from tests.faults.witness import CodedCamera
from tests.frames import frame_of, lumas
from tests.server.peers import HEIGHT, WIDTH

HOUR_S = 3600.0


async def test_timestamps_that_jump_have_no_effect(stage: Stage, engine: Engine) -> None:
    scene = await stage(engine)
    frames = [frame_of(luma) for luma in lumas(WIDTH, HEIGHT, 30)]
    camera = CodedCamera(frames, H264Encoder(RateControl(600_000)))
    peer = await scene.call(camera)
    await peer.sees()
    begun = monotonic()
    with scene.nobody_else_notices():
        # RTP's 32 bits wrap after 13 hours: the last jump exceeds that.
        for ahead in (HOUR_S, -HOUR_S, 14 * HOUR_S):
            camera.ahead = ahead
            await peer.sees(30)
    assert peer.longest_gap(begun) < 0.65 + peer.gap_before(begun)
    await peer.is_told(passed_reason=None)


async def test_a_wall_clock_that_jumps_ends_no_call(
    stage: Stage, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await stage(engine)
    peer = await scene.call()
    await peer.sees()
    real, begun = time.time, monotonic()
    with scene.nobody_else_notices():
        for ahead in (HOUR_S, -HOUR_S):
            monkeypatch.setattr(time, "time", lambda ahead=ahead: real() + ahead)
            await peer.sees(60)
    assert peer.longest_gap(begun) < 0.45 + peer.gap_before(begun)
    assert peer.ended is None
