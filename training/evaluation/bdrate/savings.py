"""BD-rates of all students, measures, codecs and clips, and their means over clips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from acutance.training.data.pictures import DataError
from acutance.training.evaluation.bdrate.curves import BdRate, Point, bd_rate
from acutance.training.evaluation.bootstrap import Estimate, estimate
from acutance.training.evaluation.rows import INPUT
from acutance.training.judge.results import Judged

MEASURES = ("psnr_y", "vmaf_neg", "jod")
"""The measures at whose equality bit rates are compared; only those that were measured are used."""


@dataclass(frozen=True)
class Choice:
    """The rows that are compared.

    Attributes:
        regime: A regime of `Judged`.
        size: `native` or `halved`.
        most_bits: Highest setting in bits per pixel: above it JOD and VMAF-NEG are near their ends, where a curve no
            longer rises.
        methods: Names of the methods to compare with `input`; empty for all.
    """

    regime: str = "steady"
    size: str = "native"
    most_bits: float = 0.1
    methods: tuple[str, ...] = ()


@dataclass(frozen=True)
class Saving:
    """The BD-rate of one method on one clip.

    Attributes:
        codec, clip, method: As in `Judged`.
        measure: One of `MEASURES`.
        bd_rate: What arrived is the anchor, what came back the test, at the same bits sent.
        bits: The settings of the curves in bits per pixel.
    """

    codec: str
    clip: str
    method: str
    measure: str
    bd_rate: BdRate
    bits: tuple[float, ...]


@dataclass(frozen=True)
class Mean:
    """The BD-rates of one method and measure in one codec over clips.

    Attributes:
        estimate: Mean over the clips with a number and its 95 % interval; None without such a clip.
        worst: The largest of them; None without such a clip.
        clips: Number of clips with a number.
        without: Number of clips without one.
    """

    estimate: Estimate | None
    worst: float | None
    clips: int
    without: int


def savings(rows: Sequence[Judged], choice: Choice) -> list[Saving]:
    """Compare each method with `input`, for each codec, clip and measure, in the order of the rows.

    Raises:
        DataError: There are no such rows, none of `input` or none of another method among them, or a setting is there
            twice.
    """
    chosen = [
        row for row in rows if (row.regime, row.size) == (choice.regime, choice.size) and row.bits <= choice.most_bits
    ]
    if not chosen:
        known = ", ".join(dict.fromkeys(f"{row.regime} at {row.size} size" for row in rows)) or "no rows"
        raise DataError(
            f"there are no results for {choice.regime} at {choice.size} size up to {choice.most_bits:g} bits per "
            f"pixel: the files have {known}"
        )
    curves = _curves(chosen)
    methods = list(dict.fromkeys(row.method for row in chosen))
    for name in choice.methods:
        if name not in methods:
            raise DataError(f"there are no results of {name!r}: the files have {', '.join(methods)}")
    if INPUT not in methods or len(methods) == 1:
        raise DataError(f"BD-rate compares methods with {INPUT!r}: the results have {', '.join(methods)} only")
    found = []
    for codec, clip in dict.fromkeys((row.codec, row.clip) for row in chosen):
        for method in choice.methods or methods:
            for measure in MEASURES:
                anchor, test = (curves.get((codec, clip, which, measure), {}) for which in (INPUT, method))
                if method != INPUT and anchor and test:
                    result = bd_rate(list(anchor.values()), list(test.values()))
                    found.append(Saving(codec, clip, method, measure, result, tuple(sorted(test))))
    return found


def means(found: Sequence[Saving]) -> dict[tuple[str, str, str], Mean]:
    """Return the mean over clips by codec, method and measure."""
    groups: dict[tuple[str, str, str], list[float | None]] = {}
    for saving in found:
        groups.setdefault((saving.codec, saving.method, saving.measure), []).append(saving.bd_rate.percent)
    return {key: _mean(percents) for key, percents in groups.items()}


def _mean(percents: Sequence[float | None]) -> Mean:
    known = [percent for percent in percents if percent is not None]
    return Mean(estimate(known) if known else None, max(known, default=None), len(known), len(percents) - len(known))


def _curves(rows: Sequence[Judged]) -> Mapping[tuple[str, str, str, str], Mapping[float, Point]]:
    """Points by setting in bits per pixel, by codec, clip, method and measure."""
    curves: dict[tuple[str, str, str, str], dict[float, Point]] = {}
    for row in rows:
        for measure in MEASURES:
            if measure in row.figures:
                points = curves.setdefault((row.codec, row.clip, row.method, measure), {})
                if row.bits in points:
                    raise DataError(
                        f"{row.clip}, {row.codec} at {row.bits:g} bits per pixel, {row.method} is there twice"
                    )
                points[row.bits] = Point(row.kbps, row.figures[measure])
    return curves
