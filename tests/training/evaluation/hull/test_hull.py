"""The rule for the size of a sender, fitted to points."""

from dataclasses import replace
from itertools import product

from acutance.training.evaluation.hull.measure import Point
from acutance.training.evaluation.hull.rule import fit, grids, rule_grid

# JOD by bits and reduction, without the differences of the clips.
_JODS = {
    (0.01, 1.0): 5.0, (0.01, 2.0): 6.0, (0.01, 3.0): 5.5,
    (0.02, 1.0): 7.0, (0.02, 2.0): 7.5, (0.02, 3.0): 6.0,
    (0.05, 1.0): 9.0, (0.05, 2.0): 8.0, (0.05, 3.0): 7.0,
}  # fmt: skip


def points(stretch: str = "steady", lost: float = 0.0) -> list[Point]:
    """Three clips; reduced frames of the second lose `lost`."""
    return [
        Point(
            clip, "h264", bits, ratio, stretch, False, bits, jod + better - (lost if clip == "b" and ratio > 1 else 0)
        )
        for (clip, better), ((bits, ratio), jod) in product((("a", 0.0), ("b", 0.5), ("c", 0.25)), _JODS.items())
    ]


def test_the_rule_is_the_best_size_up_to_the_bits_at_which_full_size_is_best() -> None:
    assert fit(points()) == {"H264": {"steady": {"blind": [(0.02, 2.0)]}}}


def test_a_size_that_harms_one_clip_is_not_advised() -> None:
    assert fit(points(lost=0.75)) == {"H264": {"steady": {"blind": [(0.01, 2.0)]}}}
    assert fit(points(lost=1.3)) == {"H264": {"steady": {"blind": []}}}


def test_two_clips_are_too_few_for_advice() -> None:
    few = [one for one in points() if one.clip != "b"]
    assert fit(few) == {"H264": {"steady": {"blind": []}}}
    # Those few bits that only two clips reach are left out, the others keep their advice.
    partly = [one for one in points() if one.clip != "b" or one.bits > 0.01]
    assert fit(partly) == {"H264": {"steady": {"blind": [(0.02, 2.0)]}}}


def test_sizes_are_compared_at_the_bits_that_are_really_sent() -> None:
    # Full size takes twice the bits that it is set to.
    overshooting = [replace(one, sent=one.sent * 2) if one.ratio == 1 else one for one in points()]
    (grid,) = grids(overshooting)
    first, second, _ = grid.rows
    assert first[1:] == ["", "", ""], "full size cannot be sent at so few bits"
    assert second[1:3] == ["5.25", "+2.50 (worst +2.50, 3)"]


def test_tables_have_a_row_for_each_rate() -> None:
    (grid,) = grids(points(lost=0.5))
    assert grid.title == "H.264, steady state, without memory"
    assert list(grid.rows[0]) == ["0.01", "5.25", "+0.83 (worst +0.50, 3)", "+0.33 (worst +0.00, 3)"]
    assert list(grid.rows[2]) == ["0.05", "9.25", "-1.17 (worst -1.50, 3)", "-2.17 (worst -2.50, 3)"]
    assert rule_grid(fit(points())).rows[0][3] == "1 : 2 up to 0.02"
