"""`acutance bench model`: the time of each student per frame on this host, compared with the host's limits."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.table import Column, Table

from acutance.model.engine import catalog
from acutance.model.engine.engine import Engine
from acutance.model.processors import usable_threads
from acutance.server.bench import log, roofline
from acutance.server.bench.errors import BenchError
from acutance.server.telemetry import host_info

_WIDTH = 180  # columns of a table in a file or a pipe, which has no width of its own
_WARM_UP = 3  # runs in which buffers are allocated and CUDA chooses its algorithms
SizeText = Annotated[str, Field(pattern=r"^\d+x\d+$")]


class ModelOptions(BaseModel):
    """Measure each student: milliseconds and frames/s by size, provider and threads, and the limits of this host.

    Matrix products measure the limit of arithmetic, copies the limit of memory.
    """

    model_config = ConfigDict(extra="forbid")

    student: Annotated[
        list[str], Field(description="a shipped student or an .onnx file; repeatable; default: all shipped students")
    ] = []
    size: Annotated[list[SizeText], Field(description="frame size as WIDTHxHEIGHT; repeatable", min_length=1)] = [
        "640x360",
        "1280x720",
        "1920x1080",
        "3840x2160",
    ]
    provider: Annotated[
        list[Literal["tensorrt", "cuda", "cpu"]],
        Field(description="execution provider; repeatable; one that does not run here is reported", min_length=1),
    ] = ["cuda", "cpu"]
    threads: Annotated[
        list[int], Field(description="threads of one inference on the CPU; repeatable; default: one, and all")
    ] = []
    calls: Annotated[
        list[Annotated[int, Field(ge=1, le=64)]],
        Field(description="simultaneous inferences, like so many sessions; repeatable", min_length=1),
    ] = [1]
    seconds: Annotated[float, Field(gt=0, le=60, description="duration of each measurement, in seconds")] = 1.0
    log: Annotated[Path | None, Field(description="file to which the figures are appended, as one line of JSON")] = None


def model(options: ModelOptions) -> None:
    """Run the benchmark and print its table.

    Raises:
        BenchError: none of the providers runs here, or an extra is missing.
        EngineError: a student cannot be opened.
    """
    if options.log is not None:
        log.check_writable(options.log)
    try:
        limits = {threads: roofline.measure(threads) for threads in _thread_counts(options)}
    except ImportError:
        raise BenchError("measuring the machine's limits needs threadpoolctl: pip install 'acutance[bench]'") from None
    rows: list[dict[str, Any]] = []
    notes: dict[str, str] = {}
    for provider in options.provider:
        for threads in _thread_counts(options) if provider == "cpu" else [0]:
            for name in options.student or list(catalog.shipped()):
                engine = Engine.open(name, provider, threads)
                if engine.provider.lower() != provider:
                    notes[provider] = engine.note or "it does not run here"
                    break
                rows += [
                    _row(engine, size, threads, calls, options.seconds, limits.get(threads))
                    for size in options.size
                    for calls in options.calls
                ]
    if not rows:
        raise BenchError(f"none of the providers {', '.join(options.provider)} runs here: {'; '.join(notes.values())}")
    report = {
        "benchmark": "model",
        "options": options.model_dump(mode="json", exclude={"log"}),
        "host": host_info.describe(),
        "figures": {
            "limits": [
                {"threads": n, "gflop/s": round(limit.flops / 1e9, 1), "GB/s": round(limit.bandwidth / 1e9, 1)}
                for n, limit in limits.items()
            ],
            "rows": rows,
        },
    }
    _print(report, notes)
    if options.log is not None:
        log.append(options.log, report)


def _thread_counts(options: ModelOptions) -> list[int]:
    return options.threads or sorted({1, usable_threads()})


def _row(
    engine: Engine, size: str, threads: int, calls: int, seconds: float, limit: roofline.Roofline | None
) -> dict[str, Any]:
    width, height = (int(side) for side in size.split("x"))
    with ThreadPoolExecutor(calls) as pool:

        def together(duration: float) -> list[list[float]]:
            return list(pool.map(lambda _: _times(engine, width, height, duration), range(calls)))

        together(0 if calls == 1 else seconds / 4)  # allocates buffers for each batch size
        times = together(seconds)
    student = engine.student
    row: dict[str, Any] = {
        "student": student.name,
        "size": size,
        "provider": engine.provider,
        "threads": threads or None,
        "calls at once": calls,
        **timing(times),
    }
    if calls > 1 or limit is None or student.mac_per_pixel is None or student.bytes_per_pixel is None:
        return row
    pixels = width * height
    arithmetic, memory = limit.floor(student.mac_per_pixel * pixels, student.bytes_per_pixel * pixels)
    return row | {
        "arithmetic floor ms": round(arithmetic * 1000, 2),
        "memory floor ms": round(memory * 1000, 2),
        "% of the limit": round(100 * max(arithmetic, memory) * 1000 / row["ms"]["p50"]),
        "bound by": "arithmetic" if arithmetic > memory else "memory",
    }


def timing(times: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Return the number of runs, percentiles in milliseconds, and frames/s of all calls together.

    Args:
        times: seconds of each run, by call.
    """
    p50, p95, p99 = np.percentile(np.concatenate(times) * 1000, (50, 95, 99))
    return {
        "runs": sum(map(len, times)),
        "ms": {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "p99": round(float(p99), 2)},
        "frames/s": round(sum(1 / float(np.mean(call)) for call in times), 1),
    }


def _times(engine: Engine, width: int, height: int, seconds: float) -> list[float]:
    luma = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    out = np.empty_like(luma)
    for _ in range(_WARM_UP):
        engine.sharpen(luma, out)
    times: list[float] = []
    end = perf_counter() + seconds
    while not times or perf_counter() < end:
        begun = perf_counter()
        engine.sharpen(luma, out)
        times.append(perf_counter() - begun)
    return times


def _print(report: dict[str, Any], notes: dict[str, str]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    rows = report["figures"]["rows"]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(
        *(Column(name, overflow="fold") for name in columns),
        title=f"milliseconds per frame: {report['host']['cpu']}",
    )
    for row in rows:
        table.add_row(*(_shown(row.get(name)) for name in columns))
    console.print(table)
    for limit in report["figures"]["limits"]:
        console.print(f"{limit['threads']} thread(s): {limit['gflop/s']} GFLOP/s, {limit['GB/s']} GB/s")
    for provider, note in notes.items():
        console.print(f"{provider}: {note}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return " / ".join(str(part) for part in value.values())
    return "" if value is None else str(value)
