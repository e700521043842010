"""Addresses, connectivity checks and DTLS ciphers of aiortc and aioice."""

import asyncio
import random
from collections.abc import Callable
from errno import EADDRINUSE
from functools import partial
from typing import Any

from aioice import stun
from aioice.candidate import candidate_priority
from aioice.ice import Connection as IceConnection
from aioice.ice import StunProtocol
from aiortc import RTCPeerConnection
from OpenSSL import SSL

from acutance.server.options.session_limits import MOST_CANDIDATES
from acutance.server.rtc.aiortc_private.datagrams import discard, is_of_peer, receive
from acutance.server.rtc.aiortc_private.guard import dtls_transports, guard_transports

# OBS waits 8 s for an answer, FFmpeg 5 s; aioice would wait 5 s for a silent STUN server.
_GATHERING_S = 1.5
# Addresses of one peer: candidates that it has signalled, and sources of its connectivity checks. aioice starts a check
# for each and sorts all of them each time; a peer could send from thousands of ports.
_MAX_ADDRESSES = 2 * MOST_CANDIDATES
# RFC 8827, section 6.5, demands the first; the others are what browsers offer.
_CIPHERS = b":".join(
    b"ECDHE-%b-%b" % (key, cipher)
    for key in (b"ECDSA", b"RSA")
    for cipher in (b"AES128-GCM-SHA256", b"CHACHA20-POLY1305", b"AES128-SHA", b"AES256-SHA")
)


def prepare_ice(peer: RTCPeerConnection) -> None:
    """Limit the time of gathering, guard the transports, and accept connectivity checks without PRIORITY.

    Call it between the first description and the gathering of candidates.
    """
    guard_transports(peer)
    for connection in _ice_connections(peer):
        gather = connection.get_component_candidates
        connection.get_component_candidates = partial(gather, timeout=_GATHERING_S)  # type: ignore[method-assign, arg-type]
        connection.check_incoming = partial(  # type: ignore[method-assign]
            _check_incoming, connection, connection.check_incoming
        )


def accept_rsa_certificates(peer: RTCPeerConnection) -> None:
    """Allow the handshake with peers that have an RSA certificate, such as GStreamer up to 1.22.

    An answerer is the DTLS client, and aiortc offers only ECDSA ciphers: it has none in common with such peers. Call it
    before the handshake.
    """
    for certificate in peer._RTCPeerConnection__certificates:  # type: ignore[attr-defined]
        certificate._create_ssl_context = partial(_with_rsa, certificate._create_ssl_context)


def _with_rsa(create: Callable[..., SSL.Context], *args: Any, **rest: Any) -> SSL.Context:
    context = create(*args, **rest)
    context.set_cipher_list(_CIPHERS)
    return context


def _check_incoming(
    connection: IceConnection,
    check: Callable[[stun.Message, tuple[str, int], Any], None],
    message: stun.Message,
    address: tuple[str, int],
    protocol: Any,
) -> None:
    if len(connection._remote_candidates) >= _MAX_ADDRESSES and not is_of_peer(connection, address):
        return
    # FFmpeg 8.0's WHIP muxer omits PRIORITY, which RFC 8445, section 7.1.1, requires: aioice replies to such a check
    # and then fails. The default is the priority of a peer-reflexive candidate.
    message.attributes.setdefault("PRIORITY", candidate_priority(1, "prflx"))
    check(message, address, protocol)


def _ice_connections(peer: RTCPeerConnection) -> set[IceConnection]:
    return {transport.transport.iceGatherer._connection for transport in dtls_transports(peer)}


StunProtocol.datagram_received = receive  # type: ignore[method-assign, assignment]
IceConnection.data_received = discard  # type: ignore[method-assign, assignment]


def bind_within(loop: asyncio.AbstractEventLoop, ports: tuple[int, int]) -> None:
    """Make aioice open its sockets only on these UDP ports, first and last included.

    aioice binds to port 0 and has no option for a range: the event loop's own method is wrapped. If all ports are in
    use, aioice gets the OSError of a failed bind and continues without the address.
    """
    create = loop.create_datagram_endpoint
    first, last = ports

    async def create_within(factory: Any, local_addr: Any = None, **rest: Any) -> Any:
        if local_addr is None or local_addr[1] != 0:
            return await create(factory, local_addr=local_addr, **rest)
        count = last - first + 1
        start = random.randrange(count)
        for step in range(count):
            try:
                return await create(factory, local_addr=(local_addr[0], first + (start + step) % count), **rest)
            except OSError as error:
                if error.errno != EADDRINUSE:
                    raise
        raise OSError(EADDRINUSE, f"all UDP ports from {first} to {last} are in use")

    loop.create_datagram_endpoint = create_within  # type: ignore[method-assign, assignment]
