"""Summarise measurements as rows of tables: means, gains and intervals by set, category and degradation."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.bootstrap import Estimate, estimate
from acutance.training.evaluation.evaluate import Measurement
from acutance.training.metrics.registry import ALWAYS

INPUT = "input"
ALL = "all"
LOW_RATE = 0.05
"""Bits per pixel up to which a call is visibly degraded; above it a method must do no harm."""
_Group = tuple[str, Callable[[Degradation], bool]]
_GROUPS: tuple[_Group, ...] = (
    ("all but identity", lambda how: how != Degradation()),
    (f"codecs up to {LOW_RATE}", lambda how: how.codec is not None and how.bits <= LOW_RATE),
    (f"codecs above {LOW_RATE}", lambda how: how.codec is not None and how.bits > LOW_RATE),
)
GROUPS = tuple(name for name, _ in _GROUPS)
"""Names of the groups of degradations that have rows of their own in tables."""


@dataclass(frozen=True)
class Row:
    """One method on a set or one of its categories, under one degradation or the mean of several.

    Attributes:
        set: Name of the set: its folder and the parent folder.
        category: A category, or `all`.
        degradation: Name of a degradation, or of a group of them.
        method: Name of the method in tables.
        sources: Number of pictures or clips.
        frames: Number of evaluated frames.
        figures: Mean by the name of a metric.
        gains: Mean difference from the input for `psnr` (in dB) and `ssim`.
        worse: Share of the pairs of picture and degradation with a lower figure than the input, for `psnr`, `ssim` and
            `either`.
    """

    set: str
    category: str
    degradation: str
    method: str
    sources: int
    frames: int
    figures: dict[str, Estimate]
    gains: dict[str, Estimate]
    worse: dict[str, float]


def make_rows(measurements: Sequence[Measurement]) -> list[Row]:
    """Summarise measurements; those of the method `input` must be among them.

    Sets and methods keep the order of the measurements. Groups with more than one degradation follow the degradations
    of a set; rows of categories, if there are several, follow the rows of the whole set.
    """
    rows = []
    for name in dict.fromkeys(one.set for one in measurements):
        of_set = [one for one in measurements if one.set == name]
        categories = sorted({one.category for one in of_set})
        for category in (ALL, *(categories if len(categories) > 1 else ())):
            part = [one for one in of_set if category in (ALL, one.category)]
            for title, members in _degradations(part):
                rows += _rows(name, category, title, [one for one in part if one.degradation in members])
    return rows


def _degradations(measurements: Sequence[Measurement]) -> list[tuple[str, list[str]]]:
    names = list(dict.fromkeys(one.degradation for one in measurements))
    found = [(name, [name]) for name in names]
    for title, belongs in _GROUPS:
        members = [name for name in names if belongs(Degradation.parse(name))]
        if len(members) > 1 and members not in [known for _, known in found]:
            found.append((title, members))
    return found


def _rows(name: str, category: str, title: str, measurements: Sequence[Measurement]) -> list[Row]:
    before = {(one.source, one.degradation): one for one in measurements if one.method == INPUT}
    rows = []
    for method in dict.fromkeys(one.method for one in measurements):
        ours = [one for one in measurements if one.method == method]
        inputs = [before[one.source, one.degradation] for one in ours]
        lost = {
            metric: [one.figures[metric] < degraded.figures[metric] for one, degraded in zip(ours, inputs, strict=True)]
            for metric in ALWAYS
        }
        lost["either"] = [any(pair) for pair in zip(*lost.values(), strict=True)]
        rows.append(
            Row(
                name,
                category,
                title,
                method,
                sources=len({one.source for one in ours}),
                frames=sum(one.frames for one in ours),
                figures={m: _mean((one.source, one.figures[m]) for one in ours) for m in ours[0].figures},
                gains={
                    m: _mean((one.source, one.figures[m] - i.figures[m]) for one, i in zip(ours, inputs, strict=True))
                    for m in ALWAYS
                },
                worse={m: sum(flags) / len(flags) for m, flags in lost.items()},
            )
        )
    return rows


def _mean(figures: Iterable[tuple[str, float]]) -> Estimate:
    """Average first over the degradations of each picture: the statistical sample consists of pictures, not pairs."""
    by_source: dict[str, list[float]] = defaultdict(list)
    for source, figure in figures:
        by_source[source].append(figure)
    return estimate([sum(values) / len(values) for values in by_source.values()])
