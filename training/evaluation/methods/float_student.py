"""An exported student with float32 input, for comparison with papers; the server uses only 8 bits."""

from pathlib import Path
from typing import Self

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from acutance.model.hints import Hints, fill
from acutance.model.nets.export import OUTPUT, PLANES, STRENGTH
from acutance.model.planes import GREY
from acutance.training.data.planes import Plane

_GRID = 2


class FloatStudent:
    """The same weights and operators on the CPU, for input that is not rounded to 8 bits."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._planes = int(session.get_inputs()[0].shape[1])
        self._colour = session.get_outputs()[0].shape[2] == 3

    @classmethod
    def open(cls, file: Path) -> Self:
        """Open a file written by `acutance.model.nets.export.to_onnx`, on one CPU thread."""
        model = onnx.load(file)
        (planes,) = (one for one in model.graph.input if one.name == PLANES)
        # The graph begins with casts to float, which do nothing to float input.
        planes.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        return cls(ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]))

    def sharpen(self, luma: Plane, hints: Hints) -> NDArray[np.uint8]:
        """Sharpen a plane `[H, W]` in grey levels; returns uint8, rounded to nearest and clipped."""
        height, width = luma.shape
        padded = np.pad(luma, ((0, height % _GRID), (0, width % _GRID)), mode="edge")
        hint_plane = np.zeros(padded.shape, np.uint8)
        fill(hint_plane, hints)
        planes = [padded, hint_plane.astype(np.float32)][: self._planes - self._colour]
        planes += [np.full_like(padded, GREY)] * self._colour
        inputs = {PLANES: np.stack(planes)[None], STRENGTH: np.ones((1, 1, 1, 1), np.float32)}
        (sharpened,) = self._session.run([OUTPUT], inputs)
        # Of colour, two of three rows are luma.
        luma = sharpened[0, :, :2].reshape(padded.shape) if self._colour else sharpened[0, 0]
        result: NDArray[np.uint8] = np.ascontiguousarray(luma[:height, :width])
        return result
