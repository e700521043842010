"""The rule fitted to measured points, and the tables of both."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from acutance.model.sender_size import FIRST_SECOND, STEADY, Step, Table
from acutance.training.evaluation.hull.measure import Point
from acutance.training.evaluation.memory.report import Grid

GAIN, HARM = 0.1, 0.2
"""JOD that a smaller size must gain in the mean of the clips, and that it may lose on the worst of them."""
_CALLS = {False: "without memory", True: "with memory"}
_STRETCHES = {FIRST_SECOND: "first second after a keyframe", STEADY: "steady state"}
_TITLES = {"h264": "H.264", "vp8": "VP8"}


def fit(points: Sequence[Point]) -> Table:
    """Return the table of `acutance.model.sender_size`: for each kind of call, the best size by bits per pixel.

    A smaller size is advised only if it gains `GAIN` in the mean, and no clip loses more than `HARM`.
    """
    table: Table = {}
    for codec, stretch, memory in _kinds(points):
        steps: list[Step] = []
        for bits in sorted({one.bits for one in points}):
            gains = _gains(points, codec, stretch, memory, bits)
            best = max(gains, key=lambda ratio: fmean(gains[ratio]), default=1.0)
            ratio = best if best > 1 and fmean(gains[best]) >= GAIN and min(gains[best]) >= -HARM else 1.0
            if ratio == 1.0:
                break  # at more bits, full size is better still
            steps.append((bits, ratio))
        table.setdefault(codec.upper(), {}).setdefault(stretch, {})["memory" if memory else "blind"] = steps
    return table


def grids(points: Sequence[Point]) -> Iterable[Grid]:
    """Yield a table of mean JOD for each kind of call: bits by size; the best size of each row is bold."""
    ratios = sorted({one.ratio for one in points})
    for codec, stretch, memory in _kinds(points):
        rows = []
        for bits in sorted({one.bits for one in points}):
            means = {
                ratio: fmean(found)
                for ratio in ratios
                if (found := [one.jod for one in _of(points, codec, stretch, memory, bits) if one.ratio == ratio])
            }
            gains = _gains(points, codec, stretch, memory, bits)
            best = max(means, key=lambda ratio: means[ratio])
            cells = [f"**{means[one]:.2f}**" if one == best else f"{means[one]:.2f}" for one in ratios]
            worst = f"{min(gains[best]):+.2f}" if best > 1 else ""
            rows.append([f"{bits:g}", *cells, worst])
        columns = ["bits per pixel of full size", *(f"1 : {ratio:g}" for ratio in ratios), "worst clip of the best"]
        yield Grid(f"{_TITLES[codec]}, {_STRETCHES[stretch]}, {_CALLS[memory]}", columns, rows)


def rule_grid(table: Table) -> Grid:
    """Return the rule as a table."""
    rows = []
    for codec, stretches in table.items():
        for stretch, calls in stretches.items():
            for call, steps in calls.items():
                sizes = ", ".join(f"1 : {ratio:g} up to {bits:g}" for bits, ratio in steps) or "full size"
                rows.append([_TITLES[codec.lower()], _STRETCHES[stretch], call, sizes])
    return Grid("The fitted rule", ["codec", "stretch", "memory", "size by bits per pixel"], rows)


def _kinds(points: Sequence[Point]) -> Iterable[tuple[str, str, bool]]:
    return dict.fromkeys((one.codec, one.stretch, one.memory) for one in points)


def _of(points: Sequence[Point], codec: str, stretch: str, memory: bool, bits: float) -> list[Point]:
    return [one for one in points if (one.codec, one.stretch, one.memory, one.bits) == (codec, stretch, memory, bits)]


def _gains(points: Sequence[Point], codec: str, stretch: str, memory: bool, bits: float) -> dict[float, list[float]]:
    """JOD that each smaller size gains over full size, by clip."""
    here = _of(points, codec, stretch, memory, bits)
    full = {one.clip: one.jod for one in here if one.ratio == 1}
    gains: dict[float, list[float]] = {}
    for one in here:
        if one.ratio > 1 and one.clip in full:
            gains.setdefault(one.ratio, []).append(one.jod - full[one.clip])
    return gains
