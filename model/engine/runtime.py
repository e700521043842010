"""What opens and runs a student's file: ONNX Runtime here, OpenVINO in `acutance.model.engine.openvino_runtime`."""

from typing import Protocol

import onnxruntime as ort

from acutance.model.engine.buffers import BatchShape, FrameBuffers, HostBuffers
from acutance.model.engine.gpu.device_buffers import DeviceBuffers, Graphs
from acutance.model.engine.providers import ProviderTraits

SMALLEST = 16
"""Minimum width and height of a plane."""


class Runtime(Protocol):
    """An open student in some inference library; used by several threads at once."""

    @property
    def graphs(self) -> Graphs | None:
        """Its CUDA graphs; None in a library without any."""

    def buffers(self, shape: BatchShape) -> FrameBuffers:
        """Make buffers for a batch: number of frames, height and width; the last two are multiples of the grid."""

    def release_memory(self) -> None:
        """Return unused memory to the operating system."""


class OnnxRuntime:
    """A session of ONNX Runtime.

    Attributes:
        graphs: its CUDA graphs; without any on the CPU.
    """

    def __init__(self, session: ort.InferenceSession, traits: ProviderTraits):
        self._session = session
        self._traits = traits
        self.graphs = Graphs(session, traits.graphs)

    def buffers(self, shape: BatchShape) -> FrameBuffers:
        """Make buffers for a batch, see `Runtime.buffers`; on a device with a CUDA graph."""
        if not self._traits.staged:
            return HostBuffers(self._session, shape)
        return DeviceBuffers(self._session, shape, self._traits.place, self.graphs)

    def release_memory(self) -> None:
        """Return unused memory to the operating system. Takes as long as sharpening the smallest plane.

        The CPU arena keeps the memory of its largest runs, about 100 MiB for each simultaneous call of ``nano`` at
        1920x1080. On a device nothing is released, because CUDA graphs hold the addresses.
        """
        if not self._traits.staged:
            HostBuffers(self._session, (1, SMALLEST, SMALLEST)).shrink_arena()
