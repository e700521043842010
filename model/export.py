"""Torch to ONNX: a trained student becomes the graph that the engine runs.

The graph is written node by node, as it is to be computed: uint8 luma is cast to float, the scaling to 0..1
and back is folded into the first and the last convolution, batch norm is folded, and rounding, clipping and
the cast to uint8 are inside.

    luma -> Cast -+-> Conv Relu (Conv Relu)... Conv + Relu -> Conv -> DepthToSpace -> + -> Round Clip Cast -> sharpened
                  +-------------------------------------------------------------------+

Rounding by +0.5 and truncation, QuantizeLinear, and one 6x6 transposed convolution for tail and shuffle were tried as
endings: none was clearly faster on the CPU.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from model.nets.student import Convolution, Student, convolutions, fold, sharpen

INPUT, OUTPUT = "luma", "sharpened"
# Every operator is as it has been since opset 13; 17 and IR 8 are read by every ONNX Runtime from 1.14 on.
_OPSET, _IR = 17, 8
PARITY = 1
"""Grey levels by which ONNX Runtime and torch may differ: sums in another order round another way."""

Luma = NDArray[np.uint8]


class ExportError(RuntimeError):
    """A graph that does not compute what the student computes; the message says by how much."""


def to_onnx(student: Student, metadata: Mapping[str, str]) -> bytes:
    """Write a student as an ONNX model: `luma` uint8 `[N, 1, H, W]` to `sharpened`, the same; H and W even.

    Args:
        student: The student; its batch norm is folded with the running statistics.
        metadata: Kept in the file's metadata, beside the student's name.
    """
    graph = _Graph()
    white = np.float32(255)
    head, *body, tail = convolutions(student)
    graph.node("Cast", [INPUT], "grey", to=TensorProto.FLOAT)
    graph.convolution("grey", "head", Convolution(head.weight / white, head.bias), stride=2)
    graph.node("Relu", ["head"], "features")
    previous = "features"
    for index, numbers in enumerate(body):
        graph.convolution(previous, f"body{index}", numbers)
        summed = f"body{index}"
        if index == len(body) - 1:
            summed = "residual"
            graph.node("Add", [f"body{index}", "features"], summed)
        previous = f"relu{index}"
        graph.node("Relu", [summed], previous)
    graph.convolution(previous, "tail", Convolution(tail.weight * white, tail.bias * white))
    graph.node("DepthToSpace", ["tail"], "correction", blocksize=2, mode="CRD")
    graph.node("Add", ["correction", "grey"], "corrected")
    graph.node("Round", ["corrected"], "rounded")
    limits = [graph.constant("black", np.float32(0)), graph.constant("white", white)]
    graph.node("Clip", ["rounded", *limits], "clipped")
    graph.node("Cast", ["clipped"], OUTPUT, to=TensorProto.UINT8)
    return graph.model(student.shape.name, metadata)


def check_parity(model: bytes, student: Student, pictures: Iterable[Luma]) -> int:
    """Compare the graph, on the CPU through ONNX Runtime, with torch.

    Args:
        model: What `to_onnx` gave.
        student: What it was given.
        pictures: uint8 `[H, W]`, H and W even.

    Returns:
        The largest difference in grey levels.

    Raises:
        ExportError: It is larger than `PARITY`.
    """
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    folded = fold(student)
    worst = 0
    for luma in pictures:
        (theirs,) = session.run([OUTPUT], {INPUT: luma[None, None]})
        difference = theirs[0, 0].astype(np.int16) - sharpen(folded, luma)
        worst = max(worst, int(np.abs(difference).max()))
        if worst > PARITY:
            height, width = luma.shape
            raise ExportError(
                f"the exported {student.shape.name} differs from torch by {worst} grey levels on a picture of "
                f"{width}x{height}; at most {PARITY} is allowed"
            )
    return worst


class _Graph:
    """An ONNX graph in the making."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))

    def constant(self, name: str, value: NDArray[np.float32] | np.float32) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def convolution(self, source: str, name: str, numbers: Convolution, stride: int = 1) -> None:
        weight = self.constant(f"{name}.weight", numbers.weight)
        bias = self.constant(f"{name}.bias", numbers.bias)
        kernel = list(numbers.weight.shape[2:])
        self.node("Conv", [source, weight, bias], name, kernel_shape=kernel, pads=[1] * 4, strides=[stride] * 2)

    def model(self, name: str, metadata: Mapping[str, str]) -> bytes:
        planes = [helper.make_tensor_value_info(end, TensorProto.UINT8, ["N", 1, "H", "W"]) for end in (INPUT, OUTPUT)]
        graph = helper.make_graph(self._nodes, name, planes[:1], planes[1:], self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR, producer_name="acutance"
        )
        helper.set_model_props(model, {"name": name, **metadata})
        onnx.checker.check_model(model)
        serialized: bytes = model.SerializeToString()
        return serialized
