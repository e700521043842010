"""Contracts with aiortc's private names: when one of these fails, aiortc changed, and aiortc_compat must follow."""

import asyncio
import inspect

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender
from aiortc.clock import current_ntp_time
from aiortc.rtcrtpsender import RTCEncodedFrame
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtpPacket,
    pack_remb_fci,
)

from acutance.server.rtc.aiortc_private.media import FrameFeed, watch_feedback
from acutance.server.rtc.aiortc_private.timestamps import ReturnedTimestamps, date_reports
from acutance.server.rtc.packet_track import PacketTrack


class Feedback:
    def __init__(self) -> None:
        self.keyframes = 0
        self.rembs: list[int] = []
        self.losses: list[float] = []

    def keyframe(self) -> None:
        self.keyframes += 1


@pytest.fixture
async def sender() -> RTCRtpSender:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    return peer.addTransceiver("video").sender


def test_feedback_arrives_at_a_coroutine_of_one_argument() -> None:
    handle = RTCRtpSender._handle_rtcp_packet
    assert inspect.iscoroutinefunction(handle)
    assert list(inspect.signature(handle).parameters) == ["self", "packet"]


def test_the_transport_calls_it_through_the_instance() -> None:
    # A wrapper on the instance is of no use if the caller holds the class's function.
    import aiortc.rtcdtlstransport

    assert "._handle_rtcp_packet(packet)" in inspect.getsource(aiortc.rtcdtlstransport)


async def test_pli_fir_and_remb_reach_the_encoder_and_aiortc_too(sender: RTCRtpSender) -> None:
    feedback = Feedback()
    seen = []
    original = sender._handle_rtcp_packet

    async def aiortcs(packet: object) -> None:
        seen.append(packet)
        await original(packet)  # type: ignore[arg-type]

    sender._handle_rtcp_packet = aiortcs  # type: ignore[method-assign]
    watch_feedback(sender, feedback.keyframe, feedback.rembs.append, feedback.losses.append)
    ours = sender._ssrc
    packets = [
        RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=ours),
        RtcpPsfbPacket(fmt=RTCP_PSFB_FIR, ssrc=1, media_ssrc=ours),
        RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(1_000_000, [ours])),
        RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(5_000_000, [ours + 1])),
        RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=b"another's"),
        RtcpRrPacket(ssrc=1, reports=[_report(ours, 64), _report(ours + 1, 255)]),
    ]
    for packet in packets:
        await sender._handle_rtcp_packet(packet)
    assert feedback.keyframes == 2
    assert feedback.rembs == pytest.approx([1_000_000], rel=0.01)
    assert feedback.losses == [0.25]
    assert seen == packets


def _report(ssrc: int, lost: int) -> RtcpReceiverInfo:
    return RtcpReceiverInfo(ssrc=ssrc, fraction_lost=lost, packets_lost=0, highest_sequence=0, jitter=0, lsr=0, dlsr=0)


def test_encoded_frames_go_to_the_decoder_through_one_queue() -> None:
    source = inspect.getsource(RTCRtpReceiver)
    assert "self.__decoder_queue.put((codec, encoded_frame))" in source
    # The time stamp is mapped before: it is the one that the decoded frame will have.
    assert source.index("encoded_frame.timestamp = ") < source.index("self.__decoder_queue.put((codec, encoded_frame))")


KEY = b"\x00\x00\x00\x9d\x01\x2a"  # RFC 6386, section 9.1


def _packet(number: int, timestamp: int, data: bytes, marker: int = 1) -> RtpPacket:
    packet = RtpPacket(payload_type=96, marker=marker, sequence_number=number, timestamp=timestamp, ssrc=7)
    packet.payload = b"\x10" + data  # VP8's descriptor (RFC 7741, section 4.2): start of a partition
    return packet


@pytest.fixture
async def receiver() -> RTCRtpReceiver:
    receiver = RTCPeerConnection(RTCConfiguration(iceServers=[])).addTransceiver("video").receiver
    codec = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90000, payloadType=96)
    receiver._RTCRtpReceiver__codecs[96] = codec  # type: ignore[attr-defined]
    receiver._RTCRtpReceiver__decoder_thread = True  # type: ignore[attr-defined] # frames stay in the queue
    return receiver


async def test_frames_go_from_the_assembler_to_the_decoder(receiver: RTCRtpReceiver) -> None:
    seen: list[tuple[str, bytes, int]] = []
    FrameFeed(receiver, lambda *frame: seen.append(frame), lambda: None)
    # The last two come in the wrong order: both become whole at once.
    for number, timestamp in ((1, 3000), (3, 9000), (2, 6000)):
        await receiver._handle_rtp_packet(_packet(number, timestamp, KEY), 0)
    queue = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    given = [(frame.data, frame.timestamp) for _, frame in (queue.get_nowait() for _ in range(3))]
    # aiortc maps the first time stamp to 0.
    assert given == [(KEY, 0), (KEY, 3000), (KEY, 6000)]
    assert seen == [("VP8", *frame) for frame in given]


