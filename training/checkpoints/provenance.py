"""Provenance of a result: the commit, the host, the versions of packages, and the time."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path


def now() -> str:
    """UTC time, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def commit(folder: Path = Path(__file__).parent) -> str:
    """The commit of the checkout that contains `folder`, with `+changes` if files differ; `unknown` outside of git."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            # No optional locks: `git status` must not block a commit by another process.
            ["git", "--no-optional-locks", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", ":/") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def host_info() -> str:
    """The processor and its cores, in words."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass  # not Linux: the platform's own name is used
    return f"{os.cpu_count()} cores of {name}, {platform.system()}"


def versions() -> dict[str, str]:
    """Versions of Python and the packages that results depend on."""
    packages = ("torch", "onnxruntime-gpu", "onnxruntime", "av", "cvvdp", "pillow", "scikit-image", "numpy")
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
