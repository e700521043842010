"""Tables of gains and of integrity, for the terminal and as Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean

from rich.table import Table

from acutance.training.checkpoints.provenance import commit, host_info, versions
from acutance.training.evaluation.markdown import markdown_table
from acutance.training.evaluation.memory.gains import BLIND, Gain
from acutance.training.evaluation.memory.integrity import Integrity

_BELOW = 0.05
"""Loss in dB against the same student without memory from which a pair of clip and setting is named."""


@dataclass(frozen=True)
class Grid:
    """A table: its title, the titles of its columns, and its rows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def rich(self) -> Table:
        """The table for a terminal."""
        table = Table(title=self.title)
        for column in self.columns:
            table.add_column(column, overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        return table

    @property
    def markdown(self) -> str:
        """The table as Markdown, under a heading."""
        return f"## {self.title}\n\n{markdown_table(self.columns, self.rows)}"


def gain_grids(measured: Sequence[Gain], detailed: str) -> list[Grid]:
    """Return a table of the means over clips, one of each clip, and one of the pairs that memory makes worse.

    Args:
        measured: The gains, at least one.
        detailed: Name of the student whose gains are given by clip.
    """
    settings = list(dict.fromkeys(one.setting for one in measured))
    means = [
        [student, memory, *(_mean(_of(measured, student, memory, setting)) for setting in settings)]
        for student, memory in dict.fromkeys((one.student, one.memory) for one in measured)
    ]
    clips = [
        [clip, memory, *(_words(one) for one in measured if (one.clip, one.memory, one.student) == key)]
        for clip, memory in dict.fromkeys((one.clip, one.memory) for one in measured)
        for key in [(clip, memory, detailed)]
    ]
    return [
        Grid("Gain after a drop of the connection, mean of the clips", ["student", "memory", *settings], means),
        Grid(f"Gain of each clip with the student {detailed}", ["clip", "memory", *settings], clips),
        Grid(
            f"Pairs of clip and setting that lose more than {_BELOW} dB with a memory",
            ["student", "memory", "pairs", "worse", "worst, dB"],
            list(_worse(measured)),
        ),
    ]


def integrity_grid(name: str, results: Sequence[Integrity]) -> Grid:
    """Return a row for each changed thing that shows old content, and one for all of them."""
    rows = [[one.thing, one.setting, str(one.places), str(one.old), f"{one.worst:.2f}"] for one in results if one.old]
    places, old = sum(one.places for one in results), sum(one.old for one in results)
    worst = max(one.worst for one in results)
    rows.append(["all", f"{len(results)} scenes and settings", str(places), str(old), f"{worst:.2f}"])
    columns = ["changed", "setting", "changed places", "old content", "largest share of the way to the old scene"]
    return Grid(f"Changed places that show old content: {name}", columns, rows)


def markdown(command: str, grids: Iterable[Grid]) -> str:
    """Return all tables with the command before them, and host, versions, commit and date after them."""
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    foot = f"{host_info()}, {packages}, commit {commit()}, {datetime.now(UTC).date().isoformat()}."
    return "\n".join([f"`{command}`\n", *(grid.markdown for grid in grids), foot, ""])


def _of(measured: Sequence[Gain], student: str, memory: str, setting: str) -> list[Gain]:
    return [one for one in measured if (one.student, one.memory, one.setting) == (student, memory, setting)]


def _worse(measured: Sequence[Gain]) -> Iterable[list[str]]:
    blind = {(one.student, one.setting, one.clip): one.gain for one in measured if one.memory == BLIND}
    for student, memory in dict.fromkeys((one.student, one.memory) for one in measured if one.memory != BLIND):
        own = [one for one in measured if (one.student, one.memory) == (student, memory)]
        added = [one.gain - blind[one.student, one.setting, one.clip] for one in own]
        worse = sum(gain < -_BELOW for gain in added)
        yield [student, memory, str(len(own)), str(worse), f"{min(added):+.2f}"]


def _mean(gains: Sequence[Gain]) -> str:
    """Mean gain in dB, and in JOD if it was measured."""
    jods = [one.jod for one in gains if one.jod is not None]
    return f"{fmean(one.gain for one in gains):+.2f} dB" + (f", {fmean(jods):+.2f} JOD" if jods else "")


def _words(one: Gain) -> str:
    """Gain in dB and JOD; in parentheses PSNR (and JOD) of what arrives and the remembered share."""
    seen = "" if one.jod is None else f", {one.jod:+.2f} JOD"
    before = f"{one.before:.1f} dB" if one.jod_before is None else f"{one.before:.1f} dB, {one.jod_before:.1f} JOD"
    return f"{one.gain:+.2f}{seen} ({before}, {one.share:.0%})"
