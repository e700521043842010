"""Exports a trained student from torch to the ONNX graph that the engine runs.

The graph is written node by node: the uint8 planes are cast to float, the scaling to 0..1 and back is folded into the
first and the last convolution, batch norm is folded, and rounding, clipping and the cast to uint8 are inside.

    planes -> Cast -> Conv Relu (Conv Relu  Conv + Relu)... -> Conv -> * strength -> shuffle -> + -> QuantizeLinear
    luma of them -> Cast -----------------------------------------------------------------------+

Each node that ONNX Runtime runs on several threads wakes them once: QuantizeLinear rounds, clips and casts in one such
node instead of three.

A student that takes a plate has eight outputs in its tail: corrections c and gates g. With the plate p, its fit f and
the luma l, the end of its graph computes l + strength * min(8 f, 1) (c + clip(g) (p - l)).

The pixel shuffle is written as two transpositions. ONNX Runtime merges the first one with its conversion from its own
feature layout, and the second one moves pairs of neighbours at once. DepthToSpace takes longer in its profiler, and
runs on a single thread.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from acutance.model.nets.half_grid import COVERED
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Convolution, Student, convolutions

PLANES, STRENGTH, OUTPUT = "planes", "strength", "sharpened"
# All operators are unchanged since opset 13; ONNX Runtime reads opset 17 and IR 8 since 1.14.
_OPSET, _IR = 17, 8
PARITY = 1
"""Maximum difference between ONNX Runtime and torch in grey levels: sums in another order round differently."""


class ExportError(RuntimeError):
    """A graph does not compute what the student computes; the message says by how much they differ."""


def to_onnx(student: Student, metadata: Mapping[str, str]) -> bytes:
    """Write a student as an ONNX model.

    Inputs: `planes`, uint8 `[N, P, H, W]` with luma; for a student that takes hints, the plane that
    `acutance.model.hints.fill` writes; for a student that takes a plate, the two planes of
    `acutance.model.memory.plate_planes.PlatePlanes`; `strength`, float32 `[N, 1, 1, 1]`, the factor
    of the correction, 1 as trained. Output: `sharpened`, uint8 `[N, 1, H, W]`. H and W are even.

    Args:
        student: The student; its batch norm is folded with the running statistics.
        metadata: Entries for the file's metadata, in addition to the student's shape.
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
    scale = np.ones(student.shape.outputs, np.float32)
    scale[:4] = white
    graph.convolution(block, "tail", Convolution(tail.weight * scale[:, None, None, None], tail.bias * scale))
    luma = graph.luma(student.shape.planes)
    graph.node("Transpose", ["tail"], "pixels", perm=[0, 2, 3, 1])
    graph.node("Cast", [luma], "grey_luma", to=TensorProto.FLOAT)
    if student.shape.plate:
        graph.crossfade()
    else:
        graph.correction(luma)
    graph.node("Add", ["correction", "grey_luma"], "corrected")
    one, zero = graph.constant("one", np.float32(1)), graph.constant("zero", np.uint8(0))
    graph.node("QuantizeLinear", ["corrected", one, zero], OUTPUT)
    return graph.model(student.shape, metadata)


class _Graph:
    """An ONNX graph under construction."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: list[str], *outputs: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], **attributes))

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def luma(self, planes: int) -> str:
        return PLANES if planes == 1 else self._slice("luma", 0, 1)

    def correction(self, luma: str) -> None:
        """Add the nodes from `pixels`, `[N, h, w, 4]`, to `correction`, `[N, 1, H, W]`."""
        self.node("Mul", ["pixels", STRENGTH], "scaled")
        self.node("Reshape", ["scaled", self.constant("cells", np.array([0, 0, -1, 2, 2]))], "squares")
        self.node("Transpose", ["squares"], "rows", perm=[0, 1, 3, 2, 4])
        self.node("Shape", [luma], "size")
        self.node("Reshape", ["rows", "size"], "correction")

    def crossfade(self) -> None:
        """Add the nodes from `pixels`, `[N, h, w, 8]`, and the planes of the plate to `correction`, `[N, 1, H, W]`."""
        remembered = self._slice("remembered", -2, np.iinfo(np.int64).max)
        self.node("Cast", [remembered], "grey_remembered", to=TensorProto.FLOAT)
        self.node("Split", ["grey_remembered"], "grey_plate", "grey_fit", axis=1)
        self.node("Reshape", ["pixels", self.constant("cells", np.array([0, 0, -1, 2, 2, 2]))], "squares")
        self.node("Transpose", ["squares"], "rows", perm=[0, 3, 1, 4, 2, 5])
        self.node("Shape", [remembered], "size")
        self.node("Reshape", ["rows", "size"], "values")
        self.node("Split", ["values"], "detail", "gate", axis=1)
        none, whole = self.constant("none", np.float32(0)), self.constant("whole", np.float32(1))
        self.node("Clip", ["gate", none, whole], "open")
        self.node("Sub", ["grey_plate", "grey_luma"], "difference")
        self.node("Mul", ["open", "difference"], "taken")
        self.node("Add", ["taken", "detail"], "change")
        self.node("Mul", ["grey_fit", self.constant("covered", np.float32(COVERED / 255))], "share")
        self.node("Min", ["share", whole], "mask")
        self.node("Mul", ["change", "mask"], "masked")
        self.node("Mul", ["masked", STRENGTH], "correction")

    def _slice(self, name: str, first: int, past: int) -> str:
        ends = [self.constant(f"{name}.{end}", np.array([at])) for end, at in (("first", first), ("past", past))]
        self.node("Slice", [PLANES, *ends, self.constant(f"{name}.axis", np.array([1]))], name)
        return name

    def convolution(self, source: str, name: str, numbers: Convolution, stride: int = 1) -> None:
        # The head's kernel of 4 with stride 2 needs one row of padding on each side, like a kernel of 3; 1 needs none.
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
