"""`acutance bench report`: logs of `acutance bench stream` and `model`, from any machines, as Markdown tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import CliPositionalArg

from acutance.server.bench.errors import BenchError
from acutance.server.bench.judge import judgement
from acutance.server.bench.log import LogError, Run, host_of, model_rows, read
from acutance.server.markdown import table

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
_JUDGED = ("clip", "size", "codec", "kbit/s", "student", "regime", "measure", *judgement.HEAD)
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


class ReportOptions(BaseModel):
    """Print the runs of one or more logs as Markdown tables, one row for each run, with the machines below."""

    model_config = ConfigDict(extra="forbid")

    logs: Annotated[CliPositionalArg[list[Path]], Field(description="logs of `acutance bench`, from any machines")]
    plot: Annotated[Path | None, Field(description="file (.png or .svg) for a plot of the runs")] = None


def report(options: ReportOptions) -> None:
    """Print the tables.

    Raises:
        BenchError: a log cannot be read, or the plot cannot be drawn.
    """
    runs = [run for log in options.logs for run in _checked(log)]
    print(markdown(runs))
    if options.plot is not None:
        # Imported here: only this needs matplotlib, of the `bench` extra.
        try:
            from acutance.server.bench.plot import plot
        except ImportError:
            raise BenchError("a plot needs matplotlib: pip install 'acutance[bench]'") from None
        plot(runs, options.plot)


def markdown(runs: Sequence[Run]) -> str:
    """Return the tables of these runs, and below them their machines and versions."""
    hosts = list(dict.fromkeys(map(host_of, runs)))
    streams = [run for run in runs if run["benchmark"] == "stream"]
    lines: list[str] = []
    for head, rows in (
        (_STREAM, [(run, _stream_cells(run)) for run in streams]),
        (_RESIZED, [(run, _resized_cells(run)) for run in streams if "after_resize" in run["figures"]]),
        (_JUDGED, [(run, cells) for run in streams for cells in _judged_rows(run)]),
        (_SUMMARY, _summary_rows(streams)),
        _model_table([run for run in runs if run["benchmark"] == "model"]),
    ):
        if rows:
            lines += [_table(head, rows, hosts), ""]
    lines += [
        f"{f'Host {number}: ' if len(hosts) > 1 else ''}{host}; "
        f"{_versions([run for run in runs if host_of(run) == host])}."
        for number, host in enumerate(hosts, 1)
    ]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Iterable[tuple[Run, Sequence[str]]], hosts: Sequence[str]) -> str:
    """Return a Markdown table; with several hosts, its first column is the number of the host."""
    if len(hosts) == 1:
        return table(head, [cells for _, cells in rows])
    return table(("host", *head), [(1 + hosts.index(host_of(run)), *cells) for run, cells in rows])


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
        kind = (host_of(run), *(run["options"][name] for name in ("size", "codec", "camera")))
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


def _checked(log: Path) -> list[Run]:
    """Read a log and check all its figures, so that an error names the file."""
    runs = read(log)
    try:
        for run in runs:
            host_of(run), _versions([run])
            if run["benchmark"] == "stream":
                _stream_cells(run), _resized_cells(run), _judged_rows(run)
            elif run["benchmark"] == "model":
                model_rows(run)
            else:
                raise LogError(f"{log} has runs of `bench {run['benchmark']}`, for which there is no table")
    except (KeyError, TypeError, AttributeError) as error:
        raise LogError(f"{log} is not a log of `acutance bench`: {error!r}") from error
    return runs


def _stream_cells(run: Run) -> list[str]:
    options, figures = run["options"], run["figures"]
    cpu = figures["server_cpu_ms_per_frame"]
    share = figures.get("server_statistics", {}).get("enhanced_share")
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
        *_compared(figures["ssim"], "uplink", 4),
        _compared(figures.get("psnr_y"), "uplink", 2)[-1],
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
        *_compared(figures["ssim"], "bicubic", 4),
        *_compared(figures.get("psnr_y"), "bicubic", 2),
    ]


def _judged_rows(run: Run) -> list[list[str]]:
    options, figures = run["options"], run["figures"]
    if "judge" not in figures:
        return []
    student = figures.get("server_statistics", {}).get("student", "-")
    about = [_clip(options), options["size"], options["codec"], f"{options['uplink'] / 1000:.0f}", str(student)]
    return [[*about, *cells] for cells in judgement.rows(figures["judge"])]


def _clip(options: dict[str, Any]) -> str:
    return Path(options["clip"]).stem if options["clip"] else "testsrc2"


def _compared(figures: object, baseline: str, digits: int) -> list[str]:
    """Return baseline, returned and gain as text; dashes if they were not measured."""
    if not isinstance(figures, dict):
        return ["-"] * 3
    return [
        f"{figures[baseline]:.{digits}f}",
        f"{figures['returned']:.{digits}f}",
        f"{figures['gain']:+.{digits}f}",
    ]


def _versions(runs: Sequence[Run]) -> str:
    hosts = [run["host"] for run in runs]
    versions = [
        f"{name} {'/'.join(dict.fromkeys(host[name] for host in hosts))}"
        for name in ("python", "aiortc", "av", "onnxruntime")
    ]
    servers = [run["server"] for run in runs if run["benchmark"] == "stream"]
    students = dict.fromkeys(f"{server['student']} on {server['provider']}" for server in servers)
    made = dict.fromkeys(f"commit {host['commit']}, {host['date']}" for host in hosts)
    return "; ".join([", ".join(versions), *(f"best student {student}" for student in students), *made])
