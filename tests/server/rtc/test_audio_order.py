"""Audio packets are returned in order, without delay."""

from aiortc.rtp import RtpPacket

from acutance.server.rtc.audio_order import AudioOrder


def _packet(number: int) -> RtpPacket:
    packet = RtpPacket(payload_type=111, sequence_number=number % 65536, timestamp=960 * number % (1 << 32))
    packet._data = bytes([number % 256])  # type: ignore[attr-defined]
    return packet


def _out(order: AudioOrder, *numbers: int) -> list[int]:
    frames = [order.add(_packet(number))[1] for number in numbers]
    return [frame.timestamp // 960 for frame in frames if frame is not None]


def test_each_packet_is_passed_on_at_once_also_after_a_gap() -> None:
    assert _out(AudioOrder(), 5, 6, 9, 10) == [5, 6, 9, 10]


def test_late_and_duplicate_packets_are_dropped() -> None:
    assert _out(AudioOrder(), 5, 7, 6, 7, 8) == [5, 7, 8]


def test_numbers_wrap() -> None:
    order = AudioOrder()
    assert [order.add(_packet(number))[1] is not None for number in (65534, 65535, 65536, 65537)] == [True] * 4


def test_a_sender_that_restarts_its_numbers_is_followed() -> None:
    order = AudioOrder()
    _out(order, 40_000)
    assert _out(order, *range(30_000, 30_020)) == list(range(30_015, 30_020))


def test_a_restart_is_reported_before_the_packet_that_shows_it() -> None:
    events: list[object] = []
    order = AudioOrder(lambda: events.append("restart"))

    def take(number: int, ssrc: int = 0) -> None:
        packet = _packet(number)
        packet.ssrc = ssrc
        _, frame = order.add(packet)
        events.extend([frame.timestamp // 960] if frame else [])

    for number in (5, 6, 5):
        take(number)
    take(3, ssrc=9)
    take(4, ssrc=9)
    assert events == [5, 6, "restart", 3, 4]
    for number in range(30_000, 30_016):
        take(number + 32_768, ssrc=9)
    assert events[5:] == ["restart", (30_015 + 32_768)]
