"""Contracts with aiortc's private names: when one of these fails, aiortc changed, and aiortc_compat must follow."""

import inspect

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RtcpPsfbPacket,
    RtcpRrPacket,
    pack_remb_fci,
)

from server.aiortc_compat import watch_feedback, watch_frames


class Feedback:
    def __init__(self) -> None:
        self.keyframes = 0
        self.rembs: list[int] = []

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
    watch_feedback(sender, feedback.keyframe, feedback.rembs.append)
    ours = sender._ssrc
    packets = [
        RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=ours),
        RtcpPsfbPacket(fmt=RTCP_PSFB_FIR, ssrc=1, media_ssrc=ours),
        RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(1_000_000, [ours])),
        RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(5_000_000, [ours + 1])),
        RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=b"another's"),
        RtcpRrPacket(ssrc=1),
    ]
    for packet in packets:
        await sender._handle_rtcp_packet(packet)
    assert feedback.keyframes == 2
    assert feedback.rembs == pytest.approx([1_000_000], rel=0.01)
    assert seen == packets


def test_encoded_frames_go_to_the_decoder_through_one_queue() -> None:
    source = inspect.getsource(RTCRtpReceiver)
    assert "self.__decoder_queue.put((codec, encoded_frame))" in source
    # The time stamp is mapped before: it is the one that the decoded frame will have.
    assert source.index("encoded_frame.timestamp = ") < source.index("self.__decoder_queue.put((codec, encoded_frame))")


async def test_encoded_frames_are_seen_and_still_decoded() -> None:
    receiver = RTCPeerConnection(RTCConfiguration(iceServers=[])).addTransceiver("video").receiver
    queue = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    seen: list[tuple[str, bytes, int]] = []
    watch_frames(receiver, lambda *frame: seen.append(frame))
    codec = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90000, payloadType=96)
    task = (codec, JitterFrame(b"frame", 3000))
    queue.put(task)
    queue.put(None)
    assert seen == [("VP8", b"frame", 3000)]
    assert [queue.get_nowait(), queue.get_nowait()] == [task, None]
