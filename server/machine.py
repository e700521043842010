"""What a benchmark's figure must be read with: processor, system, versions, commit, date."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def describe() -> dict[str, str]:
    """Return what a figure must be read with: processor, system, versions, commit, date."""
    return {
        "cpu": _cpu_model(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{package: version(package) for package in ("acutance", "aiortc", "av", "numpy")},
        "onnxruntime": _onnxruntime_version(),
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} x {models[0]}" if models else platform.machine()


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
