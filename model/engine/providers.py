"""ONNX Runtime's execution providers, and OpenVINO: which ones run on this host, and why the others do not."""

import ctypes
import importlib.util
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import onnxruntime as ort

from acutance.model.engine.batching import AT_ONCE, BATCHES

Request = Literal["auto", "tensorrt", "cuda", "cpu", "openvino", "openvino-bf16"]

# Best first. TensorRT only on request: its first engine takes seconds to minutes to build.
LADDER: dict[Request, tuple[str, ...]] = {
    "auto": ("CUDA", "CUDA fp32", "CPU"),
    "tensorrt": ("TensorRT", "CUDA", "CUDA fp32", "CPU"),
    "cuda": ("CUDA", "CUDA fp32", "CPU"),
    "cpu": ("CPU",),
    "openvino": ("OpenVINO", "CPU"),
    "openvino-bf16": ("OpenVINO bf16", "OpenVINO", "CPU"),
}
OPENVINO = {"OpenVINO": "f32", "OpenVINO bf16": "bf16"}
"""OpenVINO's element type in which each of its two providers computes."""
EXECUTION_PROVIDERS = {
    "TensorRT": "TensorrtExecutionProvider",
    "CUDA": "CUDAExecutionProvider",
    "CUDA fp32": "CUDAExecutionProvider",
    "CPU": "CPUExecutionProvider",
}
# Files that exist on Linux (driver, WSL) with an NVIDIA device. On other systems the check is skipped.
_DRIVER_FILE = Path("/proc/driver/nvidia/version")
_DEVICE_FILES = (Path("/dev/nvidiactl"), Path("/dev/dxg"), _DRIVER_FILE)
LEAST_DRIVER = 580
"""The oldest driver branch for CUDA 13, which the wheels of ONNX Runtime and the locks need."""
_ENGINES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "acutance" / "tensorrt"
_SEARCH = {"cudnn_conv_algo_search": "HEURISTIC"}
# HEURISTIC: with cuDNN 9, EXHAUSTIVE measures nothing, and ONNX Runtime keeps a convolution's plan for its last shape
# only: two alternating sizes planned again with each call (142 instead of 16 ms, sgl-project/sglang-omni#2176).
_OPTIONS: dict[str, dict[str, str]] = {
    # Convolutions in half precision run on tensor cores in NHWC only. The bias is added inside of the convolution.
    "CUDA": _SEARCH | {"prefer_nhwc": "1", "fuse_conv_bias": "1"},
    "CUDA fp32": _SEARCH,
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
    "CUDA fp32": "`pip install 'acutance[cuda]'` installs CUDA and cuDNN",
}
# ONNX Runtime loads TensorRT by name; PyPI's wheel has its libraries in this package, where no loader looks.
_TENSORRT_PACKAGE, _TENSORRT_LIBRARIES = "tensorrt_libs", ("nvinfer", "nvinfer_plugin", "nvonnxparser")


class ProviderError(RuntimeError):
    """A provider cannot run here; the message says why."""


@dataclass(frozen=True)
class ProviderTraits:
    """Properties of a provider that determine how it is used.

    Attributes:
        place: ONNX Runtime's name of the memory in which it computes.
        staged: whether frames are copied to and from that memory.
        batched: whether frames of several calls are batched.
        half: whether it runs the file in half precision, if there is one.
        graphs: maximum number of CUDA graphs at the same time.
        memory: maximum size in bytes of the idle buffers of a student, in host memory and on the device each.
        at_once: useful number of simultaneous calls of `Engine.sharpen`.
    """

    place: str
    staged: bool
    batched: bool
    half: bool
    graphs: int
    memory: int
    at_once: int


_ON_CPU = ProviderTraits("cpu", staged=False, batched=False, half=False, graphs=0, memory=128 << 20, at_once=2)
# 2 x 15 frames of 1920x1080 in batches of 1, 2, 4 and 8 need 190 MB, so that several sizes fit.
_ON_GPU = ProviderTraits(
    "cuda", staged=True, batched=True, half=True, graphs=512, memory=512 << 20, at_once=AT_ONCE * BATCHES[0]
)
# No batches on TensorRT, which would build an engine for each number of frames, and on the CPU, which one frame keeps
# busy.
TRAITS = {
    "TensorRT": replace(_ON_GPU, batched=False, graphs=0, at_once=2),
    "CUDA": _ON_GPU,
    "CUDA fp32": replace(_ON_GPU, half=False),
    "CPU": _ON_CPU,
    "OpenVINO": _ON_CPU,
    "OpenVINO bf16": _ON_CPU,
}


def file_for(model: Path, provider: str) -> Path:
    """Return the file that a provider runs: that in half precision beside ``model``, if there is one and it runs it."""
    half = model.with_suffix(".fp16.onnx")
    return half if TRAITS[provider].half and half.is_file() else model


