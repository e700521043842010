"""Host information for published benchmarks: processor, GPU, system, versions, commit, date."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from acutance.model.engine import openvino_runtime
from acutance.model.processors import usable_processors


def describe() -> dict[str, str]:
    """Return processor, GPU and driver, system, versions, commit and date by name."""
    return {
        "cpu": _cpu_model(),
        "gpu": _gpu(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{package: version(package) for package in ("acutance", "aiortc", "av", "numpy")},
        "onnxruntime": _onnxruntime_version(),
        "openvino": openvino_runtime.version(),
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    if not models:
        return platform.machine()
    usable = usable_processors()
    return f"{usable:g} of {len(models)} x {models[0]}" if usable < len(models) else f"{len(models)} x {models[0]}"


def gpu_names() -> list[str]:
    """Return model and driver of each NVIDIA GPU."""
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return []
    gpus = [line.split(", ") for line in done.stdout.splitlines() if line.strip()]
    return [f"{name}, driver {driver}" for name, driver in gpus]


def _gpu() -> str:
    """Return model and driver of each NVIDIA GPU, or ``none``; the providers use no other GPUs."""
    return "; ".join(gpu_names()) or "none"


def _onnxruntime_version() -> str:
    import onnxruntime

    return str(onnxruntime.__version__)


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
    return done.stdout.strip()
