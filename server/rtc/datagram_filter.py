"""Which datagrams of a peer are processed: none is trusted, and those in clear text may come from anybody."""

# Ethernet's MTU, which no WebRTC peer exceeds. Longer ones are an error in pylibsrtp, and take aiortc's depayloader
# quadratic time.
MAX_DATAGRAM = 1500
# Streams of one connection. Each takes memory in SRTP and in aiortc for as long as the connection lasts, and a report
# on more does not fit into one RTCP packet (RFC 3550, section 6.4.2).
MAX_SSRCS = 31
_RTP_HEADER_BYTES, _RTCP_HEADER_BYTES = 12, 8


class DatagramFilter:
    """Decides on datagrams before they are decrypted, by what was authenticated before. One for each transport.

    Attributes:
        dropped: how many datagrams were refused.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._ssrcs: set[bytes] = set()

    def accepts(self, datagram: bytes) -> bool:
        """Return whether to process a datagram that arrived; it is counted otherwise."""
        accepted = 0 < len(datagram) <= MAX_DATAGRAM and self._has_known_stream(datagram)
        self.dropped += not accepted
        return accepted

    def admits(self, packet: bytes) -> bool:
        """Return whether to process an RTP or RTCP packet that was decrypted, and note its stream.

        Only what the peer itself has sent is noted: strangers cannot fill the list.
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
