"""Data that cannot be decoded: frames return again as soon as the sender sends valid ones."""

import random
from time import monotonic

import pytest

from acutance.model.engine.engine import Engine
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder_choice import ENCODERS
from tests.faults.conftest import Stage
from tests.faults.witness import CodedCamera
from tests.frames import frame_of, lumas
from tests.server.peers import HEIGHT, WIDTH, until

_START_CODE = b"\x00\x00\x00\x01"
_BACK_WITHIN_S = 2.0


def _noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randint(1, 3000))


def _h264_noise(dice: random.Random) -> bytes:
    """NAL units of all types, including parameter sets and slices, with random content."""
    types = [*range(1, 13), 19, 20]
    return b"".join(
        _START_CODE + bytes([0x60 | dice.choice(types)]) + dice.randbytes(dice.randint(1, 800)) for _ in range(3)
    )


@pytest.mark.parametrize(("codec", "noise"), [("H264", _h264_noise), ("VP8", _noise)])
async def test_frames_return_after_a_second_of_garbage(stage: Stage, engine: Engine, codec, noise) -> None:  # type: ignore[no-untyped-def]
    scene = await stage(engine)
    frames = [frame_of(luma) for luma in lumas(WIDTH, HEIGHT, 30)]
    camera = CodedCamera(frames, ENCODERS[codec](RateControl(600_000)))
    peer = await scene.call(camera, codec)
    await peer.sees()
    dice = random.Random(5)
    with scene.nobody_else_notices():
        sent = camera.sent
        camera.shots = [noise(dice) for _ in range(30)]
        await until(lambda: camera.sent >= sent + 30)
        camera.shots, begun = frames, monotonic()
        camera.encoder.request_keyframe()  # the sender of garbage has restarted
        await until(lambda: any(seen.at > begun + 0.5 for seen in peer.seen))
    assert monotonic() - begun < _BACK_WITHIN_S
    await peer.sees(10)
    assert peer.seen[-1].size == (WIDTH, HEIGHT)
    assert peer.ended is None
