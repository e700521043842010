"""Students and teachers as methods: exported students run in the engine of the server, checkpoints in torch."""

from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from acutance.model.engine.engine import EngineError
from acutance.model.engine.sharpener import Sharpener
from acutance.model.engine.specialists import open_student
from acutance.model.nets.student import Student, fold, sharpen
from acutance.model.nets.teacher import Teacher
from acutance.training.checkpoints.checkpoint import load_network
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma
from acutance.training.evaluation.methods.float_student import FloatStudent
from acutance.training.evaluation.testsets import MethodInput


class ShippedStudent:
    """An exported student in the engine of the server; float32 luma runs in `FloatStudent`."""

    def __init__(self, name: str, engine: Sharpener) -> None:
        self.name = name
        self.engine = engine

    @classmethod
    def open(cls, name: str, file: Path, threads: int) -> "ShippedStudent":
        """Open an ONNX file.

        Raises:
            DataError: The file holds no student.
        """
        try:
            return cls(name, open_student(file, "cpu", threads))
        except EngineError as error:
            raise DataError(str(error)) from None

    def __call__(self, frame: MethodInput) -> Luma:
        """Restore one frame, uint8 `[H, W]`."""
        if frame.luma.dtype == np.uint8:
            luma = frame.luma.astype(np.uint8, copy=False)
            return self.engine.sharpen(luma, hints=frame.hints, chroma=frame.chroma)
        return self._exact.sharpen(frame.luma, frame.hints)

    @cached_property
    def _exact(self) -> FloatStudent:
        return FloatStudent.open(self.engine.student.file)


class TorchNetwork:
    """A checkpoint of a student or teacher, with torch."""

    def __init__(self, name: str, network: torch.nn.Module) -> None:
        self.name = name
        self.network = network

    @classmethod
    def open(cls, name: str, file: Path) -> "TorchNetwork":
        """Read a checkpoint.

        Raises:
            CheckpointError: The file is no checkpoint of acutance-train.
        """
        network, _ = load_network(file)
        return cls(name, fold(network) if isinstance(network, Student) else network.eval())

    def __call__(self, frame: MethodInput) -> Luma:
        """Restore one frame, uint8 `[H, W]`; odd sizes are padded as the engine pads them."""
        height, width = frame.luma.shape
        padded = np.pad(frame.luma, ((0, height % 2), (0, width % 2)), mode="edge")
        each_side = self.network.shape.neighbours if isinstance(self.network, Teacher) else 0
        middle = len(frame.around) // 2
        around = frame.around[middle - each_side : middle + each_side] if padded.shape == frame.luma.shape else ()
        restored = sharpen(self.network, padded, frame.hints, chroma=frame.chroma, around=around)
        return np.ascontiguousarray(restored[:height, :width])
