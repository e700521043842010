"""Summaries of judged clips: means with 95 % intervals over clips, gains over what arrived, and harm."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from acutance.training.evaluation.bootstrap import Estimate, estimate
from acutance.training.judge.results import Judged

INPUT = "input"
HARM = 0.02
"""Loss of luma PSNR in dB above which a clip counts as harmed."""
ALL = "all settings"


@dataclass(frozen=True)
class Harm:
    """The pairs of clip and setting with a lower PSNR of luma than what arrived.

    Attributes:
        pairs: Number of pairs of clip and setting.
        harmed: Number of pairs that lose more than `HARM` dB.
        worst: Largest loss in dB, 0 if nothing is lost.
        clip: The clip with that loss.
    """

    pairs: int
    harmed: int
    worst: float
    clip: str


@dataclass(frozen=True)
class Summary:
    """One method in one setting, or in the mean over settings, over the clips of a set.

    Attributes:
        setting: Codec and bits, or `ALL`.
        method: Name of the method.
        clips: Number of clips.
        kbps: Mean bit rate in kbit/s that was sent.
        figures: Means by the name of a measure.
        gains: Mean differences from the input by the name of a measure.
        harm: None if PSNR of luma was not measured.
    """

    setting: str
    method: str
    clips: int
    kbps: float
    figures: dict[str, Estimate]
    gains: dict[str, Estimate]
    harm: Harm | None


def setting_name(row: Judged) -> str:
    """Codec and bits of a row."""
    return f"{row.codec} {row.bits:g}"


def summaries(rows: Sequence[Judged]) -> list[Summary]:
    """Summarise rows of one set, regime and size: every setting, then the mean over settings if there are several.

    The row of the method `input` must be among those of each clip and setting.
    """
    settings = list(dict.fromkeys(setting_name(row) for row in sorted(rows, key=lambda row: (row.codec, row.bits))))
    before = {(row.clip, setting_name(row)): row for row in rows if row.method == INPUT}
    found = []
    for setting in (*settings, *((ALL,) if len(settings) > 1 else ())):
        part = [row for row in rows if setting in (ALL, setting_name(row))]
        for method in dict.fromkeys(row.method for row in part):
            pairs = [(row, before[row.clip, setting_name(row)]) for row in part if row.method == method]
            found.append(_summary(setting, method, pairs))
    return found


def gain(row: Judged, arrived: Judged, measure: str) -> float | None:
    """Difference of a figure from that of the input; None where either is absent."""
    if measure not in row.figures or measure not in arrived.figures:
        return None
    return row.figures[measure] - arrived.figures[measure]


def _summary(setting: str, method: str, pairs: Sequence[tuple[Judged, Judged]]) -> Summary:
    measures = dict.fromkeys(name for row, _ in pairs for name in row.figures)
    figures = {m: _mean((row.clip, row.figures.get(m)) for row, _ in pairs) for m in measures}
    gains = {m: _mean((row.clip, gain(row, arrived, m)) for row, arrived in pairs) for m in measures}
    clips = len({row.clip for row, _ in pairs})
    return Summary(setting, method, clips, fmean(row.kbps for row, _ in pairs), figures, gains, _harm(pairs))


def _harm(pairs: Sequence[tuple[Judged, Judged]]) -> Harm | None:
    gains = [(change, row.clip) for row, arrived in pairs if (change := gain(row, arrived, "psnr_y")) is not None]
    if not gains:
        return None
    least, clip = min(gains)
    return Harm(len(gains), sum(change < -HARM for change, _ in gains), max(-least, 0.0), clip)


def _mean(figures: Iterable[tuple[str, float | None]]) -> Estimate:
    """Average first over the settings of each clip: the statistical sample consists of clips."""
    by_clip: dict[str, list[float]] = defaultdict(list)
    for clip, figure in figures:
        if figure is not None:
            by_clip[clip].append(figure)
    return estimate([fmean(values) for values in by_clip.values()])
