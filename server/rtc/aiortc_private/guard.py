"""Protects aiortc's transports against malformed packets and against floods that would fill memory."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiortc import RTCDtlsTransport, RTCPeerConnection

from acutance.server.rtc.aiortc_private.feedback import limit_resends
from acutance.server.rtc.aiortc_private.sctp import end_sctp_with_dtls, limit_sctp
from acutance.server.rtc.datagram_filter import DatagramFilter

log = logging.getLogger(__name__)


def dtls_transports(peer: RTCPeerConnection) -> set[RTCDtlsTransport]:
    """Return the DTLS transports of a peer connection that has a description."""
    transports = {transceiver.receiver.transport for transceiver in peer.getTransceivers()}
    if peer.sctp is not None:
        transports.add(peer.sctp.transport)
    return transports


def guard_transports(peer: RTCPeerConnection) -> None:
    """Drop datagrams that must not be processed, and catch aiortc's errors on packets that it cannot parse.

    Call it before the handshake. aiortc's receiving task ends at the first error that is no ``ValueError``: at an empty
    datagram, which anybody can send, a header extension of a wrong length, or an invalid SCTP chunk.
    """
    for transport in dtls_transports(peer):
        datagrams = DatagramFilter()
        _filter_datagrams(transport, datagrams)
        drop_on_error = _DropOnError()
        transport._handle_rtp_data = drop_on_error(  # type: ignore[method-assign, assignment]
            transport._handle_rtp_data, datagrams.admits
        )
        transport._handle_rtcp_data = drop_on_error(  # type: ignore[method-assign, assignment]
            transport._handle_rtcp_data, datagrams.admits
        )
    for transceiver in peer.getTransceivers():
        limit_resends(transceiver.sender)
        # Timestamps of the peer can make the jitter exceed the 32 bits that a report has for it. The error would end
        # the task that sends reports, for which aiortc waits at the end of the call.
        receiver = transceiver.receiver
        receiver._send_rtcp = _DropOnError()(receiver._send_rtcp)  # type: ignore[method-assign, assignment]
    if peer.sctp is not None:
        limit_sctp(peer.sctp)
        end_sctp_with_dtls(peer.sctp)
        peer.sctp._handle_data = _DropOnError()(peer.sctp._handle_data)  # type: ignore[method-assign, assignment]


def _filter_datagrams(transport: RTCDtlsTransport, datagrams: DatagramFilter) -> None:
    receive = transport.transport._recv

    async def receive_accepted() -> bytes:
        while not datagrams.accepts(datagram := await receive()):
            pass
        return datagram

    transport.transport._recv = receive_accepted


class _DropOnError:
    """Wraps packet handlers: the first error of each transport is logged, and the next packet is handled."""

    def __init__(self) -> None:
        self._logged = False

    def __call__(
        self, handle: Callable[..., Awaitable[None]], admits: Callable[[bytes], bool] = lambda packet: True
    ) -> Callable[..., Awaitable[None]]:
        async def handle_or_drop(data: bytes, **rest: Any) -> None:
            if not admits(data):
                return
            try:
                await handle(data, **rest)
            except ConnectionError:  # the transport is closing
                raise
            except Exception as error:
                if not self._logged:
                    self._logged = True
                    log.warning("a packet of a peer or a report to it was dropped: %r", error)

        return handle_or_drop
