"""Torch to ONNX: a trained student becomes the graph that the engine runs.

The graph is written node by node, as it is to be computed: the uint8 planes are cast to float, the scaling to 0..1
and back is folded into the first and the last convolution, batch norm is folded, and rounding, clipping and
the cast to uint8 are inside.

    planes -> Cast -> Conv Relu (Conv Relu  Conv + Relu)... -> Conv -> * strength -> round -> DepthToSpace -> + luma

For the CPU the correction becomes bytes, 128 for none, before it is shuffled to its places: luma is whole, so rounding
the correction gives what rounding the sum would. A quarter of the memory is moved, and ONNX Runtime adds the two, which
stand here as DequantizeLinear, Add, QuantizeLinear, in one pass over bytes. Beside the same graph in floats, in one run
at 720p: `nano` took 0.93 of the time, `small` 0.95 (one thread of an AMD EPYC with AVX-512).

GPUs shuffle floats: their provider knows no DepthToSpace of bytes, and one node of another provider costs a way to the
host and back.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from model.nets.shape import StudentShape
from model.nets.student import STRONGEST, Convolution, Student, convolutions

PLANES, STRENGTH, OUTPUT = "planes", "strength", "sharpened"
# Every operator is as it has been since opset 13; 17 and IR 8 are read by every ONNX Runtime from 1.14 on.
_OPSET, _IR = 17, 8
PARITY = 1
"""Grey levels by which ONNX Runtime and torch may differ: sums in another order round another way."""

Luma = NDArray[np.uint8]


class ExportError(RuntimeError):
    """A graph that does not compute what the student computes; the message says by how much."""


def to_onnx(student: Student, metadata: Mapping[str, str], *, in_bytes: bool = True) -> bytes:
    """Write a student as an ONNX model.

    Inputs: `planes` uint8 `[N, 1, H, W]`, luma, or `[N, 2, H, W]`, luma and the plane that `model.hints.fill`
    writes, for a student that takes hints; `strength` float32 `[N, 1, 1, 1]`, what the correction is multiplied
    with, 1 as it was trained. Output: `sharpened` uint8 `[N, 1, H, W]`. H and W are even.

    Args:
        student: The student; its batch norm is folded with the running statistics.
        metadata: Kept in the file's metadata, beside the student's name.
        in_bytes: Whether the correction is shuffled and added as bytes, as is faster on CPUs.
    """
    graph = _Graph()
    white = np.float32(255)
    head, *body, tail = convolutions(student)
    graph.node("Cast", [PLANES], "grey", to=TensorProto.FLOAT)
    graph.convolution("grey", "head", Convolution(head.weight / white, head.bias), stride=2)
    graph.node("Relu", ["head"], "features")
    block, index = "features", 0
    for length in student.shape.blocks:
        previous = block
        for left in range(length - 1, -1, -1):
            graph.convolution(previous, f"body{index}", body[index])
            summed = f"body{index}"
            if left == 0:
                summed = f"sum{index}"
                graph.node("Add", [f"body{index}", block], summed)
            previous = f"relu{index}"
            graph.node("Relu", [summed], previous)
            index += 1
        block = previous
    graph.convolution(block, "tail", Convolution(tail.weight * white, tail.bias * white))
    graph.node("Mul", ["tail", STRENGTH], "scaled")
    luma = graph.luma(student.shape.planes)
    if in_bytes:
        graph.add_bytes("scaled", luma)
    else:
        graph.add_floats("scaled", luma)
    return graph.model(student.shape, metadata)


class _Graph:
    """An ONNX graph in the making."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def luma(self, planes: int) -> str:
        if planes == 1:
            return PLANES
        ends = [self.constant(name, np.array([value])) for name, value in (("first", 0), ("past", 1), ("axis", 1))]
        self.node("Slice", [PLANES, *ends], "luma")
        return "luma"

    def add_bytes(self, correction: str, luma: str) -> None:
        one, zero = self.constant("one", np.float32(1)), self.constant("zero", np.uint8(0))
        none = self.constant("none", np.uint8(-STRONGEST[0]))
        self.node("QuantizeLinear", [correction, one, none], "steps")
        self.node("DepthToSpace", ["steps"], "shuffled", blocksize=2, mode="CRD")
        self.node("DequantizeLinear", ["shuffled", one, none], "correction")
        self.node("DequantizeLinear", [luma, one, zero], "grey_luma")
        self.node("Add", ["correction", "grey_luma"], "corrected")
        self.node("QuantizeLinear", ["corrected", one, zero], OUTPUT)

    def add_floats(self, correction: str, luma: str) -> None:
        least, most = (
            self.constant(name, np.float32(end)) for name, end in zip(("least", "most"), STRONGEST, strict=True)
        )
        one, zero = self.constant("one", np.float32(1)), self.constant("zero", np.uint8(0))
        self.node("Clip", [correction, least, most], "clipped")
        self.node("DepthToSpace", ["clipped"], "correction", blocksize=2, mode="CRD")
        self.node("Cast", [luma], "grey_luma", to=TensorProto.FLOAT)
        self.node("Add", ["correction", "grey_luma"], "corrected")
        self.node("QuantizeLinear", ["corrected", one, zero], OUTPUT)

    def convolution(self, source: str, name: str, numbers: Convolution, stride: int = 1) -> None:
        # The head's kernel of 4 with stride 2 takes one row on each side, as 3 does; 1 takes none.
        weight = self.constant(f"{name}.weight", numbers.weight)
        bias = self.constant(f"{name}.bias", numbers.bias)
        kernel = list(numbers.weight.shape[2:])
        self.node(
            "Conv",
            [source, weight, bias],
            name,
            kernel_shape=kernel,
            pads=[(kernel[0] - 1) // 2] * 4,
            strides=[stride] * 2,
        )

    def model(self, shape: StudentShape, metadata: Mapping[str, str]) -> bytes:
        uint8 = TensorProto.UINT8
        ends = [
            helper.make_tensor_value_info(PLANES, uint8, ["N", shape.planes, "H", "W"]),
            helper.make_tensor_value_info(STRENGTH, TensorProto.FLOAT, ["N", 1, 1, 1]),
            helper.make_tensor_value_info(OUTPUT, uint8, ["N", 1, "H", "W"]),
        ]
        graph = helper.make_graph(self._nodes, shape.name, ends[:2], ends[2:], self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR, producer_name="acutance"
        )
        helper.set_model_props(model, {"shape": shape.name, **metadata})
        onnx.checker.check_model(model)
        serialized: bytes = model.SerializeToString()
        return serialized
