"""`acutance bench report`: the runs that `acutance bench stream --log` wrote, as one Markdown table."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import CliPositionalArg

_COLUMNS = (
    "clip",
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
    """Return a table with a row for each run, and what machine and versions the runs were made on."""
    rows, made_on = [], []
    for run in runs:
        rows.append(_cells(run))
        line = _made_on(run)
        if line not in made_on:
            made_on.append(line)
    head = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    body = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([*head, *body, "", *made_on])


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
        f"{options['size']} at {options['rate']} frames/s, uplink {options['uplink']} bit/s, client and server on one "
        f"machine: {machine['cpu']}, {machine['system']}; {versions}; student {server['student']} on "
        f"{server['provider']}; commit {machine['commit']}, {machine['date']}."
    )