def session_options(threads: int) -> ort.SessionOptions:
    """Return the options of a session with this number of CPU threads for one inference."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin after a run would take processors from the encoder.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # failures are reported by this package, once
    return options


def open_session(model: Path, name: str, options: ort.SessionOptions, graphs: bool) -> ort.InferenceSession:
    """Open ``model`` on one provider.

    Args:
        model: an ONNX file.
        name: ``TensorRT``, ``CUDA``, ``CUDA fp32`` or ``CPU``.
        options: options of the session, such as threads.
        graphs: whether runs may be captured as CUDA graphs.

    Raises:
        ProviderError: the provider does not run here, or does not run this model.
    """
    provider = EXECUTION_PROVIDERS[name]
    if provider not in ort.get_available_providers():
        raise ProviderError("this build of ONNX Runtime does not contain it")
    if name != "CPU":
        _require_device()
        preload_libraries()
    if name == "TensorRT":
        _prepare_tensorrt()
    # Without this ONNX Runtime prints many lines on stderr for each missing library.
    ort.set_default_logger_severity(4)
    try:
        session = ort.InferenceSession(
            str(file_for(model, name)), options, providers=_with_fallbacks(name, graphs), enable_fallback=0
        )
    except Exception as error:  # ONNX Runtime's errors share no base class
        if name in _REMEDIES and "libraries" in str(error):
            raise ProviderError(_libraries_missing(name)) from error
        raise ProviderError(first_line(error)) from error
    # Missing CUDA libraries raise no error: the session is opened without the provider.
    if session.get_providers()[0] != provider:
        raise ProviderError(_libraries_missing(name))
    return session


def open_alone(model: Path, name: str, options: ort.SessionOptions) -> ort.InferenceSession:
    """Open ``model`` on a GPU provider without another one beside it, to find out whether it takes every node.

    Args:
        model: an ONNX file.
        name: ``TensorRT``, ``CUDA`` or ``CUDA fp32``.
        options: options of the session.

    Raises:
        Exception: ONNX Runtime's error.
    """
    preload_libraries()
    own = (EXECUTION_PROVIDERS[name], _OPTIONS[name])
    return ort.InferenceSession(str(file_for(model, name)), options, providers=[own], enable_fallback=0)


def _with_fallbacks(name: str, graphs: bool) -> Sequence[tuple[str, dict[str, str]]]:
    chosen = [(EXECUTION_PROVIDERS[name], _OPTIONS[name] | (_GRAPHS if graphs else {}))]
    # A node that a provider does not support runs on the next one, which must be listed, too.
    if name == "TensorRT":
        chosen.append((EXECUTION_PROVIDERS["CUDA"], _OPTIONS["CUDA"]))
    if name != "CPU":
        chosen.append((EXECUTION_PROVIDERS["CPU"], _OPTIONS["CPU"]))
    return chosen


def _prepare_tensorrt() -> None:
    try:
        _ENGINES.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProviderError(f"its cache {_ENGINES} cannot be written ({error.strerror}); set XDG_CACHE_HOME") from error
    package = importlib.util.find_spec(_TENSORRT_PACKAGE)
    for folder in package.submodule_search_locations or [] if package is not None else []:
        for name in _TENSORRT_LIBRARIES:
            for file in sorted(Path(folder).glob(f"lib{name}.so.*")):
                with suppress(OSError):  # then ONNX Runtime says what it lacks
                    ctypes.CDLL(str(file), mode=ctypes.RTLD_GLOBAL)


def _libraries_missing(name: str) -> str:
    driver = driver_branch()
    if driver is not None and driver < LEAST_DRIVER:
        return f"driver {driver} is too old: CUDA 13 needs {LEAST_DRIVER} or newer"
    return f"its libraries did not load; {_REMEDIES[name]}"


def driver_branch() -> int | None:
    """Return the branch of the NVIDIA driver of this host, such as 580; None if it is unknown."""
    try:
        text = _DRIVER_FILE.read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"NVRM version:.*?\s(\d+)\.\d+", text)
    return int(found[1]) if found is not None else None


def device_present() -> bool:
    """Return whether this host seems to have an NVIDIA GPU with a driver."""
    return sys.platform != "linux" or any(file.exists() for file in _DEVICE_FILES)


def preload_libraries() -> None:
    """Load CUDA and cuDNN from PyPI's ``nvidia-*`` wheels, if they are installed."""
    if hasattr(ort, "preload_dlls"):  # since ONNX Runtime 1.21
        ort.preload_dlls()


def _require_device() -> None:
    if not device_present():
        raise ProviderError("this host has no NVIDIA GPU, or no driver for it")


def first_line(error: Exception) -> str:
    """Return the first line of an error's message: ONNX Runtime adds many more."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
