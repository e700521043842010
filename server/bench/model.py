"""`acutance bench model`: the time of each student per frame on this host, compared with the host's limits."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.table import Column, Table

from acutance.model.engine import catalog, openvino_runtime, providers
from acutance.model.engine.engine import Engine
from acutance.model.engine.providers import Request
from acutance.model.engine.sharpener import Sharpener
from acutance.model.memory.opening import with_gate
from acutance.model.planes import Chroma
from acutance.model.processors import usable_threads
from acutance.server.bench import log, roofline
from acutance.server.bench.errors import BenchError
from acutance.server.telemetry import host_info

_WIDTH = 180  # columns of a table in a file or a pipe, which has no width of its own
_TURNS = 4  # parts of each measurement
_FEATURE_BYTES = {"f32": 4, "bf16": 2}
_WARM_UP = 3  # runs in which buffers are allocated and CUDA chooses its algorithms
SizeText = Annotated[str, Field(pattern=r"^\d+x\d+$")]


class ModelOptions(BaseModel):
    """Measure each student: milliseconds and frames/s by size, provider and threads, and the limits of this host.

    Matrix products measure the limit of arithmetic, copies the limit of memory. Providers on the CPU are measured in
    turns.
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
        list[Literal["tensorrt", "cuda", "cpu", "openvino", "openvino-bf16"]],
        Field(description="execution provider; repeatable; one that does not run here is reported", min_length=1),
    ] = ["cuda", "cpu", "openvino", "openvino-bf16"]
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
        limits = _limits(options)
    except ImportError:
        raise BenchError("measuring the machine's limits needs threadpoolctl: pip install 'acutance[bench]'") from None
    rows: list[dict[str, Any]] = []
    notes: dict[str, str] = {}
    for threads in [*([0] * any(map(_on_gpu, options.provider))), *_thread_counts(options)]:
        for name in options.student or list(catalog.shipped()):
            engines = _opened(name, [one for one in options.provider if _on_gpu(one) == (threads == 0)], threads, notes)
            for size in options.size:
                for calls in options.calls:
                    rows += _rows(engines, size, threads, calls, options.seconds, limits)
    if not rows:
        raise BenchError(f"none of the providers {', '.join(options.provider)} runs here: {'; '.join(notes.values())}")
    report = {
        "benchmark": "model",
        "options": options.model_dump(mode="json", exclude={"log"}),
        "host": host_info.describe(),
        "figures": {
            "limits": [
                {
                    "threads": limit.threads,
                    "precision": precision,
                    "gflop/s": round(limit.flops / 1e9, 1),
                    "GB/s": round(limit.bandwidth / 1e9, 1),
                }
                for (_, precision), limit in limits.items()
            ],
            "rows": rows,
        },
    }
    _print(report, notes)
    if options.log is not None:
        log.append(options.log, report)


def _thread_counts(options: ModelOptions) -> list[int]:
    return options.threads or sorted({1, usable_threads()})


def _on_gpu(provider: str) -> bool:
    return provider in ("tensorrt", "cuda")


def _limits(options: ModelOptions) -> dict[tuple[int, str], roofline.Roofline]:
    """Return the limits by threads and precision; without bf16 where it is not asked for or does not run."""
    limits = {}
    for threads in _thread_counts(options):
        limits[threads, "f32"] = roofline.measure(threads)
        if "openvino-bf16" in options.provider and openvino_runtime.installed():
            limits[threads, "bf16"] = roofline.with_bf16(limits[threads, "f32"])
    return limits


def _opened(name: str, wanted: Sequence[Request], threads: int, notes: dict[str, str]) -> list[Sharpener]:
    """Open a student on each provider, and note why one does not run here."""
    engines: list[Sharpener] = []
    for provider in wanted:
        engine = Engine.open(name, provider, threads)
        if engine.provider.lower().replace(" ", "-") == provider:
            engines.append(with_gate(engine))
        else:
            notes[f"{name} on {provider}"] = engine.note or "it does not run here"
    return engines


def _rows(
    engines: Sequence[Sharpener],
    size: str,
    threads: int,
    calls: int,
    seconds: float,
    limits: Mapping[tuple[int, str], roofline.Roofline],
) -> list[dict[str, Any]]:
    width, height = (int(side) for side in size.split("x"))
    times: list[list[list[float]]] = [[[] for _ in range(calls)] for _ in engines]
    with ThreadPoolExecutor(calls) as pool:
        # In turns, so that other programs on the host disturb all engines alike. The first run allocates buffers for
        # each batch size.
        for turn in range(-1, _TURNS):
            for engine, kept in zip(engines, times, strict=True):
                duration = (0 if calls == 1 else seconds / 4) if turn < 0 else seconds / _TURNS
                measured = list(pool.map(lambda run: _times(*run), [(engine, width, height, duration)] * calls))
                for mine, more in zip(kept, measured, strict=True):
                    mine += more if turn >= 0 else []
    rows = []
    for engine, measured in zip(engines, times, strict=True):
        precision = providers.OPENVINO.get(engine.provider, "f32")
        limit = limits.get((threads, precision)) if calls == 1 else None
        row = {
            "student": engine.student.name,
            "size": size,
            "provider": engine.provider,
            "threads": threads or None,
            "calls at once": calls,
            **timing(measured),
        }
        rows.append(row | _limit(engine, width * height, precision, limit, row["ms"]["p50"]))
    reference = next((row["ms"]["p50"] for row in rows if row["provider"] == "CPU"), None)
    if reference is not None and len(rows) > 1:
        for row in rows:
            row["speed-up over CPU"] = round(reference / row["ms"]["p50"], 2)
    return rows


def _limit(
    engine: Sharpener, pixels: int, precision: str, limit: roofline.Roofline | None, took_ms: float
) -> dict[str, Any]:
    macs, traffic = engine.student.mac_per_pixel, engine.student.bytes_per_pixel(_FEATURE_BYTES[precision])
    if limit is None or macs is None or traffic is None:
        return {}
    arithmetic, memory = limit.floor(macs * pixels, traffic * pixels)
    return {
        "arithmetic floor ms": round(arithmetic * 1000, 2),
        "memory floor ms": round(memory * 1000, 2),
        "% of the limit": round(100 * max(arithmetic, memory) * 1000 / took_ms),
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


def _times(engine: Sharpener, width: int, height: int, seconds: float) -> list[float]:
    luma = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    out = np.empty_like(luma)
    chroma = Chroma(*(plane.copy() for plane in (luma[::2, ::2], luma[1::2, 1::2])))
    for _ in range(_WARM_UP):
        engine.sharpen(luma, out, chroma=chroma)
    times: list[float] = []
    end = perf_counter() + seconds
    while not times or perf_counter() < end:
        begun = perf_counter()
        engine.sharpen(luma, out, chroma=chroma)
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
        console.print(
            f"{limit['threads']} thread(s), {limit['precision']}: {limit['gflop/s']} GFLOP/s, {limit['GB/s']} GB/s"
        )
    for engine, note in notes.items():
        console.print(f"{engine}: {note}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return " / ".join(str(part) for part in value.values())
    return "" if value is None else str(value)
