"""Presentation timestamps continue without a jump when RTP timestamps wrap or restart."""

import pytest

from acutance.server.rtc.timestamp_mapper import TimestampMapper


def _mapped(mapper: TimestampMapper, *timestamps: int) -> list[int]:
    return [mapper.map(timestamp) for timestamp in timestamps]


def test_the_first_timestamp_is_zero_and_wraps_go_unnoticed() -> None:
    mapper = TimestampMapper()
    assert mapper.origin is None
    assert mapper.pts_of(0) is None
    assert _mapped(mapper, 0xFFFF_F448, 0, 3000) == [0, 3000, 6000]
    assert mapper.origin == 0xFFFF_F448


def test_many_wraps_add_up() -> None:
    mapper = TimestampMapper()
    step = 1 << 30
    assert [mapper.map(index * step % (1 << 32)) for index in range(12)] == [index * step for index in range(12)]
    assert mapper.pts_of(11 * step % (1 << 32) - 5) == 11 * step - 5


@pytest.mark.parametrize("anew", [0, 4_999_000, 5_006_000 - 90_001, 0x9000_0000])
def test_a_sender_that_restarts_continues_with_the_next_frame(anew: int) -> None:
    mapper = TimestampMapper()
    assert _mapped(mapper, 5_000_000, 5_003_000, 5_006_000) == [0, 3000, 6000]
    mapper.restart()
    assert _mapped(mapper, anew, anew + 3000) == [9000, 12_000]
    assert mapper.origin == (anew - 9000) % (1 << 32)
    assert mapper.pts_of(anew - 3000) == 6000


def test_a_clock_that_is_set_back_within_a_stream_is_a_restart_too() -> None:
    mapper = TimestampMapper()
    assert _mapped(mapper, 900_000_000, 900_003_000, 100, 3100) == [0, 3000, 6000, 9000]


def test_frames_in_decoding_order_keep_their_times() -> None:
    mapper = TimestampMapper()
    assert _mapped(mapper, 1000, 10_000, 4000, 7000, 13_000) == [0, 9000, 3000, 6000, 12_000]


def test_a_restart_before_the_first_frame_is_none() -> None:
    mapper = TimestampMapper()
    mapper.restart()
    assert _mapped(mapper, 7000, 10_000) == [0, 3000]
