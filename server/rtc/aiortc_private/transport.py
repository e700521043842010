"""Gathering of candidates, sockets and DTLS ciphers of aiortc and aioice."""

import asyncio
import random
import sys
from collections.abc import Callable, Iterator
from errno import EADDRINUSE
from functools import partial
from typing import Any

from aioice.ice import Connection as IceConnection
from aioice.ice import StunProtocol
from aiortc import RTCIceGatherer, RTCPeerConnection
from OpenSSL import SSL

from acutance.server.rtc.aiortc_private.checks import limit_checks
from acutance.server.rtc.aiortc_private.consent import keep_consent
from acutance.server.rtc.aiortc_private.datagrams import discard, receive
from acutance.server.rtc.aiortc_private.guard import dtls_transports, guard_transports
from acutance.server.rtc.udp.transport import open_udp

# OBS waits 8 s for an answer, FFmpeg 5 s; aioice would wait 5 s for a silent STUN server.
_GATHERING_S = 1.5
# RFC 8827, section 6.5, demands the first; the others are what browsers offer.
_CIPHERS = b":".join(
    b"ECDHE-%b-%b" % (key, cipher)
    for key in (b"ECDSA", b"RSA")
    for cipher in (b"AES128-GCM-SHA256", b"CHACHA20-POLY1305", b"AES128-SHA", b"AES256-SHA")
)


def prepare_ice(peer: RTCPeerConnection) -> None:
    """Limit the time of gathering, guard the transports, limit connectivity checks, and keep consent.

    Call it between the first description and the gathering of candidates.
    """
    guard_transports(peer)
    for gatherer in ice_gatherers(peer):
        connection = gatherer._connection
        gather = connection.get_component_candidates
        connection.get_component_candidates = partial(gather, timeout=_GATHERING_S)  # type: ignore[method-assign, arg-type]
        limit_checks(connection)
        keep_consent(connection)


def configure_dtls(peer: RTCPeerConnection) -> None:
    """Accept RSA certificates and refuse renegotiation. Call it before the handshake.

    An answerer is the DTLS client, and aiortc offers only ECDSA ciphers: it has none in common with peers that have an
    RSA certificate, such as GStreamer up to 1.22. Renegotiation is forbidden (RFC 8827, section 6.5): a peer could
    request one handshake after the other.
    """
    for certificate in peer._RTCPeerConnection__certificates:  # type: ignore[attr-defined]
        certificate._create_ssl_context = partial(_configured, certificate._create_ssl_context)


def _configured(create: Callable[..., SSL.Context], *args: Any, **rest: Any) -> SSL.Context:
    context = create(*args, **rest)
    context.set_cipher_list(_CIPHERS)
    context.set_options(SSL.OP_NO_RENEGOTIATION)
    return context


def ice_gatherers(peer: RTCPeerConnection) -> set[RTCIceGatherer]:
    """Return the ICE gatherers of a peer connection that has a description; bundled media share one."""
    return {transport.transport.iceGatherer for transport in dtls_transports(peer)}


StunProtocol.datagram_received = receive  # type: ignore[method-assign, assignment]
IceConnection.data_received = discard  # type: ignore[method-assign, assignment]


def open_sockets(loop: asyncio.AbstractEventLoop, ports: tuple[int, int] | None = None) -> None:
    """Make aioice use our sockets (`rtc.udp`), if ``ports`` is given only on these UDP ports, first and last included.

    aioice binds to port 0 and has no option for a range: the event loop's own method is wrapped. If all ports are in
    use, aioice gets the OSError of a failed bind and continues without the address.
    """
    create = loop.create_datagram_endpoint

    async def create_own(factory: Any, local_addr: Any = None, **rest: Any) -> Any:
        if local_addr is None or local_addr[1] != 0 or rest:
            return await create(factory, local_addr=local_addr, **rest)
        for port in _ports(ports):
            try:
                # The event loop of Windows has no method that waits for a socket.
                if sys.platform == "win32":
                    return await create(factory, local_addr=(local_addr[0], port))
                return open_udp(loop, factory, (local_addr[0], port))
            except OSError as error:
                if error.errno != EADDRINUSE or ports is None:
                    raise
        assert ports is not None
        raise OSError(EADDRINUSE, f"all UDP ports from {ports[0]} to {ports[1]} are in use")

    loop.create_datagram_endpoint = create_own  # type: ignore[method-assign, assignment]


def _ports(ports: tuple[int, int] | None) -> Iterator[int]:
    """Yield the ports to try, from a random one on."""
    if ports is None:
        yield 0
        return
    first, last = ports
    count = last - first + 1
    start = random.randrange(count)
    for step in range(count):
        yield first + (start + step) % count
