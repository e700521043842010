from pathlib import Path

import pytest

from acutance.server.telemetry import host_info


def test_a_gpu_is_named_with_its_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA L4, 570.86.10'\necho 'NVIDIA L4, 570.86.10'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert host_info.describe()["gpu"] == "NVIDIA L4, driver 570.86.10; NVIDIA L4, driver 570.86.10"


def test_without_a_gpu_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    described = host_info.describe()
    assert described["gpu"] == "none"
    assert described["cpu"]
    assert described["commit"] == "not a git checkout"


def test_a_driver_that_does_not_respond_counts_as_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nexit 9\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert host_info.describe()["gpu"] == "none"
