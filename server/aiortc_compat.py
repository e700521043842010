"""Every touch of a private name of aiortc, each with a contract test that fails loudly when aiortc changes."""

from collections.abc import Callable

from aiortc import RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    unpack_remb_fci,
)


def watch_feedback(
    sender: RTCRtpSender, on_keyframe_request: Callable[[], None], on_remb: Callable[[int], None]
) -> None:
    """Tell an encoder of ours what the receiver asks for.

    A track that returns packets leaves aiortc's own encoder idle, and PLI, FIR (RFC 4585, RFC 5104) and REMB
    end there. They arrive at a private coroutine of the sender, which is wrapped here on the instance.

    Args:
        sender: of the returned track.
        on_keyframe_request: called on the event loop for each PLI and FIR.
        on_remb: called on the event loop with bits a second for each REMB that names this sender.
    """
    handle = sender._handle_rtcp_packet

    async def watch(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpPsfbPacket):
            if packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
                on_keyframe_request()
            elif packet.fmt == RTCP_PSFB_APP:
                bitrate = _remb_for(sender._ssrc, packet.fci)
                if bitrate is not None:
                    on_remb(bitrate)
        await handle(packet)

    sender._handle_rtcp_packet = watch  # type: ignore[method-assign]


def watch_frames(receiver: RTCRtpReceiver, on_frame: Callable[[str, bytes, int], None]) -> None:
    """Show every encoded frame that a receiver hands to its decoder.

    aiortc keeps encoded frames to itself. They go through a private queue to the decoder's thread, whose ``put``
    is wrapped here on the instance.

    Args:
        receiver: of the track that arrives.
        on_frame: called on the event loop with the codec's name as in SDP, the frame's bytes and its time stamp,
            the ``pts`` of the decoded frame.
    """
    decoding = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    put = decoding.put

    def watch(task: tuple[RTCRtpCodecParameters, JitterFrame] | None) -> None:
        if task is not None:
            codec, frame = task
            on_frame(codec.name, frame.data, frame.timestamp)
        put(task)

    decoding.put = watch


def _remb_for(ssrc: int, fci: bytes) -> int | None:
    try:
        bitrate, ssrcs = unpack_remb_fci(fci)
    except ValueError:  # some other application's message
        return None
    return bitrate if ssrc in ssrcs else None
