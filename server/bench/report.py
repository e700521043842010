"""`acutance bench report`: logs of `acutance bench stream` and `model`, of any machines, as Markdown tables."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import CliPositionalArg

type Run = dict[str, Any]

_STREAM = (
    "clip",
    "size",
    "codec",
    "camera",
    "kbit/s",
    "s",
    "sessions",
    "frames/s",
    "p50 ms",
    "p95 ms",
    "drift ms",
    "SSIM uplink",
    "returned",
    "gain",
    "PSNR gain",
    "enhanced",
    "CPU ms/frame",
)
_RESIZED = (
    "clip",
    "sent at first",
    "then",
    "returned",
    "frames/s",
    "SSIM bicubic",
    "returned",
    "gain",
    "PSNR bicubic",
    "returned",
    "gain",
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
    """A log that cannot be read, or that has nothing to plot; the message says which and where."""


class ReportOptions(BaseModel):
    """Print the runs of one or more logs as Markdown tables, a row each, with the machines below."""

    model_config = ConfigDict(extra="forbid")

    logs: Annotated[CliPositionalArg[list[Path]], Field(description="that `acutance bench` wrote, of any machines")]
    plot: Annotated[Path | None, Field(description="also draw them, into this file (.png or .svg)")] = None


def report(options: ReportOptions) -> None:
    """Print the tables.

    Raises:
        ReportError: a log cannot be read, or the plot cannot be drawn.
    """
    runs = [run for log in options.logs for run in _read(log)]
    print(markdown(runs))
    if options.plot is not None:
        # Imported here: only this needs matplotlib, of the `bench` extra.
        try:
            from acutance.server.bench.plot import plot
        except ImportError:
            raise ReportError("a plot needs matplotlib: pip install 'acutance[bench]'") from None
        plot(runs, options.plot)


def markdown(runs: Sequence[Run]) -> str:
    """Return the tables that these runs fill, and below them what machines and versions they were made with."""
    machines = list(dict.fromkeys(map(machine_of, runs)))
    streams = [run for run in runs if run["benchmark"] == "stream"]
    lines: list[str] = []
    for head, rows in (
        (_STREAM, [(run, _stream_cells(run)) for run in streams]),
        (_RESIZED, [(run, _resized_cells(run)) for run in streams if "after_resize" in run["figures"]]),
        (_SUMMARY, _summary_rows(streams)),
        _model_table([run for run in runs if run["benchmark"] == "model"]),
    ):
        if rows:
            lines += [*_table(head, rows, machines), ""]
    lines += [
        f"{f'Machine {number}: ' if len(machines) > 1 else ''}{machine}; "
        f"{_made_with([run for run in runs if machine_of(run) == machine])}."
        for number, machine in enumerate(machines, 1)
    ]
    return "\n".join(lines)


def machine_of(run: Run) -> str:
    """Return the hardware and system that a run was made on."""
    machine = run["machine"]
    gpu = machine.get("gpu", "none")
    return f"{machine['cpu']}{'' if gpu == 'none' else f', {gpu}'}, {machine['system']}"


def model_rows(run: Run) -> list[dict[str, Any]]:
    """Return the rows of a `bench model` run, parts of a figure (its percentiles) as columns of their own."""
    return [
        {
            name if part is None else f"{name} {part}": figure
            for name, value in row.items()
            for part, figure in (value.items() if isinstance(value, dict) else [(None, value)])
        }
        for row in run["figures"]["rows"]
    ]


def _table(head: Sequence[str], rows: Iterable[tuple[Run, Sequence[str]]], machines: Sequence[str]) -> list[str]:
    """Return a Markdown table; its first column numbers the machine where there is more than one."""
    if len(machines) > 1:
        head = ("machine", *head)
        rows = [(run, (str(1 + machines.index(machine_of(run))), *cells)) for run, cells in rows]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *(cells for _, cells in rows))]
    return [lines[0], "|" + "---|" * len(head), *lines[1:]]


def _model_table(runs: Sequence[Run]) -> tuple[Sequence[str], list[tuple[Run, list[str]]]]:
    rows = [(run, row) for run in runs for row in model_rows(run)]
    head = list(dict.fromkeys(name for _, row in rows for name in row))
    shown = [(run, [_figure(row.get(name)) for name in head]) for run, row in rows]
    return [name.replace("_", " ") for name in head], shown


def _figure(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _summary_rows(streams: Sequence[Run]) -> list[tuple[Run, list[str]]]:
    kinds: dict[tuple[str, ...], list[Run]] = {}
    for run in streams:
        kind = (machine_of(run), *(run["options"][name] for name in ("size", "codec", "camera")))
        kinds.setdefault(kind, []).append(run)
    return [(runs[0], [*kind[1:], *_summary([run["figures"] for run in runs])]) for kind, runs in kinds.items()]


def _summary(runs: list[dict[str, Any]]) -> list[str]:
    gains = [figures["ssim"]["gain"] for figures in runs if isinstance(figures["ssim"], dict)]
    return [
        str(len(runs)),
        f"{min(figures['frame_rate'] for figures in runs):.2f}",
        f"{max(figures['latency_ms']['p95'] for figures in runs):.0f}",
        f"{max(figures['drift_ms'] for figures in runs):+.1f}",
        *([f"{sum(gains) / len(gains):+.4f}", f"{min(gains):+.4f}"] if gains else ["-"] * 2),
    ]


def _read(log: Path) -> list[Run]:
    try:
        runs: list[Run] = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
        for run in runs:
            # Whatever is missing is to be missed here, where the file's name is known.
            machine_of(run), _made_with([run])
            if run["benchmark"] == "stream":
                _stream_cells(run), _resized_cells(run)
            else:
                model_rows(run)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(f"{log} is not a log of `acutance bench`: {error!r}") from error
    return runs


def _stream_cells(run: Run) -> list[str]:
    options, figures = run["options"], run["figures"]
    cpu = figures["server_cpu_ms_per_frame"]
    share = figures.get("server_said", {}).get("enhanced_share")
    sessions = figures.get("sessions", [figures])
    return [
        _clip(options),
        options["size"],
        options["codec"],
        options["camera"],
        f"{options['uplink'] / 1000:.0f}",
        str(options["seconds"]),
        f"{sum('refused' not in session for session in sessions)} of {len(sessions)}",
        f"{figures['frame_rate']:.2f}",
        f"{figures['latency_ms']['p50']:.0f}",
        f"{figures['latency_ms']['p95']:.0f}",
        f"{figures['drift_ms']:+.1f}",
        *_three(figures["ssim"], "uplink", 4),
        _three(figures.get("psnr_y"), "uplink", 2)[-1],
        "-" if share is None else f"{share:.0%}",
        "-" if cpu is None else f"{cpu:.1f}",
    ]


def _resized_cells(run: Run) -> list[str]:
    options, figures = run["options"], run["figures"].get("after_resize")
    if figures is None:
        return []
    return [
        _clip(options),
        options["size"],
        options["resize"].partition("@")[0],
        ", ".join(figures["returned_sizes"]),
        f"{figures['frame_rate']:.2f}",
        *_three(figures["ssim"], "bicubic", 4),
        *_three(figures.get("psnr_y"), "bicubic", 2),
    ]


def _clip(options: dict[str, Any]) -> str:
    return Path(options["clip"]).stem if options["clip"] else "testsrc2"


def _three(figures: object, before: str, digits: int) -> list[str]:
    """Return before, after and gain; dashes where it was not measured."""
    if not isinstance(figures, dict):
        return ["-"] * 3
    return [
        f"{figures[before]:.{digits}f}",
        f"{figures['returned']:.{digits}f}",
        f"{figures['gain']:+.{digits}f}",
    ]


def _made_with(runs: Sequence[Run]) -> str:
    machines = [run["machine"] for run in runs]
    versions = [
        f"{name} {'/'.join(dict.fromkeys(machine[name] for machine in machines))}"
        for name in ("python", "aiortc", "av", "onnxruntime")
    ]
    servers = [run["server"] for run in runs if run["benchmark"] == "stream"]
    students = dict.fromkeys(f"{server['student']} on {server['provider']}" for server in servers)
    made = dict.fromkeys(f"commit {machine['commit']}, {machine['date']}" for machine in machines)
    return "; ".join([", ".join(versions), *(f"best student {student}" for student in students), *made])
