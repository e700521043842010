"""Processors are those that this process may use, not those of the host."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acutance.model.processors import cpu_quota, usable_ids, usable_processors, usable_threads

V2_MOUNT = "41 31 0:38 {root} {at} rw,relatime - cgroup2 cgroup2 rw"
V1_MOUNT = "32 31 0:29 {root} {at} rw,relatime - cgroup cgroup rw,cpu,cpuacct"


def _proc(folder: Path, cgroup: str, mount: str) -> Path:
    """Write the procfs files of a process."""
    proc = folder / "proc"
    proc.mkdir()
    (proc / "cgroup").write_text(cgroup + "\n")
    (proc / "mountinfo").write_text(f"23 1 0:21 / / rw - ext4 /dev/vda rw\n{mount}\n")
    return proc


def _group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


def test_the_quota_of_version_2_is_the_tightest_on_the_way_up(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    _group(root / "machine/box/server", cpu__max="max 100000")
    _group(root / "machine/box", cpu__max="50000 100000", cpu__stat="usage_usec 2500000\nuser_usec 1")
    _group(root / "machine", cpu__max="400000 100000")
    quota = cpu_quota(_proc(tmp_path, "0::/machine/box/server", V2_MOUNT.format(root="/", at=root)))
    assert quota is not None
    assert (quota.processors, quota.used_seconds()) == (0.5, 2.5)


def test_in_a_container_the_root_of_the_mount_is_its_own_group(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    _group(root, cpu__max="150000 100000")
    for path in ("/", "/../outside"):
        proc = _proc(tmp_path, f"0::{path}", V2_MOUNT.format(root="/", at=root))
        quota = cpu_quota(proc)
        assert quota is not None
        assert quota.processors == 1.5
        assert quota.used_seconds() is None
        for file in proc.iterdir():
            file.unlink()
        proc.rmdir()


def test_the_quota_of_version_1(tmp_path: Path) -> None:
    root = tmp_path / "cpu"
    _group(root / "box", cpu__cfs_quota_us="25000", cpu__cfs_period_us="100000", cpuacct__usage="3000000000")
    _group(root, cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    cgroup = "4:memory:/elsewhere\n2:cpu,cpuacct:/docker/box\n0::/"
    quota = cpu_quota(_proc(tmp_path, cgroup, V1_MOUNT.format(root="/docker", at=root)))
    assert quota is not None
    assert (quota.processors, quota.used_seconds()) == (0.25, 3.0)


def test_without_a_quota_or_procfs_there_is_none(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    _group(root, cpu__max="max 100000")
    assert cpu_quota(_proc(tmp_path, "0::/", V2_MOUNT.format(root="/", at=root))) is None
    assert cpu_quota(tmp_path / "nothing") is None


def test_a_quota_below_one_processor_leaves_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "cgroup"
    _group(root, cpu__max="30000 100000")
    proc = _proc(tmp_path, "0::/", V2_MOUNT.format(root="/", at=root))
    assert usable_processors(proc) == 0.3
    monkeypatch.setattr("acutance.model.processors.usable_processors", lambda: 0.3)
    assert usable_threads() == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is not supported here")
def test_a_process_that_is_bound_to_one_processor_counts_one() -> None:
    code = f"""
import os
os.sched_setaffinity(0, {{{min(usable_ids())}}})
from acutance.model.engine.engine import Engine
from acutance.model.processors import usable_threads
from acutance.server.telemetry.load import Load
session = Engine.open("nano", provider="cpu")._runtime._session
print(usable_threads(), Load().cpus <= 1, session.get_session_options().intra_op_num_threads)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["1", "True", "1"]
