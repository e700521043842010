"""The number of processors that this process may use, within its affinity and the CPU quota of its control groups.

Affinity is set by `taskset` and cpusets, the quota by `docker run --cpus`, Kubernetes' limits and systemd's CPUQuota.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_PROC = Path("/proc/self")


@dataclass(frozen=True)
class CpuQuota:
    """The CPU bandwidth limit of a control group (Linux, Documentation/admin-guide/cgroup-v2.rst and v1/).

    Attributes:
        processors: average number of processors, such as 1.5.
        folder: folder of the control group with the quota.
    """

    processors: float
    folder: Path

    def used_seconds(self) -> float | None:
        """Return the processor seconds that the group has used since it was created; None if they are not accounted."""
        try:
            return int(_fields(self.folder / "cpu.stat")["usage_usec"]) / 1e6
        except (OSError, KeyError, ValueError):
            pass
        try:
            return int((self.folder / "cpuacct.usage").read_text(encoding="ascii")) / 1e9
        except (OSError, ValueError):
            return None


def usable_processors(proc: Path = _PROC) -> float:
    """Return the average number of processors that this process may use at the same time.

    Args:
        proc: the folder of the process in procfs, for tests.
    """
    count = float(len(usable_ids()))
    quota = cpu_quota(proc)
    return count if quota is None else min(count, quota.processors)


def usable_threads() -> int:
    """Return the number of computing threads that can run at the same time; at least 1."""
    return max(1, int(usable_processors()))


def usable_ids() -> frozenset[int]:
    """Return the numbers of the processors on which this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def cpu_quota(proc: Path = _PROC) -> CpuQuota | None:
    """Return the lowest CPU quota of this process's control groups and their ancestors; None if there is none.

    Args:
        proc: the folder of the process in procfs, for tests.
    """
    try:
        quotas = [quota for folder in _groups(proc) if (quota := _quota_of(folder)) is not None]
    except OSError:  # not Linux
        return None
    return min(quotas, key=lambda quota: quota.processors, default=None)


def _groups(proc: Path) -> Iterator[Path]:
    """Yield the folders of the control groups that may limit this process, from the innermost outwards."""
    paths = {}
    for line in (proc / "cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update({name: path for name in controllers.split(",")})  # version 2 has no name
    for line in (proc / "mountinfo").read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        root, mounted = before.split()[3:5]
        kind, _, options = after.split()[:3]
        controller = {"cgroup2": "", "cgroup": "cpu"}.get(kind)
        if controller is None or controller not in paths or (controller and controller not in options.split(",")):
            continue
        yield from _up_to(Path(mounted), PurePosixPath(paths[controller]), PurePosixPath(root))


def _up_to(mounted: Path, path: PurePosixPath, root: PurePosixPath) -> Iterator[Path]:
    # In a container the path may be outside of the mount: then the group of the process is the root of the mount.
    inner = path.relative_to(root) if path.is_relative_to(root) else PurePosixPath()
    for part in (inner, *inner.parents):
        yield mounted / part


def _quota_of(folder: Path) -> CpuQuota | None:
    try:
        quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        try:
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii").strip() for name in ("quota", "period")
            )
        except OSError:
            return None
    if quota in ("max", "-1"):
        return None
    return CpuQuota(int(quota) / int(period), folder)


def _fields(file: Path) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in file.read_text(encoding="ascii").splitlines())
