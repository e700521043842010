"""The judgement of a round trip: the student's gain and the second encoding's loss, as two columns."""

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.table import Table

from acutance.server.bench.errors import BenchError
from acutance.server.bench.judge.compare import Comparison, compare
from acutance.server.bench.judge.frame_sets import COLUMNS, REFERENCE, frame_sets
from acutance.server.bench.judge.regimes import Regime, regimes, write
from acutance.server.bench.material import Material
from acutance.server.bench.peers.round_trip import Trip

HEAD = ("arrived", "encoded again", "returned", "second encoding", "student")
"""Titles of the columns: the three videos, then encoded again minus arrived, and returned minus encoded again."""


def judge(clip: Path | None, material: Material, trip: Trip, most: int, keep: Path | None) -> dict[str, Any]:
    """Return the measures of each regime of a round trip.

    Args:
        clip: of the material; see `prepare`.
        material: that was sent.
        trip: with its coded frames.
        most: number of judged frames of each regime.
        keep: folder in which the compared videos stay; None for none.

    Raises:
        BenchError: too few frames were returned, or the measures cannot be computed.
    """
    plan = material.plan
    with nullcontext(keep) if keep else tempfile.TemporaryDirectory(prefix="acutance-judge-") as folder:
        sets = frame_sets(clip, plan, material.packets, trip)
        compared = [(part, _compared(part)) for part in write(regimes(plan, most), sets, plan, Path(folder))]
    return {
        "protocol": compared[0][1]["returned"].protocol,
        "regimes": {part.name: _figures(part, columns, plan.rate) for part, columns in compared},
    }


def check_folder(folder: Path) -> None:
    """Check, before a run, that the compared videos can be kept in a folder; it is created if necessary.

    Raises:
        BenchError: they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BenchError(f"cannot keep videos in {folder}: {error.strerror or error}") from error


def table(judged: dict[str, Any]) -> Table:
    """Return the measures as a table: a row for each regime and measure."""
    shown = Table("regime", "measure", title="judged against the pristine frames")
    for title in HEAD:
        shown.add_column(title, justify="right")
    for cells in rows(judged):
        shown.add_row(*cells)
    return shown


def rows(judged: dict[str, Any]) -> list[list[str]]:
    """Return the cells of each row: regime with its number of frames, measure, and the columns of `HEAD`.

    Raises:
        KeyError, TypeError, AttributeError: the argument is not a result of `judge`.
    """
    found = []
    for name, part in judged["regimes"].items():
        regime = f"{name.replace('_', ' ')}, {part['frames']} frames"
        found.append([regime, "kbit/s", *(f"{part['kbps'][column]:.0f}" for column in COLUMNS), "", ""])
        for measure, values in part["figures"].items():
            differences = (f"{values[name]:+.2g}" for name in ("second_encoding", "student"))
            found.append([regime, measure, *(f"{values[column]:.4g}" for column in COLUMNS), *differences])
    return found


def _compared(part: Regime) -> dict[str, Comparison]:
    return dict(zip(COLUMNS, compare(part.files[REFERENCE], [part.files[name] for name in COLUMNS]), strict=True))


def _figures(part: Regime, columns: dict[str, Comparison], rate: int) -> dict[str, Any]:
    return {
        "frames": part.frames,
        "kbps": {name: round(8 * size * rate / part.frames / 1000, 1) for name, size in part.bytes.items()},
        "figures": {
            measure: _differences([columns[name].figures[measure] for name in COLUMNS])
            for measure in columns["returned"].figures
            if all(measure in column.figures for column in columns.values())
        },
    }


def _differences(values: Sequence[float]) -> dict[str, float]:
    """Return the value of each column, the loss of the second encoding and the gain of the student."""
    arrived, again, returned = values
    found = {**dict(zip(COLUMNS, values, strict=True)), "second_encoding": again - arrived, "student": returned - again}
    return {name: round(value, 5) for name, value in found.items()}
