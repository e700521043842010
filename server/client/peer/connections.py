"""The peer connections of a call of `acutance peer`: offered, with their tracks, and measured."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.stats import RTCInboundRtpStreamStats, RTCRemoteInboundRtpStreamStats

from acutance.server.client.peer.downlink import Downlink
from acutance.server.client.peer.uplink import Uplink
from acutance.server.client.whip import WhipClient
from acutance.server.rtc.aiortc_private.feedback import watch_feedback
from acutance.server.rtc.data_channel import LABEL

_CONNECT_S = 15.0


class CallError(RuntimeError):
    """The call did not come about, or broke off; the message says why."""


@dataclass
class Line:
    """What one peer connection measures of its line.

    Attributes:
        round_trip: of RTCP, in seconds; None where nobody measured it.
        lost_up, lost_down: packets.
    """

    round_trip: float | None = None
    lost_up: int = 0
    lost_down: int = 0


@dataclass
class Connections:
    """Those of one call.

    Attributes:
        uplink: what is sent; None for nothing.
        downlink: what takes what comes; None for nothing.
        codec: ``H264`` or ``VP8``.
        server: what the server said of itself last, over the data channel.
        broken: why one of them ended by itself, in words; empty while none has.
        goodbye: the server's reason for ending the call, where it said one.
    """

    uplink: Uplink | None
    downlink: Downlink | None
    codec: str
    server: dict[str, Any] = field(default_factory=dict)
    broken: str = ""
    goodbye: str = ""

    def __post_init__(self) -> None:
        self._peers: list[RTCPeerConnection] = []

    @asynccontextmanager
    async def connected(self, client: WhipClient, sends: bool, receives: bool) -> AsyncIterator[None]:
        """Hold one that is connected.

        Args:
            client: of the other side's signalling.
            sends: whether the uplink goes over it.
            receives: whether the downlink comes over it.

        Raises:
            SignallingError: nobody answers, or the offer is refused.
            CallError: no connection comes about.
        """
        async with client:
            # An empty list keeps aiortc from asking Google's STUN server.
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
                except Exception as error:  # aiortc lets every kind escape on an odd answer
                    raise CallError(f"the answer cannot be used ({error!r})"[:200]) from error
                try:
                    await asyncio.wait_for(connected.wait(), _CONNECT_S)
                except TimeoutError:
                    raise CallError(
                        f"no connection within {_CONNECT_S:g} s: the offer was taken, but no packet came through. "
                        "Is UDP open between the two?"
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
            peer.createDataChannel(LABEL).on("message", self._said)
        if receives and self.downlink:
            downlink = self.downlink

            @peer.on("track")
            def attach(track: MediaStreamTrack) -> None:
                receiver = next(each for each in peer.getReceivers() if each.track is track)
                downlink.attach(receiver, track)

    def _said(self, message: str | bytes) -> None:
        with suppress(ValueError):
            said = json.loads(message)
            if said.get("type") == "stats":
                self.server = said
            elif said.get("type") == "closing":
                self.goodbye = str(said.get("reason", ""))

    async def line(self) -> Line:
        """Return how the lines are now, together."""
        line = Line()
        for peer in self._peers:
            for stats in (await peer.getStats()).values():
                if isinstance(stats, RTCRemoteInboundRtpStreamStats):
                    line.lost_up += max(0, stats.packetsLost)
                    if stats.kind == "video" and stats.roundTripTime is not None:
                        line.round_trip = stats.roundTripTime
                elif isinstance(stats, RTCInboundRtpStreamStats):
                    line.lost_down += max(0, stats.packetsLost)
        return line


def _ignored(_: float) -> None:
    """The bit rate of what goes up stays as it is."""
