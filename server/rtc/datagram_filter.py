"""Selects the datagrams to process. No datagram is trusted, and anybody can send one that is not encrypted."""

# Ethernet's MTU, which no WebRTC peer exceeds. pylibsrtp raises an error for longer datagrams, and aiortc's depayloader
# takes quadratic time.
MAX_DATAGRAM = 1500
# Streams of one connection. Each takes memory in SRTP and in aiortc until the connection ends, and one RTCP packet can
# report on no more (RFC 3550, section 6.4.2).
MAX_SSRCS = 31
_RTP_HEADER_BYTES, _RTCP_HEADER_BYTES = 12, 8


class DatagramFilter:
    """Accepts or drops the datagrams of one transport before decryption, by the streams authenticated so far.

    Attributes:
        dropped: number of dropped datagrams.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._ssrcs: set[bytes] = set()

    def accepts(self, datagram: bytes) -> bool:
        """Return whether to process a datagram; one that is dropped is counted."""
        accepted = 0 < len(datagram) <= MAX_DATAGRAM and self._has_known_stream(datagram)
        self.dropped += not accepted
        return accepted

    def admits(self, packet: bytes) -> bool:
        """Return whether to process a decrypted RTP or RTCP packet, and remember its stream.

        Only authenticated packets get here: nobody but the peer can fill the list.
        """
        ssrc = _ssrc_of(packet)
        if len(self._ssrcs) < MAX_SSRCS:
            self._ssrcs.add(ssrc)
        return ssrc in self._ssrcs

    def _has_known_stream(self, datagram: bytes) -> bool:
        if not 127 < datagram[0] < 192:  # RFC 7983, section 7: not RTP or RTCP
            return True
        if len(datagram) < (_RTCP_HEADER_BYTES if _is_rtcp(datagram) else _RTP_HEADER_BYTES):
            return False
        return len(self._ssrcs) < MAX_SSRCS or _ssrc_of(datagram) in self._ssrcs


def _ssrc_of(packet: bytes) -> bytes:
    return packet[4:8] if _is_rtcp(packet) else packet[8:12]


def _is_rtcp(packet: bytes) -> bool:
    return len(packet) > 1 and 192 <= packet[1] <= 223  # RFC 5761, section 4
