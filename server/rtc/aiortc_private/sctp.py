"""Limits for aiortc's SCTP, which has none: a peer's packets must not block the event loop or fill memory."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from struct import unpack_from

import aiortc.rtcsctptransport
from aiortc import RTCSctpTransport
from aiortc.rtcsctptransport import Chunk, SackChunk
from OpenSSL import SSL

# Limits for each peer; a page has one data channel, with messages of a few hundred bytes. Above them SCTP packets are
# dropped; audio and video continue.
_MAX_STREAMS, _MAX_FRAGMENTS, _MAX_OUTBOUND = 64, 256, 1024
# Packets that a SACK may name behind gaps; the server never has as many in flight.
_MAX_ACKNOWLEDGED = 1024
_HEADER_BYTES = 4
# Methods that aiortc's timers call. They send INIT, SHUTDOWN ACK, DATA (RFC 9260) and RE-CONFIG (RFC 6525) again.
_TIMERS = ("_t1_expired", "_t2_expired", "_t3_expired", "_reconfig_timer_expired")


def decode_parameters(body: bytes) -> list[tuple[int, bytes]]:
    """Return type and value of each parameter of a chunk (RFC 9260, section 3.2.1).

    Replaces a function of aiortc's module, which loops for ever at a parameter of length 0.

    Raises:
        ValueError: a length is impossible; aiortc then drops the packet.
    """
    parameters, at = [], 0
    while at <= len(body) - _HEADER_BYTES:
        kind, length = unpack_from("!HH", body, at)
        if not _HEADER_BYTES <= length <= len(body) - at:
            raise ValueError(f"an SCTP parameter has an invalid length of {length} bytes")
        parameters.append((kind, body[at + _HEADER_BYTES : at + length]))
        at += length + -length % 4
    return parameters


aiortc.rtcsctptransport.decode_params = decode_parameters


def limit_sctp(sctp: RTCSctpTransport) -> None:
    """Limit the memory and time that a peer can take in an SCTP association. Call it before the first packet."""
    # aiortc advertises a receive window and does not enforce it (RFC 9260, section 6.2).
    handle, receive = sctp._handle_data, sctp._receive_chunk

    async def handle_within_limits(data: bytes) -> None:
        inbound = sctp._inbound_streams.values()
        if (
            len(inbound) <= _MAX_STREAMS
            and sum(len(stream.reassembly) for stream in inbound) <= _MAX_FRAGMENTS
            and len(sctp._sack_misordered) <= _MAX_FRAGMENTS
            and len(sctp._outbound_queue) <= _MAX_OUTBOUND
        ):
            await handle(data)

    async def receive_within_limits(chunk: Chunk) -> None:
        # aiortc visits each packet of each gap block: up to 65,536 for each four bytes.
        if isinstance(chunk, SackChunk) and _covered(chunk) > _MAX_ACKNOWLEDGED:
            return
        await receive(chunk)

    sctp._handle_data = handle_within_limits  # type: ignore[method-assign]
    sctp._receive_chunk = receive_within_limits  # type: ignore[method-assign]


def end_sctp_with_dtls(sctp: RTCSctpTransport) -> None:
    """Let an SCTP association end when the connection below it has ended. Call it before the handshake.

    aiortc's timers continue then. They send in tasks that nobody awaits, and each logs a ``ConnectionError``.
    """
    send = sctp._send_chunk

    async def send_if_connected(chunk: Chunk) -> None:
        # A chunk that cannot be sent is lost, like a datagram. `SSL.Error`: DTLS is shutting down.
        with suppress(ConnectionError, SSL.Error):
            await send(chunk)

    sctp._send_chunk = send_if_connected  # type: ignore[method-assign]
    for name in _TIMERS:
        setattr(sctp, name, partial(_expire, sctp, getattr(sctp, name)))


def _expire(sctp: RTCSctpTransport, expired: Callable[[], None]) -> None:
    if sctp.transport.state == "connected":
        expired()
    else:
        sctp._set_state(RTCSctpTransport.State.CLOSED)  # cancels all timers


def _covered(chunk: SackChunk) -> int:
    return sum(max(0, end - begin) for begin, end in chunk.gaps)
