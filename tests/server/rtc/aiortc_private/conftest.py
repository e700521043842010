import pytest
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpCodecParameters,
    RTCRtpReceiver,
    RTCRtpSender,
)


@pytest.fixture
async def sender() -> RTCRtpSender:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    return peer.addTransceiver("video").sender


@pytest.fixture
async def receiver() -> RTCRtpReceiver:
    receiver = RTCPeerConnection(RTCConfiguration(iceServers=[])).addTransceiver("video").receiver
    codec = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90000, payloadType=96)
    receiver._RTCRtpReceiver__codecs[96] = codec  # type: ignore[attr-defined]
    receiver._RTCRtpReceiver__decoder_thread = True  # type: ignore[attr-defined] # frames stay in the queue
    return receiver
