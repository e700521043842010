"""ONNX Runtime's execution providers, and OpenVINO: which ones run on this host, and why the others do not."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnxruntime as ort

from acutance.model.engine.batching import AT_ONCE, BATCHES

Request = Literal["auto", "tensorrt", "cuda", "cpu", "openvino", "openvino-bf16"]

# Best first. TensorRT only on request: its first engine takes seconds to minutes to build.
LADDER: dict[Request, tuple[str, ...]] = {
    "auto": ("CUDA", "CPU"),
    "tensorrt": ("TensorRT", "CUDA", "CPU"),
    "cuda": ("CUDA", "CPU"),
    "cpu": ("CPU",),
    "openvino": ("OpenVINO", "CPU"),
    "openvino-bf16": ("OpenVINO bf16", "OpenVINO", "CPU"),
}
OPENVINO = {"OpenVINO": "f32", "OpenVINO bf16": "bf16"}
"""OpenVINO's element type in which each of its two providers computes."""
EXECUTION_PROVIDERS = {
    "TensorRT": "TensorrtExecutionProvider",
    "CUDA": "CUDAExecutionProvider",
    "CPU": "CPUExecutionProvider",
}
# Files that exist on Linux (driver, WSL) with an NVIDIA device. On other systems the check is skipped.
_DEVICE_FILES = (Path("/dev/nvidiactl"), Path("/dev/dxg"), Path("/proc/driver/nvidia/version"))
_ENGINES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "acutance" / "tensorrt"
_OPTIONS: dict[str, dict[str, str]] = {
    # EXHAUSTIVE measures cuDNN's algorithms once for each size, because a call has few sizes.
    # Convolutions in half precision run on tensor cores in NHWC only.
    "CUDA": {"cudnn_conv_algo_search": "EXHAUSTIVE", "prefer_nhwc": "1"},
    # The cache keeps engines for the next start: each takes seconds to minutes to build.
    "TensorRT": {"trt_fp16_enable": "1", "trt_engine_cache_enable": "1", "trt_engine_cache_path": str(_ENGINES)},
    "CPU": {},
}
# A CUDA graph launches all kernels of a student with one call. Conditions: fixed addresses, one graph for each shape,
# every node on the device, one thread (device.py).
_GRAPHS = {"enable_cuda_graph": "1"}
_REMEDIES = {
    "TensorRT": "`pip install tensorrt` installs them",
    "CUDA": "`pip install 'acutance[cuda]'` installs CUDA and cuDNN",
}


class ProviderError(RuntimeError):
    """A provider cannot run here; the message says why."""


@dataclass(frozen=True)
class ProviderTraits:
    """Properties of a provider that determine how it is used.

    Attributes:
        place: ONNX Runtime's name of the memory in which it computes.
        staged: whether frames are copied to and from that memory.
        batched: whether frames of several calls are batched.
        graphs: maximum number of CUDA graphs; each keeps some memory until the end of the session.
        at_once: useful number of simultaneous calls of `Engine.sharpen`.
    """

    place: str
    staged: bool
    batched: bool
    graphs: int
    at_once: int


_ON_CPU = ProviderTraits("cpu", staged=False, batched=False, graphs=0, at_once=2)
# No batches on TensorRT, which would build an engine for each number of frames, and on the CPU, which one frame keeps
# busy.
TRAITS = {
    "TensorRT": ProviderTraits("cuda", staged=True, batched=False, graphs=0, at_once=2),
    "CUDA": ProviderTraits("cuda", staged=True, batched=True, graphs=32, at_once=AT_ONCE * BATCHES[0]),
    "CPU": _ON_CPU,
    "OpenVINO": _ON_CPU,
    "OpenVINO bf16": _ON_CPU,
}


def file_for(model: Path, provider: str) -> Path:
    """Return the file that a provider runs: on GPUs the FP16 one beside ``model``, if there is one."""
    half = model.with_suffix(".fp16.onnx")
    return half if TRAITS[provider].staged and half.is_file() else model


def open_session(model: Path, name: str, options: ort.SessionOptions, graphs: bool) -> ort.InferenceSession:
    """Open ``model`` on one provider.

    Args:
        model: an ONNX file.
        name: ``TensorRT``, ``CUDA`` or ``CPU``.
        options: options of the session, such as threads.
        graphs: whether runs may be captured as CUDA graphs.

    Raises:
        ProviderError: the provider does not run here, or does not run this model.
    """
    provider = EXECUTION_PROVIDERS[name]
    if provider not in ort.get_available_providers():
        raise ProviderError("this build of ONNX Runtime does not contain it")
    if name == "TensorRT":
        _ENGINES.mkdir(parents=True, exist_ok=True)
    if name != "CPU":
        _require_device()
        _preload_libraries()
    # Without this ONNX Runtime prints many lines on stderr for each missing library.
    ort.set_default_logger_severity(4)
    try:
        session = ort.InferenceSession(
            str(file_for(model, name)), options, providers=_with_fallbacks(name, graphs), enable_fallback=0
        )
    except Exception as error:  # ONNX Runtime's errors share no base class
        if name in _REMEDIES and "libraries" in str(error):
            raise ProviderError(f"its libraries did not load; {_REMEDIES[name]}") from error
        raise ProviderError(first_line(error)) from error
    # Missing CUDA libraries raise no error: the session is opened without the provider.
    if session.get_providers()[0] != provider:
        raise ProviderError(f"its libraries did not load; {_REMEDIES[name]}")
    return session


def _with_fallbacks(name: str, graphs: bool) -> Sequence[tuple[str, dict[str, str]]]:
    own = (EXECUTION_PROVIDERS[name], _OPTIONS[name] | (_GRAPHS if graphs else {}))
    # A node that the GPU provider does not support runs on the CPU provider, which must be listed, too.
    return [own] if name == "CPU" else [own, (EXECUTION_PROVIDERS["CPU"], _OPTIONS["CPU"])]


def _require_device() -> None:
    if sys.platform == "linux" and not any(file.exists() for file in _DEVICE_FILES):
        raise ProviderError("this host has no NVIDIA GPU, or no driver for it")


def _preload_libraries() -> None:
    # Finds CUDA and cuDNN in PyPI's nvidia-* wheels; since ONNX Runtime 1.21.
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()


def first_line(error: Exception) -> str:
    """Return the first line of an error's message: ONNX Runtime adds many more."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
