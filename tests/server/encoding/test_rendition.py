import asyncio
import logging
from collections.abc import AsyncIterator

import numpy as np
import pytest

from acutance.model.hints import UNCODED
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.fan_out import FanOut
from acutance.server.encoding.h264 import H264Encoder
from acutance.server.encoding.queued_frame import EncodedFrameTiming, QueuedFrame
from acutance.server.encoding.rendition import Subscription, Variant
from acutance.server.encoding.shared_rate import SharedRate
from acutance.server.rtc.packet_track import PacketTrack
from tests.frames import frame_of


class Stage:
    def __init__(self) -> None:
        self.encoders: list[H264Encoder] = []
        self.encoded: list[int] = []
        self.now = 0.0
        self.dropped = 0
        self.fan_out = FanOut(self._encoder, self._on_encoded, self._on_dropped, lambda: self.now)
        self.number = 0

    def _encoder(self, codec: str, rate: SharedRate) -> H264Encoder:
        self.encoders.append(H264Encoder(rate, lambda: self.now))
        return self.encoders[-1]

    def _on_encoded(self, timing: EncodedFrameTiming) -> None:
        self.encoded.append(timing.queued.number)

    def _on_dropped(self) -> None:
        self.dropped += 1

    def watch(self, depth: int = 4, variant: Variant = Variant.ENHANCED, codec: str = "H264") -> Subscription:
        subscription = Subscription(PacketTrack(depth=depth), RateControl(1_000_000))
        self.fan_out.join(variant, codec, subscription)
        return subscription

    async def show(self) -> None:
        """Give the enhanced renditions one frame and wait until it is encoded."""
        self.number += 1
        frame = frame_of(np.full((48, 64), self.number, np.uint8), self.number)
        self.fan_out.put(Variant.ENHANCED, QueuedFrame(self.number, frame, UNCODED, self.now, self.now))
        async with asyncio.timeout(5):
            while self.encoded.count(self.number) < len(self.fan_out.for_variant(Variant.ENHANCED)):  # noqa: ASYNC110
                await asyncio.sleep(0.001)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.fan_out.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def _take(subscription: Subscription) -> tuple[int, bool]:
    packet = await asyncio.wait_for(subscription.track.recv(), 1)
    assert packet.pts is not None
    return packet.pts // 3000, packet.is_keyframe


async def test_two_receivers_get_the_same_packets_of_one_encoder(stage: Stage) -> None:
    first, second = stage.watch(), stage.watch()
    await stage.show()
    await stage.show()
    for viewer in (first, second):
        assert [await _take(viewer), await _take(viewer)] == [(1, True), (2, False)]
    assert len(stage.encoders) == 1


async def test_a_late_receiver_gets_a_keyframe_half_a_second_after_the_last_at_the_latest(stage: Stage) -> None:
    first = stage.watch(depth=9)
    await stage.show()
    late, later = stage.watch(), stage.watch()
    await stage.show()
    assert late.track.dropped == 1, "the keyframe before is a moment old: not yet"
    stage.now = 0.6
    await stage.show()
    assert await _take(late) == await _take(later) == (3, True), "one keyframe for both"
    assert [key for _, key in [await _take(first) for _ in range(3)]] == [True, False, True]


async def test_a_receiver_that_is_stuck_delays_no_other(stage: Stage) -> None:
    stuck, quick = stage.watch(depth=1), stage.watch(depth=1)
    for number in range(1, 6):
        await stage.show()
        assert (await _take(quick))[0] == number
    assert stuck.track.dropped == 4
    assert stage.encoders[0].keyframes == 1, "nor does it make keyframes for the others to carry"


async def test_a_rendition_closes_with_its_last_receiver_and_each_codec_and_variant_has_its_own(stage: Stage) -> None:
    one, other = stage.watch(), stage.watch(codec="VP8")
    original = stage.watch(variant=Variant.ORIGINAL)
    assert len(stage.fan_out.renditions) == len(stage.encoders) == 3
    await stage.show()
    assert await _take(one) == await _take(other) == (1, True), "each from planes of its own"
    for subscription in (one, original):
        stage.fan_out.leave(subscription)
    assert [(rendition.variant, rendition.codec) for rendition in stage.fan_out.renditions] == [
        (Variant.ENHANCED, "VP8")
    ]


async def test_receivers_of_a_failed_rendition_are_notified(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons: list[str] = []
    watching = stage.watch()
    watching.on_lost = reasons.append

    def failing(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(watching.track, "offer", failing)
    stage.fan_out.put(Variant.ENHANCED, QueuedFrame(1, frame_of(np.zeros((48, 64), np.uint8)), UNCODED, 0.0, 0.0))
    async with asyncio.timeout(5):
        while not reasons:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert reasons == ["encoding for receivers failed (ZeroDivisionError)"]


async def test_frames_of_every_size_that_an_encoder_refuses_are_one_line_in_the_log(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stage.watch()

    def failing(frame: object) -> None:
        raise ValueError("no such size")

    monkeypatch.setattr(stage.encoders[0], "encode", failing)
    for number in range(1, 6):
        frame = frame_of(np.zeros((48, 2 * number), np.uint8))
        stage.fan_out.put(Variant.ENHANCED, QueuedFrame(number, frame, UNCODED, 0.0, 0.0))
        async with asyncio.timeout(5):
            while stage.dropped < number:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


async def test_audio_goes_to_the_receivers_that_take_its_codec(stage: Stage) -> None:
    from tests.server.rtc.test_packet_track import packet

    opus, pcm = PacketTrack("audio", 4), PacketTrack("audio", 4)
    stage.fan_out.join_audio("opus", opus)
    stage.fan_out.join_audio("PCMU", pcm)
    stage.fan_out.put_audio("OPUS", packet(7))
    assert (await asyncio.wait_for(opus.recv(), 1)).pts == 7
    assert pcm.has_room
    stage.fan_out.leave_audio(opus)
    stage.fan_out.put_audio("opus", packet(8))
    assert opus.has_room
