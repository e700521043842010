"""The rule fitted to measured points, and the tables of both."""

from collections.abc import Iterable, Sequence
from statistics import fmean

import numpy as np

from acutance.model.sender_size import FIRST_SECOND, STEADY, Step, Table
from acutance.training.evaluation.hull.measure import BEFORE, SIZE, Point
from acutance.training.evaluation.memory.report import Grid

GAIN, HARM = 0.3, 0.2
"""JOD that a smaller size must gain in the mean of the clips, and that it may lose on the worst of them."""
CLIPS = 3
"""Clips that must reach the bits at both sizes: fewer say nothing about the next call."""
_BEYOND = 1.15
"""Factor by which bits may lie outside of a curve: encoders meet their rate within some percent."""
_CALLS = {False: "without memory", True: "with memory"}
_STRETCHES = {FIRST_SECOND: "first second after a keyframe", STEADY: "steady state"}
_TITLES = {"h264": "H.264", "vp8": "VP8"}


def fit(points: Sequence[Point]) -> Table:
    """Return the table of `acutance.model.sender_size`: for each kind of call, the best size by bits per pixel.

    A smaller size is advised only if it gains `GAIN` in the mean of at least `CLIPS`, and no clip loses more than
    `HARM`.
    """
    table: Table = {}
    for codec, stretch, memory in _kinds(points):
        steps: list[Step] = []
        for bits in _rates(points):
            measured = _gains(points, codec, stretch, memory, bits)
            gains = {ratio: each for ratio, each in measured.items() if len(each) >= CLIPS}
            best = max(gains, key=lambda ratio: fmean(gains[ratio]), default=1.0)
            ratio = best if best > 1 and fmean(gains[best]) >= GAIN and min(gains[best]) >= -HARM else 1.0
            if ratio == 1.0 and gains:
                break  # at more bits, full size is better still
            if ratio > 1:
                steps.append((bits, ratio))
        last = {ratio: bits for bits, ratio in steps}
        merged = sorted((bits, ratio) for ratio, bits in last.items())
        table.setdefault(codec.upper(), {}).setdefault(stretch, {})["memory" if memory else "blind"] = merged
    return table


def grids(points: Sequence[Point]) -> Iterable[Grid]:
    """Yield a table for each kind of call: mean JOD at full size, and what smaller sizes gain at equal bits."""
    ratios = sorted({one.ratio for one in points if one.ratio > 1})
    for codec, stretch, memory in _kinds(points):
        rows = []
        for bits in _rates(points):
            gains = _gains(points, codec, stretch, memory, bits)
            full = [jod for jod in _at(points, codec, stretch, memory, 1.0, bits).values() if jod is not None]
            cells = [_words(gains.get(ratio, [])) for ratio in ratios]
            rows.append([f"{bits:g}", f"{fmean(full):.2f}" if full else "", *cells])
        columns = ["bits per pixel of full size", "full size", *(f"1 : {ratio:g}" for ratio in ratios)]
        yield Grid(f"{_TITLES[codec]}, {_STRETCHES[stretch]}, {_CALLS[memory]}", columns, rows)


def protocol(points: Sequence[Point], student: str) -> str:
    """Return what was measured, in words, for the file of the tables."""
    clips = ", ".join(sorted({one.clip.partition(".")[0] for one in points}))
    return (
        f"Clips: {clips}; at most {SIZE[0]}x{SIZE[1]} pixels from the middle, of clips that are halved from 720 lines "
        f"on. Full size: JOD of luma (10 is indistinguishable from the source), mean over clips, after `{student}`. "
        f"Smaller sizes: what they gain over full size at the same bits per second, enlarged and restored by the "
        f"students of the server, with the worst clip and the number of clips that reach these bits at both sizes. "
        f"Before the keyframe, {BEFORE} frames were sent over a good connection, from which the memory remembers. The "
        f"rule takes a smaller size if it gains at least {GAIN} JOD in the mean of {CLIPS} clips or more, and no clip "
        f"loses more than {HARM}. "
        f"H.264 is x264 superfast, VP8 libvpx in real time; browsers have other encoders for H.264."
    )


def rule_grid(table: Table) -> Grid:
    """Return the rule as a table."""
    rows = []
    for codec, stretches in table.items():
        for stretch, calls in stretches.items():
            for call, steps in calls.items():
                sizes = ", ".join(f"1 : {ratio:g} up to {bits:g}" for bits, ratio in steps) or "full size"
                rows.append([_TITLES[codec.lower()], _STRETCHES[stretch], call, sizes])
    return Grid("The fitted rule", ["codec", "stretch", "memory", "size by bits per pixel"], rows)


def _words(gains: Sequence[float]) -> str:
    """Mean gain and that of the worst clip, and their number."""
    return f"{fmean(gains):+.2f} (worst {min(gains):+.2f}, {len(gains)})" if gains else ""


def _kinds(points: Sequence[Point]) -> Iterable[tuple[str, str, bool]]:
    return dict.fromkeys((one.codec, one.stretch, one.memory) for one in points)


def _rates(points: Sequence[Point]) -> list[float]:
    return sorted({one.bits for one in points})


def _gains(points: Sequence[Point], codec: str, stretch: str, memory: bool, bits: float) -> dict[float, list[float]]:
    """JOD that each smaller size gains over full size at equal bits, by clip."""
    full = _at(points, codec, stretch, memory, 1.0, bits)
    gains: dict[float, list[float]] = {}
    for ratio in sorted({one.ratio for one in points if one.ratio > 1}):
        for clip, jod in _at(points, codec, stretch, memory, ratio, bits).items():
            base = full.get(clip)
            if jod is not None and base is not None:
                gains.setdefault(ratio, []).append(jod - base)
    return gains


def _at(
    points: Sequence[Point], codec: str, stretch: str, memory: bool, ratio: float, bits: float
) -> dict[str, float | None]:
    """JOD of each clip at the bits that are really sent; None outside of what was measured."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for one in points:
        if (one.codec, one.stretch, one.memory, one.ratio) == (codec, stretch, memory, ratio):
            curves.setdefault(one.clip, []).append((one.sent, one.jod))
    return {clip: _interpolated(sorted(curve), bits) for clip, curve in curves.items()}


def _interpolated(curve: Sequence[tuple[float, float]], bits: float) -> float | None:
    """JOD at these bits, linear in their logarithm; None more than `_BEYOND` outside of the curve."""
    rates, jods = zip(*curve, strict=True)
    if not rates[0] / _BEYOND <= bits <= rates[-1] * _BEYOND:
        return None
    return float(np.interp(np.log(bits), np.log(rates), jods))
