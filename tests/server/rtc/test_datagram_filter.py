"""Invalid datagrams are dropped before decryption, whoever sent them."""

import pytest

from acutance.server.rtc.datagram_filter import MAX_SSRCS, DatagramFilter


def _rtp(ssrc: int) -> bytes:
    return bytes([0x80, 96, 0, 1, 0, 0, 0, 0]) + ssrc.to_bytes(4, "big") + b"payload"


def _rtcp(ssrc: int) -> bytes:
    return bytes([0x80, 200, 0, 1]) + ssrc.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("datagram", "accepted"),
    [
        (b"", False),
        (b"\x16" + bytes(1499), True),
        (b"\x16" + bytes(1500), False),
        (_rtp(1), True),
        (_rtp(1)[:11], False),
        (_rtcp(1), True),
        (_rtcp(1)[:7], False),
        (b"\x80", False),
    ],
)
def test_empty_too_long_and_too_short_datagrams_are_dropped(datagram: bytes, accepted: bool) -> None:
    datagrams = DatagramFilter()
    assert datagrams.accepts(datagram) is accepted
    assert datagrams.dropped == (not accepted)


def test_a_peer_has_as_many_streams_as_fit_into_one_report() -> None:
    datagrams = DatagramFilter()
    for ssrc in range(100):
        assert datagrams.admits(_rtp(ssrc) if ssrc % 2 else _rtcp(ssrc)) is (ssrc < MAX_SSRCS)
    taken = [ssrc for ssrc in range(100) if datagrams.accepts(_rtp(ssrc))]
    assert taken == [ssrc for ssrc in range(100) if datagrams.accepts(_rtcp(ssrc))] == list(range(MAX_SSRCS))


def test_unauthenticated_packets_do_not_fill_the_list() -> None:
    datagrams = DatagramFilter()
    assert all(datagrams.accepts(_rtp(ssrc)) for ssrc in range(100))
    assert datagrams.accepts(_rtp(7))
