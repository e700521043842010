"""A session of the real server in this process, with a connected peer: datagrams go in below SRTP and DTLS."""

import asyncio
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from acutance.model.engine.engine import Engine
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.data_channel import LABEL
from acutance.server.rtc.session_description import parse_offer
from acutance.server.security.quota import Client, Quota
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.sessions.publisher.publisher import Publisher
from acutance.server.students.ladder import Ladder
from tests.fuzz.media.datagrams import Door
from tests.fuzz.media.maker import Target

_CONNECTED_S = 20.0
_STRANGER = ("127.0.0.1", 9)


def new_host() -> Host:
    """Return a server with a student; on the event loop that it is to live on."""
    limits = Limits(idle_timeout=600, max_messages_per_second=1e6)
    admission = AdmissionLimits(max_sessions=8, check_load=False, quota=Quota(handshakes=8))
    return Host(Ladder.of(Engine.open("nano", provider="cpu")), limits, admission)


@dataclass(eq=False)
class Victim:
    """One session and its peer.

    Attributes:
        host: the server.
        session: the session on the server.
        target: what the peer knows of the session.
    """

    host: Host
    session: Publisher = field(init=False)
    target: Target = field(init=False)

    async def connect(self) -> None:
        """Begin the session, and wait until its data channel is open."""
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peer.addTransceiver("video", direction="sendrecv")
        opened = asyncio.Event()
        self._peer.createDataChannel(LABEL).on("open", opened.set)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        offer = parse_offer(self._peer.localDescription.sdp)
        self.session, answer = await self.host.publish(Client(), offer)
        await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        async with asyncio.timeout(_CONNECTED_S):
            await opened.wait()
        self.target = target_of(self._peer)

    @property
    def connected(self) -> bool:
        """Whether datagrams can be exchanged with the peer."""
        transport = self.session.peer.getTransceivers()[0].receiver.transport.transport
        return bool(transport._connection._nominated)

    async def feed(self, door: Door, datagrams: list[bytes]) -> float:
        """Pass decrypted datagrams on like the transport; return the longest time of one, in seconds."""
        transport: Any = self.session.peer.getTransceivers()[0].receiver.transport
        sctp, slowest = self.session.peer.sctp, 0.0
        for datagram in datagrams:
            begun = perf_counter()
            match door:
                case "rtp":
                    await transport._handle_rtp_data(datagram, arrival_time_ms=int(begun * 1000))
                case "rtcp":
                    await transport._handle_rtcp_data(datagram)
                case "sctp":
                    assert sctp is not None
                    await sctp._handle_data(datagram)
                case "clear" | "checks":
                    pair = transport.transport._connection._nominated[1]
                    for address in (_STRANGER, pair.remote_addr):
                        pair.protocol.datagram_received(datagram, address)
            slowest = max(slowest, perf_counter() - begun)
        return slowest

    async def close(self) -> None:
        """End the session on both sides."""
        await self._peer.close()
        await self.session.close("the test is over")
        del self._peer, self.session


def target_of(peer: RTCPeerConnection) -> Target:
    """Return the facts about its call that a connected peer knows."""
    remote: Any = peer.remoteDescription
    payload_types = {}
    for line in remote.sdp.splitlines():
        if line.startswith("a=rtpmap:"):
            number, name = line.removeprefix("a=rtpmap:").split(maxsplit=1)
            payload_types.setdefault(name.partition("/")[0], int(number))
    ssrcs = [int(line.split()[0][7:]) for line in remote.sdp.splitlines() if line.startswith("a=ssrc:")]
    sctp: Any = peer.sctp
    connection = peer.getTransceivers()[0].receiver.transport.transport._connection
    return Target(
        payload_types,
        ssrcs[0],
        sctp._remote_verification_tag if sctp is not None else None,
        f"{connection.remote_username}:{connection.local_username}",
        str(connection.remote_password),
    )
