"""Tables of judged clips, on a terminal and in Markdown, all made from the results that the JSON file holds."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from statistics import fmean

from rich.console import Console

from acutance.training.checkpoints.provenance import commit, host_info, versions
from acutance.training.evaluation.bootstrap import INTERVAL_KIND, Estimate
from acutance.training.evaluation.clips.settings import REGIMES_KIND, ClipPlan
from acutance.training.evaluation.clips.summary import HARM, INPUT, Summary, gain, setting_name, summaries
from acutance.training.evaluation.grid import Grid
from acutance.training.evaluation.methods.linear import LINEAR_KIND
from acutance.training.evaluation.methods.unsharp import UNSHARP_KIND
from acutance.training.judge.judge import MEASURES, protocol
from acutance.training.judge.results import Judged, Results


def results(rows: Sequence[Judged], plan: ClipPlan) -> Results:
    """The results of a judgement with its command, protocol, host, versions, commit and date."""
    most = f"; at most {plan.frames} frames of a regime, from its start" if plan.frames else ""
    about = {
        "command": shlex.join(["acutance-train", *sys.argv[1:]]),
        "protocol": f"{protocol(plan.measures, plan.options)}; {REGIMES_KIND}{most}; {UNSHARP_KIND}; {LINEAR_KIND}",
        "machine": host_info(),
        "versions": versions(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    return Results(rows, about)


def show(console: Console, found: Results) -> None:
    """Print every table and the footnote."""
    for grid in grids(found.rows):
        grid.show(console)
    console.print(footnote(found), highlight=False, markup=False, soft_wrap=True)


def markdown(found: Results) -> str:
    """Every table and the footnote as Markdown."""
    methods = ", ".join(dict.fromkeys(row.method for row in found.rows))
    tables = [grid.markdown for grid in grids(found.rows)]
    return "\n".join([f"# {methods}\n", f"`{found.about['command']}`\n", *tables, footnote(found), ""])


def grids(rows: Sequence[Judged]) -> Iterator[Grid]:
    """For each set, size and regime: means over clips, and gains and harm by clip."""
    for title, part in _parts(rows):
        found = summaries(part)
        yield Grid(
            f"{title}: what arrived, and gains over it [95 %]",
            _columns(found),
            [_line(one, _measures(found)) for one in found],
        )
        if len({row.method for row in part}) > 1:
            yield _by_clip(title, part)


def footnote(found: Results) -> str:
    """Protocol, host, versions, commit and date."""
    about = found.about
    packages = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    return (
        f"A clip is harmed if its PSNR of luma falls by more than {HARM} dB; means over clips, of several settings by "
        f"clip first; {INTERVAL_KIND}. Protocol: {about['protocol']}. "
        f"Measured on {about['machine']}, {packages}, commit {about['commit']}, {about['date']}."
    )


def _parts(rows: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    for of, size, regime in dict.fromkeys((row.set, row.size, row.regime) for row in rows):
        part = [row for row in rows if (row.set, row.size, row.regime) == (of, size, regime)]
        yield f"{of}, {size}, {regime.replace('_', ' ')}", part


def _columns(found: Sequence[Summary]) -> list[str]:
    return ["setting", "kbit/s", "method", *(MEASURES[name].title for name in _measures(found)), "harmed", "worst, dB"]


def _measures(found: Sequence[Summary]) -> list[str]:
    return [name for name in MEASURES if any(name in one.figures for one in found)]


def _line(one: Summary, measures: Sequence[str]) -> list[str]:
    cells = [one.setting, f"{one.kbps:.0f}", one.method]
    for name in measures:
        digits = MEASURES[name].decimals
        if name not in one.figures:
            cells.append("")
        elif one.method == INPUT:
            cells.append(f"{one.figures[name].mean:.{digits}f}")
        else:
            cells.append(_interval(one.gains[name], digits))
    if one.harm is None or one.method == INPUT:
        return [*cells, "", ""]
    lost = f"-{one.harm.worst:.2f} ({_short(one.harm.clip)})" if one.harm.worst >= 0.005 else "none"
    return [*cells, f"{one.harm.harmed} of {one.harm.pairs}", lost]


def _interval(change: Estimate, digits: int) -> str:
    if change.low == change.high == 0:
        return "0"
    return f"{change.mean:+.{digits}f} [{change.low:+.{digits}f}, {change.high:+.{digits}f}]"


def _by_clip(title: str, rows: Sequence[Judged]) -> Grid:
    """Gains by clip: the mean over the settings, and the least gain in PSNR of luma in any of them."""
    shown = [name for name in ("jod", "vmaf_neg", "psnr_y") if all(name in row.figures for row in rows)]
    before = {(row.clip, setting_name(row)): row for row in rows if row.method == INPUT}
    methods = [name for name in dict.fromkeys(row.method for row in rows) if name != INPUT]
    lines = []
    for clip in dict.fromkeys(row.clip for row in rows):
        line = [_short(clip)]
        for method in methods:
            of = [(row, before[clip, setting_name(row)]) for row in rows if (row.clip, row.method) == (clip, method)]
            changes = {
                m: [change for row, arrived in of if (change := gain(row, arrived, m)) is not None] for m in shown
            }
            cells = [f"{fmean(values):+.{MEASURES[m].decimals}f}" for m, values in changes.items()]
            if "psnr_y" in shown:
                cells[-1] += f" ({min(changes['psnr_y']):+.2f})"
            line.append(" / ".join(cells))
        lines.append(line)
    titles = " / ".join(MEASURES[name].title for name in shown)
    return Grid(f"{title}, by clip: mean gain in {titles} (least in any setting)", ["clip", *methods], lines)


def _short(clip: str) -> str:
    return clip.partition("-")[2].rpartition(".")[0] or clip
