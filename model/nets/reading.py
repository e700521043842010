"""Reads an exported student back into torch, to train it further."""

from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper

from acutance.model.nets.export import ExportError
from acutance.model.nets.half_grid import CORRECTION, GATE
from acutance.model.nets.shape import OUTPUTS, StudentShape
from acutance.model.nets.student import Student


def read_onnx(source: Path | bytes) -> Student:
    """Read a student that `acutance.model.nets.export.to_onnx` wrote, in single precision; it has no batch norm.

    Args:
        source: The file, or its content.

    Raises:
        ExportError: The file is not such a graph.
    """
    try:
        model = onnx.load_model_from_string(source) if isinstance(source, bytes) else onnx.load_model(source)
        metadata = {entry.key: entry.value for entry in model.metadata_props}
        constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        student = Student(StudentShape.parse(metadata["shape"]), batch_norm=False)
        student.load_state_dict(_weights(constants, student.shape))
    except (OSError, DecodeError, KeyError, ValueError, RuntimeError) as error:
        name = source if isinstance(source, Path) else "this"
        raise ExportError(f"{name} is not an exported student in single precision: {error}") from None
    return student.eval()


def _weights(constants: dict[str, NDArray[np.float32]], shape: StudentShape) -> dict[str, torch.Tensor]:
    """The weights by their names in `Student`, without the scales that the graph includes."""
    names = {"head": "head", **{f"body{index}": f"body.{index}" for index in range(shape.depth)}, "tail": "tail"}
    weights = {}
    for name, own in names.items():
        weight, bias = constants[f"{name}.weight"], constants[f"{name}.bias"]
        if name == "head":
            weight = weight * np.float32(255)
        if name == "tail":
            scale = np.float32(255 if shape.plate else 255 * CORRECTION)
            weight, bias = weight / scale, bias / scale - np.float32(GATE if shape.plate else 0)
            if shape.colour:
                weights["chroma_tail.weight"], weights["chroma_tail.bias"] = map(
                    torch.tensor, (weight[OUTPUTS:], bias[OUTPUTS:])
                )
            weight, bias = weight[:OUTPUTS], bias[:OUTPUTS]
        weights[f"{own}.weight"], weights[f"{own}.bias"] = torch.tensor(weight), torch.tensor(bias)
    return weights
