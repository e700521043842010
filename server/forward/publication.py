"""One connection to the WHIP ingest of another server."""

import asyncio

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import SessionDescription

from acutance.server.client.whip import WhipClient
from acutance.server.encoding.fan_out import FanOut
from acutance.server.encoding.outbound_media import OutboundMedia
from acutance.server.encoding.rendition import Variant
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.aiortc_private.transport import prepare_ice
from acutance.server.rtc.ice import Network
from acutance.server.rtc.session_description import negotiated_codec


class ForwardError(RuntimeError):
    """The ingest cannot be reached or does not accept the stream; the message says why."""


class Publication:
    """One connection to a WHIP ingest, on which a stream is published.

    Attributes:
        ended: set when the connection has ended.
    """

    def __init__(self, fan_out: FanOut, network: Network, limits: Limits, audio: str):
        """Create it. Call `begin`, then `end`.

        Args:
            fan_out: the receivers of the stream.
            network: ICE servers, public address and ports.
            limits: limits of a session.
            audio: codec of the stream's audio; empty for a stream without audio.
        """
        self.ended = asyncio.Event()
        self._handshake_timeout = limits.handshake_timeout
        self._peer = RTCPeerConnection(network.configuration())
        self._peer.on("connectionstatechange", self._on_state)
        self._connected = asyncio.Event()
        self._media = OutboundMedia(fan_out, limits.max_bitrate, lambda reason: self.ended.set())
        self._media.add_video(self._peer)
        if audio:
            self._media.add_audio(self._peer, audio, only=True)

    async def begin(self, client: WhipClient) -> None:
        """Connect and begin to send.

        Raises:
            ForwardError, SignallingError: the ingest cannot be reached or does not accept the stream.
        """
        offer = await self._peer.createOffer()
        prepare_ice(self._peer)
        await self._peer.setLocalDescription(offer)
        answer = (await client.offer(self._peer.localDescription.sdp)).sdp
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            answered = SessionDescription.parse(answer)
            codec, audio = negotiated_codec(answered), negotiated_codec(answered, "audio")
        except Exception as error:  # aiortc raises many types of errors for a malformed answer
            raise ForwardError(f"its answer cannot be read ({error!r})"[:200]) from error
        try:
            async with asyncio.timeout(self._handshake_timeout):
                await self._connected.wait()
        except TimeoutError:
            raise ForwardError(f"not connected within {self._handshake_timeout:g} s") from None
        if self.ended.is_set():
            raise ForwardError("the connection failed")
        self._media.join(Variant.ENHANCED, codec, audio)

    async def end(self) -> None:
        """Stop sending and close the connection."""
        self._media.leave()
        await self._peer.close()

    def _on_state(self) -> None:
        state = self._peer.connectionState
        if state == "connected":
            self._connected.set()
        elif state in ("failed", "closed"):
            self.ended.set()
            self._connected.set()
