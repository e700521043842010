"""The log of the benchmarks: one line of JSON for each run, appended by `--log`."""

import json
from pathlib import Path
from typing import Any

from acutance.server.bench.errors import BenchError

type Run = dict[str, Any]


class LogError(BenchError):
    """A log that cannot be read or written; the message names it and says why."""


def check_writable(log: Path) -> None:
    """Check, before a run of minutes, that `append` can write.

    Raises:
        LogError: the log cannot be written.
    """
    try:
        log.open("a", encoding="utf-8").close()
    except OSError as error:
        raise LogError(f"cannot write to {log}: {error.strerror or error}") from error


def append(log: Path, run: Run) -> None:
    """Append a run to a log, which is created if necessary.

    Raises:
        LogError: it cannot be written.
    """
    try:
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(run) + "\n")
    except OSError as error:
        raise LogError(f"cannot write to {log}: {error.strerror or error}") from error


def read(log: Path) -> list[Run]:
    """Return the runs in a log.

    Raises:
        LogError: the log cannot be read, or a line is not a run.
    """
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
        runs = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise LogError(f"cannot read {log}: {error}") from error
    if not all(isinstance(run, dict) and "benchmark" in run for run in runs):
        raise LogError(f"{log} is not a log of `acutance bench`: a line is no JSON object with a benchmark")
    return runs


def host_of(run: Run) -> str:
    """Return the hardware and the operating system of a run."""
    host = run["host"]
    gpu = host.get("gpu", "none")
    return f"{host['cpu']}{'' if gpu == 'none' else f', {gpu}'}, {host['system']}"


def model_rows(run: Run) -> list[dict[str, Any]]:
    """Return the rows of a `bench model` run, with each percentile in its own column."""
    return [
        {
            name if part is None else f"{name} {part}": figure
            for name, value in row.items()
            for part, figure in (value.items() if isinstance(value, dict) else [(None, value)])
        }
        for row in run["figures"]["rows"]
    ]
