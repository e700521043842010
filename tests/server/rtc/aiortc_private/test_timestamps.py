"""Contracts with the private names of aiortc that timestamps and sender reports pass through."""

import inspect

import pytest
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
)
from aiortc.clock import current_ntp_time
from aiortc.rtcrtpsender import RTCEncodedFrame
from aiortc.rtp import RtcpSenderInfo, RtcpSrPacket

from acutance.server.rtc.aiortc_private.timestamps import ReturnedTimestamps, report_arrival_times, watch_sender_reports
from acutance.server.rtc.packet_track import PacketTrack
from tests.server.rtc.aiortc_private.packets import KEY, vp8_packet


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
        await receiver._handle_rtp_packet(vp8_packet(number, 5_000_000 + number * 3000 - 3000, KEY), 0)
    for _ in range(2):
        assert timestamps.offset is None, "nothing was sent yet"
        frame = await sender._next_encoded_frame(None)  # type: ignore[arg-type]
        assert frame is not None
        sender._RTCRtpSender__rtp_timestamp = (origin + frame.timestamp) % (1 << 32)  # type: ignore[attr-defined]
    await sender._next_encoded_frame(None)  # type: ignore[arg-type]
    assert timestamps.offset is not None
    assert (origin + 3000 - timestamps.offset) % (1 << 32) == 5_000_000 + 3000


async def test_a_report_has_the_arrival_time_of_the_last_frame(
    sender: RTCRtpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = inspect.getsource(RTCRtpSender)
    assert source.index("self.__ntp_timestamp = clock.current_ntp_time()") < source.index("async def _run_rtcp")
    assert "ntp_timestamp=self.__ntp_timestamp" in source

    async def next_frame(codec: object) -> None:
        return None

    monkeypatch.setattr(sender, "_next_encoded_frame", next_frame)
    track = PacketTrack()
    report_arrival_times(sender, track, lambda: 100.0)
    await sender._next_encoded_frame(None)  # type: ignore[arg-type]
    assert sender._RTCRtpSender__ntp_timestamp == 0, "no frame has gone"  # type: ignore[attr-defined]
    track.arrived = 99.75
    await sender._next_encoded_frame(None)  # type: ignore[arg-type]
    age = (current_ntp_time() - sender._RTCRtpSender__ntp_timestamp) / (1 << 32)  # type: ignore[attr-defined]
    assert age == pytest.approx(0.25, abs=0.1)


async def test_a_sender_report_uses_the_timestamps_of_the_frames() -> None:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = peer.addTransceiver("video").receiver
    told: list[tuple[float, int]] = []
    watch_sender_reports(receiver, lambda clock, stamp: told.append((clock, stamp)))

    def report(stamp: int, packets: int = 1) -> RtcpSrPacket:
        return RtcpSrPacket(ssrc=1, sender_info=RtcpSenderInfo(5 << 32, stamp, packets, 1))

    await receiver._handle_rtcp_packet(report(100))  # no frame yet: not reported
    receiver._RTCRtpReceiver__timestamp_mapper.map(0xFFFFFF00)
    await receiver._handle_rtcp_packet(report(0, packets=0))  # before the sender has sent anything
    assert told == []
    await receiver._handle_rtcp_packet(report(0x100))  # wrapped
    await receiver._handle_rtcp_packet(report(0xFFFFFE00))  # earlier than the first frame
    assert told == [(5.0, 0x200), (5.0, -0x100)]
    await peer.close()
