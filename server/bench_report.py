"""`acutance bench report`: the runs that `acutance bench stream --log` wrote, as one Markdown table."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import CliPositionalArg

_COLUMNS = (
    "clip",
    "size",
    "codec",
    "camera",
    "s",
    "frames/s",
    "p50 ms",
    "p95 ms",
    "drift ms",
    "SSIM uplink",
    "returned",
    "gain",
    "server CPU ms/frame",
)


_SUMMARY = (
    "size",
    "codec",
    "camera",
    "runs",
    "least frames/s",
    "worst p95 ms",
    "worst drift ms",
    "mean gain",
    "least gain",
)


class ReportError(ValueError):
    """A log that cannot be read; the message says which and where."""


class ReportOptions(BaseModel):
    """Print the runs of one or more logs as a Markdown table, a row each, with the machine below."""

    model_config = ConfigDict(extra="forbid")

    logs: Annotated[CliPositionalArg[list[Path]], Field(description="files that `bench stream --log` wrote")]


def report(options: ReportOptions) -> None:
    """Print the table.

    Raises:
        ReportError: a log cannot be read.
    """
    print(markdown([run for log in options.logs for run in _read(log)]))


def markdown(runs: Iterable[dict[str, Any]]) -> str:
    """Return a row for each run, a row for each kind of run, and what machine and versions they were made on."""
    rows, made_on = [], []
    kinds: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for run in runs:
        rows.append(_cells(run))
        options = run["options"]
        kinds.setdefault((options["size"], options["codec"], options["camera"]), []).append(run["figures"])
        line = _made_on(run)
        if line not in made_on:
            made_on.append(line)
    summary = [[*kind, *_summary(figures)] for kind, figures in kinds.items()]
    return "\n".join([*_table(_COLUMNS, rows), "", *_table(_SUMMARY, summary), "", *made_on])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return [lines[0], "|" + "---|" * len(head), *lines[1:]]


def _summary(runs: list[dict[str, Any]]) -> list[str]:
    gains = [figures["ssim"]["gain"] for figures in runs if isinstance(figures["ssim"], dict)]
    return [
        str(len(runs)),
        f"{min(figures['frame_rate'] for figures in runs):.2f}",
        f"{max(figures['latency_ms']['p95'] for figures in runs):.0f}",
        f"{max(figures['drift_ms'] for figures in runs):+.1f}",
        *([f"{sum(gains) / len(gains):+.4f}", f"{min(gains):+.4f}"] if gains else ["-"] * 2),
    ]


def _read(log: Path) -> list[dict[str, Any]]:
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
        runs = [json.loads(line) for line in lines if line.strip()]
        for run in runs:
            _cells(run)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{log} is not a log of `acutance bench stream --log`: {error!r}") from error
    return runs


def _cells(run: dict[str, Any]) -> list[str]:
    options, figures = run["options"], run["figures"]
    ssim = figures["ssim"] if isinstance(figures["ssim"], dict) else None
    cpu = figures["server_cpu_ms_per_frame"]
    return [
        Path(options["clip"]).stem if options["clip"] else "testsrc2",
        options["size"],
        options["codec"],
        options["camera"],
        str(options["seconds"]),
        f"{figures['frame_rate']:.2f}",
        f"{figures['latency_ms']['p50']:.0f}",
        f"{figures['latency_ms']['p95']:.0f}",
        f"{figures['drift_ms']:+.1f}",
        *([f"{ssim['uplink']:.4f}", f"{ssim['returned']:.4f}", f"{ssim['gain']:+.4f}"] if ssim else ["-"] * 3),
        "-" if cpu is None else f"{cpu:.1f}",
    ]


def _made_on(run: dict[str, Any]) -> str:
    machine, server, options = run["machine"], run["server"], run["options"]
    versions = ", ".join(f"{name} {machine[name]}" for name in ("python", "aiortc", "av", "onnxruntime"))
    return (
        f"{options['rate']} frames/s, uplink {options['uplink']} bit/s, client and server on one "
        f"machine: {machine['cpu']}, {machine['system']}; {versions}; student {server['student']} on "
        f"{server['provider']}; commit {machine['commit']}, {machine['date']}."
    )
