"""Encoders that fail: a frame is lost and the next one is a keyframe, or the call ends with the reason."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import av
import pytest

from acutance.model.engine.engine import Engine
from acutance.server.encoding.bitrate import Rate
from acutance.server.encoding.encoder import Encoder, VideoPacket
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.encoding.h264 import H264Encoder
from tests.faults.conftest import Stage
from tests.server.peers import until


class _Faulty(H264Encoder):
    fault: Callable[[], None] = staticmethod(lambda: None)

    def encode(self, frame: av.VideoFrame) -> VideoPacket:
        self.fault()
        return super().encode(frame)


@dataclass(frozen=True)
class _Encoders(EncoderChoice):
    """Encoders; that of the second call fails when the test requests it."""

    def encoder(self, codec: str, control: Rate, clock: Callable[[], float] = monotonic) -> Encoder:
        made.append(_Faulty(control, clock))
        return made[-1]


made: list[_Faulty] = []


@pytest.fixture(autouse=True)
def _none_made() -> None:
    made.clear()


def _fails() -> None:
    raise av.error.ExternalError(1, "no capable devices found")


async def test_a_frame_that_fails_is_counted_and_the_next_one_is_a_keyframe(stage: Stage, engine: Engine) -> None:
    scene = await stage(engine, encoders=_Encoders())
    peer = await scene.call()
    await peer.sees()
    (_, encoder) = made
    keyframes = encoder.keyframes

    def once() -> None:
        encoder.fault = lambda: None
        _fails()

    begun = monotonic()
    with scene.nobody_else_notices():
        encoder.fault = once
        await until(lambda: encoder.keyframes > keyframes)
        await peer.sees()
        await until(lambda: peer.last["frames"]["dropped_encoding"] == 1)
    assert peer.order == sorted(set(peer.order))
    assert peer.longest_gap(begun) < 0.45 + peer.gap_before(begun)
    assert peer.ended is None


async def test_an_encoder_that_keeps_failing_ends_the_call_with_the_reason(stage: Stage, engine: Engine) -> None:
    scene = await stage(engine, encoders=_Encoders())
    peer = await scene.call()
    await peer.sees()
    with scene.nobody_else_notices():
        made[1].fault = _fails
        await until(lambda: peer.ended)
        await until(lambda: len(scene.host.registry.publishers) == 1)
    assert peer.ended == "the video cannot be encoded (ExternalError in x264 superfast)"
