"""Contracts with the private names of aiortc that RTCP feedback passes through."""

import inspect

import pytest
from aiortc import RTCRtpSender, rtcrtpsender
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    pack_remb_fci,
)

from acutance.server.rtc.aiortc_private.feedback import limit_resends, watch_feedback


class Feedback:
    def __init__(self) -> None:
        self.keyframes = 0
        self.rembs: list[int] = []
        self.losses: list[float] = []

    def keyframe(self) -> None:
        self.keyframes += 1


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


async def test_a_nack_makes_the_sender_repeat_few_packets(
    sender: RTCRtpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeated: list[int] = []

    async def retransmit(number: int) -> None:
        repeated.append(number)

    monkeypatch.setattr(sender, "_retransmit", retransmit)
    now = 1.0
    limit_resends(sender, lambda: now)
    nack = RtcpRtpfbPacket(RTCP_RTPFB_NACK, ssrc=1, media_ssrc=sender._ssrc, lost=[5] * 100 + list(range(6000)))
    for _ in range(3):
        await sender._handle_rtcp_packet(nack)
    assert len(repeated) == 128
    now = 1.1
    await sender._handle_rtcp_packet(nack)
    assert len(repeated) == 256


def test_nacks_are_answered_packet_by_packet_through_the_instance() -> None:
    assert "await self._retransmit(seq)" in inspect.getsource(RTCRtpSender._handle_rtcp_packet)


def _report(ssrc: int, lost: int) -> RtcpReceiverInfo:
    return RtcpReceiverInfo(ssrc=ssrc, fraction_lost=lost, packets_lost=0, highest_sequence=0, jitter=0, lsr=0, dlsr=0)


async def test_a_keyframe_of_400_packets_is_kept_for_retransmission(sender: RTCRtpSender) -> None:
    source = inspect.getsource(RTCRtpSender)
    assert source.count("% RTP_HISTORY_SIZE") == 2, "aiortc stores and looks up a packet by the module's constant"
    assert rtcrtpsender.RTP_HISTORY_SIZE >= 400
