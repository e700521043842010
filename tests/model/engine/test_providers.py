"""Options and order of the providers, without a GPU."""

import ctypes
from pathlib import Path

import onnxruntime as ort
import pytest

from acutance.model.engine import catalog, providers
from acutance.model.engine.providers import LADDER, ProviderError, open_session


@pytest.mark.parametrize("name", ["CUDA", "CUDA fp32"])
def test_cudnn_plans_by_heuristics(name: str) -> None:
    """EXHAUSTIVE plans again at each change of shape: 142 instead of 16 ms a call."""
    assert providers._OPTIONS[name]["cudnn_conv_algo_search"] == "HEURISTIC"


def test_a_gpu_has_a_rung_in_single_precision_and_the_usual_layout_before_the_cpu() -> None:
    assert LADDER["tensorrt"] == ("TensorRT", "CUDA", "CUDA fp32", "CPU")
    assert LADDER["auto"] == LADDER["cuda"] == ("CUDA", "CUDA fp32", "CPU")
    assert "prefer_nhwc" not in providers._OPTIONS["CUDA fp32"]
    assert not providers.TRAITS["CUDA fp32"].half
    assert providers.file_for(catalog.find("nano").file, "CUDA fp32").name == "nano.onnx"
    assert providers.file_for(catalog.find("nano").file, "CUDA").name == "nano.fp16.onnx"


def test_nodes_that_tensorrt_does_not_take_run_on_cuda_before_the_cpu() -> None:
    names = [name for name, _ in providers._with_fallbacks("TensorRT", graphs=False)]
    assert names == ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]


@pytest.fixture
def a_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A host that seems to have a GPU, with a home folder of its own."""
    monkeypatch.setattr(providers, "_DEVICE_FILES", (tmp_path,))
    monkeypatch.setattr(providers, "preload_libraries", lambda: None)
    monkeypatch.setattr(ort, "get_available_providers", lambda: list(providers.EXECUTION_PROVIDERS.values()))
    monkeypatch.setattr(providers, "_ENGINES", tmp_path / "cache" / "tensorrt")
    return tmp_path


def test_a_cache_that_cannot_be_written_is_a_reason_and_no_exception_of_its_own(a_device: Path) -> None:
    (a_device / "cache").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(ProviderError, match=r"its cache .* cannot be written"):
        open_session(catalog.find("nano").file, "TensorRT", ort.SessionOptions(), False)


def test_without_a_device_no_cache_is_made(a_device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_DEVICE_FILES", ())
    (a_device / "cache").write_text("", encoding="utf-8")
    with pytest.raises(ProviderError, match="no NVIDIA GPU"):
        open_session(catalog.find("nano").file, "TensorRT", ort.SessionOptions(), False)


def test_tensorrts_libraries_are_loaded_from_its_wheel(a_device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = a_device / providers._TENSORRT_PACKAGE
    package.mkdir()
    (package / "__init__.py").touch()
    for name in ("libnvinfer.so.10", "libnvinfer_plugin.so.10", "libnvonnxparser.so.10"):
        (package / name).touch()
    loaded: list[str] = []
    monkeypatch.syspath_prepend(a_device)
    monkeypatch.setattr(ctypes, "CDLL", lambda file, mode: loaded.append(Path(file).name))
    providers._prepare_tensorrt()
    assert loaded == ["libnvinfer.so.10", "libnvinfer_plugin.so.10", "libnvonnxparser.so.10"]


@pytest.mark.parametrize(
    ("line", "branch"),
    [
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (root@a)", 580),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023", 535),
        ("nothing", None),
    ],
)
def test_an_old_driver_is_named_as_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, branch: int | None
) -> None:
    file = tmp_path / "version"
    file.write_text(line + "\nGCC version: 12.2.0\n")
    monkeypatch.setattr(providers, "_DRIVER_FILE", file)
    assert providers.driver_branch() == branch
    too_old = branch is not None and branch < 580
    assert ("is too old: CUDA 13 needs 580" in providers._libraries_missing("CUDA")) is too_old
