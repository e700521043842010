"""Decides which datagrams that arrive at aioice's sockets are processed. Anybody can send to these sockets."""

import logging
from typing import Any

from aioice.ice import Connection, StunProtocol

from acutance.server.rtc.datagram_filter import MAX_DATAGRAM

log = logging.getLogger(__name__)

_LAST_STUN_BYTE = b"\x03"  # RFC 7983, section 7
# Datagrams of one connection that wait for DTLS, until ICE has completed or while the event loop is busy. A second of
# 1080p at 8 Mbit/s has about 900; aioice itself has no limit.
_MAX_WAITING = 1024

_receive_stun = StunProtocol.datagram_received


def receive(protocol: StunProtocol, data: bytes | str, address: tuple[Any, ...]) -> None:
    """Pass a datagram to STUN or to the queue of the connection, or drop it.

    Replaces `StunProtocol.datagram_received`, which parses every datagram as STUN and expects valid messages: it takes
    an RTP packet for STUN if the sequence number equals the length, and an attribute of a wrong length raises an error
    on the event loop. It also queues the datagrams of strangers without limit: anybody could fill memory, or end a DTLS
    handshake with a forged alert.
    """
    assert isinstance(data, bytes)
    if data[:1] <= _LAST_STUN_BYTE:
        try:
            _receive_stun(protocol, data, address)
        except Exception as error:  # aioice's parser and agent raise errors of every kind
            log.debug("a STUN message of %s was dropped: %r", address[0], error)
        return
    queue = protocol.receiver._queue
    if len(data) <= MAX_DATAGRAM and queue.qsize() < _MAX_WAITING and is_of_peer(protocol.receiver, address):
        queue.put_nowait((data, protocol.local_candidate.component))


def discard(connection: Connection, data: bytes, component: int) -> None:
    """Replaces `Connection.data_received`: what aioice's parser does not take for STUN is nothing else either."""


def is_of_peer(connection: Connection, address: tuple[Any, ...]) -> bool:
    """Return whether an address, as host and port, is one of the peer's.

    The peer has named it in a candidate, or has sent an authentic connectivity check from it.
    """
    host, port = address[:2]
    # Without a generator: this runs for each packet, and there is one pair.
    for pair in connection._nominated.values():
        if pair.remote_addr == (host, port):
            return True
    return any(each._network_host == host and each.port == port for each in connection._remote_candidates)
