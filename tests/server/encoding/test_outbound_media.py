"""The media sent to one peer, on a peer connection that is not connected: tracks, codecs, feedback."""

from collections.abc import AsyncIterator

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    pack_remb_fci,
)

from acutance.server.encoding.fan_out import FanOut
from acutance.server.encoding.h264 import H264Encoder
from acutance.server.encoding.outbound_media import OutboundMedia
from acutance.server.encoding.rendition import Variant
from acutance.server.encoding.shared_rate import SharedRate


class CountingEncoder(H264Encoder):
    def __init__(self, rate: SharedRate) -> None:
        super().__init__(rate)
        self.requested = 0

    def request_keyframe(self) -> None:
        self.requested += 1


class Stream:
    def __init__(self) -> None:
        self.encoders: list[CountingEncoder] = []
        self.fan_out = FanOut(self._encoder, lambda timing: None, lambda: None)
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    def _encoder(self, codec: str, rate: SharedRate) -> CountingEncoder:
        self.encoders.append(CountingEncoder(rate))
        return self.encoders[-1]


@pytest.fixture
async def stream() -> AsyncIterator[Stream]:
    stream = Stream()
    yield stream
    await stream.fan_out.close()
    await stream.peer.close()


def _media(stream: Stream) -> OutboundMedia:
    return OutboundMedia(stream.fan_out, 2_000_000, lambda reason: None)


async def test_keyframe_requests_remb_and_loss_of_the_peer_reach_its_rendition(stream: Stream) -> None:
    media = _media(stream)
    sender = media.add_video(stream.peer).sender
    media.join(Variant.ENHANCED, "H264", "")
    (encoder,) = stream.encoders
    requested = encoder.requested
    for fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
        await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=fmt, ssrc=1, media_ssrc=sender._ssrc))
    assert encoder.requested == requested + 2
    lost = RtcpReceiverInfo(
        ssrc=sender._ssrc, fraction_lost=128, packets_lost=9, highest_sequence=9, jitter=0, lsr=0, dlsr=0
    )
    before = media.rate.target(1280, 720)
    await sender._handle_rtcp_packet(RtcpRrPacket(ssrc=1, reports=[lost]))
    assert media.rate.target(1280, 720) < before
    fci = pack_remb_fci(300_000, [sender._ssrc])
    await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=fci))
    assert media.rate.target(1280, 720) == media.rate.ceiling


async def test_a_keyframe_request_before_joining_is_ignored(stream: Stream) -> None:
    sender = _media(stream).add_video(stream.peer).sender
    await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=sender._ssrc))
    assert not stream.encoders


async def test_its_rendition_is_closed_and_its_tracks_end_when_it_leaves(stream: Stream) -> None:
    media = _media(stream)
    media.leave()
    media = _media(stream)
    media.add_video(stream.peer)
    media.add_audio(stream.peer, "opus")
    media.join(Variant.ORIGINAL, "VP8", "opus")
    assert [(each.variant, each.codec) for each in stream.fan_out.renditions] == [(Variant.ORIGINAL, "VP8")]
    media.leave()
    media.leave()
    assert stream.fan_out.renditions == []
    assert [sender.track.readyState for sender in stream.peer.getSenders()] == ["ended", "ended"]


@pytest.mark.parametrize(("only", "offered"), [(True, ["PCMU"]), (False, ["PCMU", "opus", "G722", "PCMA"])])
async def test_the_codec_of_the_streams_audio_is_offered_first_or_alone(
    stream: Stream, only: bool, offered: list[str]
) -> None:
    _media(stream).add_audio(stream.peer, "PCMU", only)
    offer = await stream.peer.createOffer()
    mapped = [line.split()[1].partition("/")[0] for line in offer.sdp.splitlines() if line.startswith("a=rtpmap:")]
    assert mapped[0] == offered[0]
    assert sorted(mapped) == sorted(offered)