async def test_a_sender_that_restarts_with_smaller_timestamps_continues_behind_its_last_frame(
    receiver: RTCRtpReceiver,
) -> None:
    FrameFeed(receiver, lambda *frame: None, lambda: None)
    for number, timestamp in ((1, 900_000_000), (2, 900_003_000), (40_000, 1000), (40_001, 4000)):
        await receiver._handle_rtp_packet(_packet(number, timestamp, KEY), 0)
    queue = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    assert [queue.get_nowait()[1].timestamp for _ in range(4)] == [0, 3000, 6000, 9000]


async def test_a_decoder_that_falls_behind_loses_frames_up_to_a_keyframe(receiver: RTCRtpReceiver) -> None:
    dropped = []
    FrameFeed(receiver, lambda *frame: None, lambda: dropped.append(1))
    queue = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    for number in range(20):
        data = KEY if number == 0 else b"\x01delta"
        await receiver._handle_rtp_packet(_packet(number, 3000 * number, data), 0)
    assert queue.qsize() == 10
    assert len(dropped) == 1, "those behind it never get as far as the queue"
    while not queue.empty():
        queue.get_nowait()
    await receiver._handle_rtp_packet(_packet(20, 60_000, b"\x01delta"), 0)
    assert queue.empty()
    await receiver._handle_rtp_packet(_packet(21, 63_000, KEY), 0)
    assert queue.qsize() == 1


async def test_what_is_missing_is_asked_for_again_while_no_packet_comes(
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
        await receiver._handle_rtp_packet(_packet(number, 3000 * number, data), 0)
    assert asked.pop(0) == ("nack", [3]), "aiortc's own"
    watching = asyncio.create_task(feed.watch())
    for now in (0.2, 0.5):  # noqa: B007 - the feed's clock
        await asyncio.sleep(0.12)
    watching.cancel()
    assert asked[0] == ("nack", [3])
    assert asked[-1] == ("pli", 7)


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


def test_the_sender_takes_a_frame_after_it_has_noted_the_time_stamp_of_the_one_before() -> None:
    source = inspect.getsource(RTCRtpSender._run_rtp)
    taken = source.index("enc_frame = await self._next_encoded_frame(codec)")
    added = source.index("timestamp = uint32_add(timestamp_origin, enc_frame.timestamp)")
    assert taken < added < source.index("self.__rtp_timestamp = packet.timestamp")


@pytest.mark.parametrize("origin", [1000, 0xFFFF_FFF0])
async def test_the_offset_leads_from_the_returned_to_the_received_time_stamp(
    receiver: RTCRtpReceiver, sender: RTCRtpSender, monkeypatch: pytest.MonkeyPatch, origin: int
) -> None:
    frames = [RTCEncodedFrame([b""], pts, None) for pts in (0, 3000, 6000)]

    async def following(codec: object) -> RTCEncodedFrame:
        return frames.pop(0)

    monkeypatch.setattr(sender, "_next_encoded_frame", following)
    timestamps = ReturnedTimestamps(receiver, sender)
    for number in (1, 2):
        await receiver._handle_rtp_packet(_packet(number, 5_000_000 + number * 3000 - 3000, KEY), 0)
    for _ in range(2):
        assert timestamps.offset is None, "nothing was sent yet"
        frame = await sender._next_encoded_frame(None)  # type: ignore[arg-type]
        assert frame is not None
        sender._RTCRtpSender__rtp_timestamp = (origin + frame.timestamp) % (1 << 32)  # type: ignore[attr-defined]
    await sender._next_encoded_frame(None)  # type: ignore[arg-type]
    assert timestamps.offset is not None
    assert (origin + 3000 - timestamps.offset) % (1 << 32) == 5_000_000 + 3000


async def test_a_report_tells_when_the_last_frame_had_come(
    sender: RTCRtpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = inspect.getsource(RTCRtpSender)
    assert source.index("self.__ntp_timestamp = clock.current_ntp_time()") < source.index("async def _run_rtcp")
    assert "ntp_timestamp=self.__ntp_timestamp" in source

    async def next_frame(codec: object) -> None:
        return None

    monkeypatch.setattr(sender, "_next_encoded_frame", next_frame)
    track = PacketTrack()
    date_reports(sender, track, lambda: 100.0)
    await sender._next_encoded_frame(None)  # type: ignore[arg-type]
    assert sender._RTCRtpSender__ntp_timestamp == 0, "no frame has gone"  # type: ignore[attr-defined]
    track.arrived = 99.75
    await sender._next_encoded_frame(None)  # type: ignore[arg-type]
    age = (current_ntp_time() - sender._RTCRtpSender__ntp_timestamp) / (1 << 32)  # type: ignore[attr-defined]
    assert age == pytest.approx(0.25, abs=0.1)
