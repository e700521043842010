"""Contracts with the private names of aiortc that received frames pass through."""

import asyncio
import inspect

import pytest
from aiortc import RTCRtpReceiver
from aiortc.rtp import RTCP_RTPFB_NACK, RtcpRtpfbPacket

from acutance.server.rtc.aiortc_private.receiver import FrameFeed
from tests.server.rtc.aiortc_private.packets import KEY, vp8_packet


async def test_frames_go_from_the_assembler_to_the_decoder(receiver: RTCRtpReceiver) -> None:
    seen: list[tuple[str, bytes, int]] = []
    FrameFeed(receiver, lambda *frame: seen.append(frame), lambda: None)
    # The last two packets arrive in the wrong order: both frames become complete at once.
    for number, timestamp in ((1, 3000), (3, 9000), (2, 6000)):
        await receiver._handle_rtp_packet(vp8_packet(number, timestamp, KEY), 0)
    queue = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    given = [(frame.data, frame.timestamp) for _, frame in (queue.get_nowait() for _ in range(3))]
    # The first timestamp is mapped to 0.
    assert given == [(KEY, 0), (KEY, 3000), (KEY, 6000)]
    assert seen == [("VP8", *frame) for frame in given]


async def test_a_sender_that_restarts_with_smaller_timestamps_continues_behind_its_last_frame(
    receiver: RTCRtpReceiver,
) -> None:
    FrameFeed(receiver, lambda *frame: None, lambda: None)
    for number, timestamp in ((1, 900_000_000), (2, 900_003_000), (40_000, 1000), (40_001, 4000)):
        await receiver._handle_rtp_packet(vp8_packet(number, timestamp, KEY), 0)
    queue = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    assert [queue.get_nowait()[1].timestamp for _ in range(4)] == [0, 3000, 6000, 9000]


async def test_a_decoder_that_falls_behind_loses_frames_up_to_a_keyframe(receiver: RTCRtpReceiver) -> None:
    dropped = []
    FrameFeed(receiver, lambda *frame: None, lambda: dropped.append(1))
    queue = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    for number in range(20):
        data = KEY if number == 0 else b"\x01delta"
        await receiver._handle_rtp_packet(vp8_packet(number, 3000 * number, data), 0)
    assert queue.qsize() == 10
    assert len(dropped) == 1, "those behind it never get as far as the queue"
    while not queue.empty():
        queue.get_nowait()
    await receiver._handle_rtp_packet(vp8_packet(20, 60_000, b"\x01delta"), 0)
    assert queue.empty()
    await receiver._handle_rtp_packet(vp8_packet(21, 63_000, KEY), 0)
    assert queue.qsize() == 1


async def test_missing_packets_are_requested_again_while_none_arrive(
    receiver: RTCRtpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, object]] = []

    async def nack(ssrc: int, lost: list[int]) -> None:
        asked.append(("nack", lost))

    async def pli(ssrc: int) -> None:
        asked.append(("pli", ssrc))

    monkeypatch.setattr(receiver, "_send_rtcp_nack", nack)
    monkeypatch.setattr(receiver, "_send_rtcp_pli", pli)
    now = 0.0
    feed = FrameFeed(receiver, lambda *frame: None, lambda: None, lambda: now)
    for number, data in ((1, KEY), (2, b"\x01delta"), (4, b"\x01delta")):
        await receiver._handle_rtp_packet(vp8_packet(number, 3000 * number, data), 0)
    assert asked.pop(0) == ("nack", [3]), "aiortc's own"
    watching = asyncio.create_task(feed.watch())
    for now in (0.2, 0.5):  # noqa: B007 - the feed's clock
        await asyncio.sleep(0.12)
    watching.cancel()
    assert asked[0] == ("nack", [3])
    assert asked[-1] == ("pli", 7)


async def test_requests_across_the_wrap_of_sequence_numbers_can_be_packed(
    receiver: RTCRtpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = []

    async def nack(ssrc: int, lost: list[int]) -> None:
        packed.append(RtcpRtpfbPacket.parse(bytes(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, ssrc, lost=lost))[4:], 1).lost)

    monkeypatch.setattr(receiver, "_send_rtcp_nack", nack)
    now = 0.0
    feed = FrameFeed(receiver, lambda *frame: None, lambda: None, lambda: now)
    for number, data in ((65533, KEY), (65534, b"\x01delta"), (1, b"\x01delta")):
        await receiver._handle_rtp_packet(vp8_packet(number, 3000, data), 0)
    packed.clear()  # aiortc's own
    watching = asyncio.create_task(feed.watch())
    now = 0.2
    await asyncio.sleep(0.12)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):  # it had not failed
        await watching
    assert packed[0] == [0, 65535]


def test_the_receiver_still_has_what_is_replaced() -> None:
    source = inspect.getsource(RTCRtpReceiver)
    for line in (
        "pli_flag, encoded_frame = self.__jitter_buffer.add(packet)",
        "self.__timestamp_mapper.map(",
        "packet._data = depayload(codec, packet.payload)",
        "self.__codecs[codec.payloadType] = codec",
        "async def _send_rtcp_nack(self, media_ssrc: int, lost: list[int])",
        "async def _send_rtcp_pli(self, media_ssrc: int)",
    ):
        assert line in source
