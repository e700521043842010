"""OpenVINO on the CPU: an optional library that runs the same files, on some processors faster than ONNX Runtime."""

import importlib
import importlib.metadata
import importlib.util
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from acutance.model.engine.buffers import BatchShape, FrameBuffers, InputLayout
from acutance.model.engine.providers import OPENVINO, TRAITS, ProviderError, first_line
from acutance.model.planes import Plane
from acutance.model.processors import usable_threads

NOT_INSTALLED = "it is not installed; `pip install 'acutance[openvino]'` installs it"
"""Reason for not using OpenVINO, in words."""


def installed() -> bool:
    """Return whether the package is installed; it is not imported."""
    return importlib.util.find_spec("openvino") is not None


def version() -> str:
    """Return the version of the package, or ``none``."""
    return importlib.metadata.version("openvino") if installed() else "none"


class OpenVino:
    """A student compiled by OpenVINO for the CPU."""

    graphs = None

    def __init__(self, model: Path, provider: str, threads: int, layout: InputLayout):
        """Compile a student, which takes a few tenths of a second.

        Args:
            model: an ONNX file.
            provider: a key of `acutance.model.engine.providers.OPENVINO`.
            threads: threads of one inference.
            layout: what the student takes.

        Raises:
            ProviderError: OpenVINO is not installed or does not run this model here.
        """
        try:
            core = openvino_core()
            precision = OPENVINO[provider]
            if precision != "f32" and precision.upper() not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
                raise ProviderError(f"this processor has no {precision} instructions")
            self._model = core.compile_model(
                str(model), "CPU", _configuration(precision, threads, TRAITS[provider].at_once)
            )
        except ImportError as error:
            raise ProviderError(NOT_INSTALLED) from error
        except RuntimeError as error:  # ProviderError included
            raise ProviderError(first_line(error)) from error
        self._layout = layout

    def buffers(self, shape: BatchShape) -> FrameBuffers:
        """Make buffers for a batch, see `acutance.model.engine.runtime.Runtime.buffers`."""
        return _Buffers(self._model, self._layout, shape)

    def release_memory(self) -> None:
        """Return memory of intermediate results to the operating system; nothing is returned during an inference."""
        with suppress(RuntimeError):  # "in a busy state"
            self._model.release_memory()


class _Buffers(FrameBuffers):
    def __init__(self, model: Any, layout: InputLayout, shape: BatchShape):
        super().__init__(layout, shape)
        self._request = model.create_infer_request()
        tensor = openvino().Tensor
        for index, array in enumerate(self._inputs):
            self._request.set_input_tensor(index, tensor(array, shared_memory=True))
        self._request.set_output_tensor(0, tensor(self._result, shared_memory=True))

    def _compute(self) -> Plane:
        self._request.infer()
        return self._result


def _configuration(precision: str, threads: int, at_once: int) -> dict[str, Any]:
    streams = max(1, min(at_once, usable_threads() // threads))
    return {
        # Explicit also for f32: by default OpenVINO computes in bf16 or f16 where it can, unchecked.
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads * streams,
        "NUM_STREAMS": streams,
        # A pinned thread waits for its processor while an encoder uses it and another processor is idle.
        "ENABLE_CPU_PINNING": False,
        # Compiled operations that are kept for sizes seen before: a student has up to 30. By default 5,000: a peer that
        # changes the size of its frames could fill gigabytes.
        "CPU_RUNTIME_CACHE_CAPACITY": 128,
    }


@cache
def openvino_core() -> Any:
    """Return OpenVINO's entry point, an `openvino.Core`.

    Raises:
        ImportError: it is not installed.
    """
    return openvino().Core()


@cache
def openvino() -> ModuleType:
    """Import the package without its model converter, whose import sends a report to a server on the internet.

    The converter is optional: the package catches the ImportError that the entry in `sys.modules` causes.
    """
    converter = "openvino.tools.ovc"
    if converter in sys.modules:
        return importlib.import_module("openvino")
    sys.modules[converter] = None  # type: ignore[assignment]  # documented: an import of this name fails
    try:
        return importlib.import_module("openvino")
    finally:
        del sys.modules[converter]
