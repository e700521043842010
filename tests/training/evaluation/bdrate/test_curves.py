"""BD-rate reproduces published values, and says why where it is not defined."""

import pytest

from acutance.training.evaluation.bdrate.curves import BdRate, Point, bd_rate


def curve(*points: tuple[float, float]) -> list[Point]:
    return [Point(kbps, quality) for kbps, quality in points]


RISING = curve((100, 30.0), (200, 33.0), (400, 36.0), (800, 38.5), (1600, 40.5))


# JCTVC-E137 (5th meeting of JCT-VC, Geneva 2011), as in Netflix/vmaf, python/test/bd_rate_calculator_test.py, which
# states four decimals of the ratio.
@pytest.mark.parametrize(
    ("anchor", "test", "published"),
    [
        (
            curve((108048.8736, 43.6471), (61279.976, 40.3953), (33905.6656, 37.247), (18883.6928, 34.2911)),
            curve((108061.2784, 43.6768), (61299.9936, 40.4232), (33928.7472, 37.2761), (18910.912, 34.3147)),
            -0.465215420752807,
        ),
        (
            curve((40433.8848, 37.5761), (7622.7456, 35.3756), (2394.488, 33.8977), (1017.6184, 32.0603)),
            curve((40370.12, 37.5982), (7587.0024, 35.4025), (2390.0944, 33.9194), (1017.0984, 32.0822)),
            -1.8779823450567612,
        ),
    ],
)
def test_published_examples_are_reproduced(anchor: list[Point], test: list[Point], published: float) -> None:
    assert bd_rate(anchor, test, least_rates=4).percent == pytest.approx(published, abs=0.005)


def test_the_same_quality_at_four_fifths_of_the_bits_saves_a_fifth() -> None:
    cheaper = [Point(0.8 * point.kbps, point.quality) for point in reversed(RISING)]
    assert bd_rate(RISING, cheaper).percent == pytest.approx(-20)
    assert bd_rate(cheaper, RISING).percent == pytest.approx(25)
    assert bd_rate(RISING, RISING).percent == 0
    assert bd_rate([*RISING, RISING[0]], [*cheaper, Point(80.5, 29.0)]).percent == pytest.approx(-20)


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        (RISING[:4], "4 different bit rates, of 5"),
        ([*RISING[:4], Point(100.9, 31.0)], "4 different bit rates, of 5"),
        ([*RISING[:3], Point(800, 35.9), RISING[4]], "test does not rise from 400 to 800 kbit/s"),
        ([*RISING[:4], Point(1600, 38.5)], "test does not rise from 800 to 1600 kbit/s"),
        ([Point(point.kbps, point.quality + 20) for point in RISING], "curves share 0% of their range"),
        ([Point(point.kbps, point.quality + 5) for point in RISING], "curves share 35% of their range"),
    ],
)
def test_a_curve_that_allows_no_number_gets_a_reason(test: list[Point], reason: str) -> None:
    assert bd_rate(RISING, test) == BdRate(None, reason)


def test_the_anchor_too_has_to_rise() -> None:
    falling = [*RISING[:4], Point(1600, 38.0)]
    assert bd_rate(falling, RISING) == BdRate(None, "anchor does not rise from 800 to 1600 kbit/s")
