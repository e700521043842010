import pytest

from acutance.server.encoding.bitrate import RateControl, nominal, start_bitrate
from acutance.server.options.session_limits import MIN_BITRATE


@pytest.mark.parametrize(("size", "bits_per_pixel"), [((640, 360), 0.4), ((1280, 720), 0.167), ((1920, 1080), 0.1)])
def test_bits_per_pixel_fall_with_the_size(size: tuple[int, int], bits_per_pixel: float) -> None:
    rate = start_bitrate(*size, maximum=100_000_000)
    assert rate / (size[0] * size[1] * 30) == pytest.approx(bits_per_pixel, rel=0.01)


def test_the_option_caps_the_largest_pictures_and_the_floor_lifts_the_smallest() -> None:
    assert start_bitrate(4096, 2304, maximum=8_000_000) == 8_000_000
    assert start_bitrate(16, 16, maximum=8_000_000) == MIN_BITRATE


def test_remb_is_a_ceiling_and_never_more() -> None:
    control = RateControl(maximum=8_000_000)
    wanted = control.target(1280, 720)
    control.on_remb(1_000_000)
    assert control.target(1280, 720) == 1_000_000
    control.on_remb(50_000_000)
    assert control.target(1280, 720) == wanted
    control.on_remb(1)
    assert control.target(1280, 720) == MIN_BITRATE


def test_a_small_change_of_remb_is_not_followed() -> None:
    control = RateControl(maximum=8_000_000)
    control.on_remb(1_000_000)
    control.on_remb(1_080_000)
    assert control.target(1280, 720) == 1_000_000
    control.on_remb(1_200_000)
    assert control.target(1280, 720) == 1_200_000


def test_a_fast_stream_gets_fewer_bits_per_frame_and_a_slow_one_not_more() -> None:
    assert nominal(3_000_000, 60) == 1_500_000
    assert nominal(3_000_000, 30) == 3_000_000
    assert nominal(3_000_000, 15) == 3_000_000


def test_without_remb_heavy_loss_lowers_the_rate_and_no_loss_restores_it() -> None:
    control = RateControl(8_000_000)
    free = control.target(1280, 720)
    for _ in range(3):
        control.on_loss(0.2)
    assert control.target(1280, 720) == pytest.approx(free * 0.9**3, rel=0.01)
    control.on_loss(0.05)
    assert control.target(1280, 720) == pytest.approx(free * 0.9**3, rel=0.01)
    for _ in range(20):
        control.on_loss(0.0)
    assert control.target(1280, 720) == free


def test_loss_does_not_count_beside_remb() -> None:
    control = RateControl(8_000_000)
    control.on_remb(2_000_000)
    control.on_loss(0.5)
    assert control.target(1280, 720) == 2_000_000
