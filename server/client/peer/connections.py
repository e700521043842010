"""The peer connections of a call of `acutance peer`, with their tracks and statistics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.stats import RTCInboundRtpStreamStats, RTCRemoteInboundRtpStreamStats

from acutance.server.client.messages import parse_message
from acutance.server.client.peer.downlink import Downlink
from acutance.server.client.peer.uplink import Uplink
from acutance.server.client.whip import WhipClient
from acutance.server.rtc.aiortc_private.feedback import watch_feedback
from acutance.server.rtc.data_channel import LABEL

_CONNECT_S = 15.0


class CallError(RuntimeError):
    """The call failed or broke off; the message says why."""


@dataclass
class ConnectionStatistics:
    """Statistics of the network between the peers, of all connections of a call.

    Attributes:
        round_trip: round-trip time of RTCP, in seconds; None before the first report.
        lost_up: packets lost on the way to the server.
        lost_down: packets lost on the way from the server.
    """

    round_trip: float | None = None
    lost_up: int = 0
    lost_down: int = 0


@dataclass
class Connections:
    """The connections of one call.

    Attributes:
        uplink: the sent media; None for none.
        downlink: the received media; None for none.
        codec: ``H264`` or ``VP8``.
        server: last statistics that the server sent on the data channel.
        broken: why a connection ended by itself, as text; empty while none has.
        closing_reason: the server's reason for ending the call; empty if it sent none.
    """

    uplink: Uplink | None
    downlink: Downlink | None
    codec: str
    server: dict[str, Any] = field(default_factory=dict, init=False)
    broken: str = field(default="", init=False)
    closing_reason: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._peers: list[RTCPeerConnection] = []

    @asynccontextmanager
    async def connected(self, client: WhipClient, sends: bool, receives: bool) -> AsyncIterator[None]:
        """Connect, and disconnect when the block ends.

        Args:
            client: for the signalling.
            sends: whether the uplink uses this connection.
            receives: whether the downlink uses this connection.

        Raises:
            SignallingError: no answer, or the offer is refused.
            CallError: no connection is established.
        """
        async with client:
            # With an empty list aiortc does not contact Google's STUN server, its default.
            peer = RTCPeerConnection(RTCConfiguration(iceServers=list(await client.ice_servers())))
            connected = asyncio.Event()
            self._prepare(peer, sends, receives)

            @peer.on("connectionstatechange")
            def changed() -> None:
                if peer.connectionState == "connected":
                    connected.set()
                elif peer.connectionState in ("failed", "closed"):
                    self.broken = self.broken or "the connection broke"

            try:
                await peer.setLocalDescription(await peer.createOffer())
                accepted = await client.offer(peer.localDescription.sdp)
                try:
                    await peer.setRemoteDescription(RTCSessionDescription(accepted.sdp, "answer"))
                except Exception as error:  # aiortc raises errors of any kind for a malformed answer
                    raise CallError(f"the answer cannot be used ({error!r})"[:200]) from error
                try:
                    await asyncio.wait_for(connected.wait(), _CONNECT_S)
                except TimeoutError:
                    raise CallError(
                        f"no connection within {_CONNECT_S:g} s: the offer was accepted, but no packet arrived. "
                        "Does a firewall block UDP between the two?"
                    ) from None
                self._peers.append(peer)
                yield
            finally:
                await peer.close()

    def _prepare(self, peer: RTCPeerConnection, sends: bool, receives: bool) -> None:
        direction = "sendrecv" if sends and receives else "sendonly" if sends else "recvonly"
        tracks = self.uplink.tracks if sends and self.uplink else []
        for kind in ("video", "audio"):
            track = next((track for track in tracks if track.kind == kind), None)
            if sends and track is None:
                continue
            transceiver = peer.addTransceiver(track or kind, direction=direction)
            if kind == "video":
                codecs = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([each for each in codecs if each.mimeType == f"video/{self.codec}"])
                if self.uplink and track:
                    watch_feedback(transceiver.sender, self.uplink.encoder.request_keyframe, _ignored, _ignored)
        if sends and receives:
            peer.createDataChannel(LABEL).on("message", self._on_message)
        if receives and self.downlink:
            downlink = self.downlink

            @peer.on("track")
            def attach(track: MediaStreamTrack) -> None:
                receiver = next(each for each in peer.getReceivers() if each.track is track)
                downlink.attach(receiver, track)

    def _on_message(self, message: str | bytes) -> None:
        fields = parse_message(message)
        if fields.get("type") == "stats":
            self.server = fields
        elif fields.get("type") == "closing":
            self.closing_reason = str(fields.get("reason", ""))

    async def statistics(self) -> ConnectionStatistics:
        """Return the current statistics of all connections together."""
        together = ConnectionStatistics()
        for peer in self._peers:
            for stats in (await peer.getStats()).values():
                if isinstance(stats, RTCRemoteInboundRtpStreamStats):
                    together.lost_up += max(0, stats.packetsLost)
                    if stats.kind == "video" and stats.roundTripTime is not None:
                        together.round_trip = stats.roundTripTime
                elif isinstance(stats, RTCInboundRtpStreamStats):
                    together.lost_down += max(0, stats.packetsLost)
        return together


def _ignored(_: float) -> None:
    """The bit rate of the uplink is constant."""
