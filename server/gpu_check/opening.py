"""Steps 1 to 3: driver and libraries, sessions with every node on the GPU, graphs that are captured and replayed."""

import re
from pathlib import Path
from typing import Any

import onnxruntime as ort

from acutance.model.engine import catalog, providers
from acutance.model.engine.engine import Engine
from acutance.server.gpu_check.frames import plane
from acutance.server.gpu_check.steps import Deadline, StepError
from acutance.server.gpu_check.target import RUNGS, Extent, Target
from acutance.server.telemetry import host_info


def driver(target: Target) -> dict[str, Any]:
    """Check driver, libraries and provider."""
    gpu = host_info.describe()["gpu"]
    version = re.search(r"driver (\d+)", gpu)
    if gpu == "none" or version is None:
        raise StepError("nvidia-smi finds no GPU: is the driver installed, and in a container its part `utility`?")
    providers.preload_libraries()
    if providers.EXECUTION_PROVIDERS["CUDA"] not in ort.get_available_providers():
        raise StepError(f"ONNX Runtime {ort.__version__} is a build without CUDA: install onnxruntime-gpu")
    if int(version[1]) < providers.LEAST_DRIVER:
        raise StepError(f"driver {version[1]} is too old: CUDA 13 needs {providers.LEAST_DRIVER} or newer")
    return {"gpu": gpu, "onnxruntime": ort.__version__, "cudart": target.runtime() is not None}


def sessions(target: Target, extent: Extent) -> dict[str, Any]:
    """Open each student in half and single precision; no node may run on the CPU."""
    opened = []
    for name in extent.students:
        file = catalog.find(name).file
        for rung in RUNGS:
            try:
                target.session(file, rung)
            except Exception as error:  # ONNX Runtime's errors share no base class
                raise StepError(f"{name} on {rung}: {providers.first_line(error)}") from error
            opened.append(f"{providers.file_for(file, rung).name} on {rung}")
    return {"opened": opened}


def graphs(target: Target, extent: Extent, deadline: Deadline) -> dict[str, Any]:
    """Capture a graph for each size and replay it."""
    found: dict[str, Any] = {}
    for rung in RUNGS:
        engine = _opened(target, extent.students[0], rung)
        for width, height in extent.sizes:
            luma = plane(width, height)
            for _ in range(3):
                engine.sharpen(luma)
        counted = counts(engine)
        if counted[0] < 2 * len(extent.sizes):
            raise StepError(
                f"{rung}: {counted[0]} of {sum(counted)} runs had a CUDA graph, although each size ran three times"
            )
        found[rung] = {"with_graph": counted[0], "without": counted[1]}
    return found


def counts(engine: Engine) -> tuple[int, int]:
    """Return how many batches ran with a CUDA graph and without."""
    graphs = engine.graphs
    return (graphs.replays, graphs.others) if graphs is not None else (0, 0)


def _opened(target: Target, student: str | Path, rung: str) -> Engine:
    try:
        return target.open(student, rung, True)
    except providers.ProviderError as error:
        raise StepError(f"{student} on {rung} with CUDA graphs: {error}") from error
