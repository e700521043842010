"""Exports a trained student from torch to the ONNX graph that the engine runs.

The graph is written node by node: the uint8 planes are cast to float, the scaling to 0..1 and back is folded into the
first and the last convolution, batch norm is folded, and rounding, clipping and the cast to uint8 are inside.

    planes -> Cast -> Conv Relu (Conv Relu  Conv + Relu)... -> Conv -> * strength -> shuffle -> + -> QuantizeLinear
    luma of them -> Cast -----------------------------------------------------------------------+

Each node that ONNX Runtime runs on several threads wakes them once: QuantizeLinear rounds, clips and casts in one such
node instead of three.

The graph of a student that takes a plate computes the gate, from planes that are reduced by 2. Nothing is added to it;
`acutance.model.memory.gated` reduces the planes and applies the gate. Inside the graph, every operation on planes of
full size would take a pass of float32 through memory, and all of them more time than the convolutions.

The graph of a student with colour takes U and V as a last plane, side by side, each row twice, so that there is one
head and one tail. The tail's outputs become three rows for each row of the half grid: two of luma, one of U and V.

    tail -> * strength -> three rows of corrections -----------> + -> QuantizeLinear
    planes -> two rows of luma, every second one of U and V -> Cast +

Everything is added and rounded at once. Cutting the corrections of chroma out first took 4 % of `small`'s time.

For GPUs, everything before the last sum is computed in half precision, and hints are an input of four bytes, which the
graph spreads over the frame: a plane of them would double what is copied to the device.

    hints -> Cast -> Expand to the half grid -> DepthToSpace -+
    planes -> Cast -------------------------------------------+-> Concat -> Conv ...

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

from acutance.model.hints import COUNT
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Convolution, Student, convolutions

PLANES, HINTS, STRENGTH, OUTPUT = "planes", "hints", "strength", "sharpened"
# All operators are unchanged since opset 13; ONNX Runtime reads opset 17 and IR 8 since 1.14.
_OPSET, _IR = 17, 8
_END = np.iinfo(np.int64).max
PARITY = 1
"""Maximum difference between ONNX Runtime and torch in grey levels: sums in another order round differently."""


class ExportError(RuntimeError):
    """A graph does not compute what the student computes; the message says by how much they differ."""


def to_onnx(student: Student, metadata: Mapping[str, str], *, half: bool = False) -> bytes:
    """Write a student as an ONNX model.

    Inputs: `planes`, uint8 `[N, P, H, W]` with luma; for a student that takes hints, the plane that
    `acutance.model.hints.fill` writes; `strength`, float32 `[N, 1, 1, 1]`, the factor of the correction, 1 as trained.
    Output: `sharpened`, uint8 `[N, 1, H, W]`. H and W are even. In half precision the plane of hints is replaced by an
    input after `planes`: `hints`, uint8 `[N, 4, 1, 1]`, see `acutance.model.hints.Hints.codes`.

    For a student with colour, a last plane has U and V side by side, each row twice: see
    `acutance.model.nets.half_grid.chroma_plane`. Its output is uint8 `[N, H / 2, 3, W]`: two rows of luma, and one of U
    and V side by side.

    For a student that takes a plate, luma is reduced by 2, two more planes follow, the plate and its absolute
    difference from luma, both reduced by 2, and the output is the gate, 255 for 1; see
    `acutance.model.nets.half_grid.reduced`.

    Args:
        student: The student; its batch norm is folded with the running statistics.
        metadata: Entries for the file's metadata, in addition to the student's shape.
        half: Whether to write it in half precision.
    """
    graph = _Graph(half)
    hint_bytes = half and student.shape.hinted
    white = np.float32(255)
    head, *body, tail = convolutions(student)
    graph.node("Cast", [PLANES], "grey", to=graph.element)
    if hint_bytes:
        graph.spread_hints(alone=student.shape.planes == 2)
    first = "grey_and_hints" if hint_bytes else "grey"
    graph.convolution(first, "head", Convolution(head.weight / white, head.bias), stride=2)
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
    planes = student.shape.planes - hint_bytes
    base = graph.rows_of_all(planes) if student.shape.colour else graph.luma(planes)
    graph.correction(base, student.shape.outputs)
    result = "correction"
    if not student.shape.plate:
        graph.node("Cast", [base], "grey_base", to=TensorProto.FLOAT)
        graph.node("Add", ["correction", "grey_base"], "corrected")
        result = "corrected"
    one, zero = graph.constant("one", np.float32(1)), graph.constant("zero", np.uint8(0))
    graph.node("QuantizeLinear", [result, one, zero], OUTPUT)
    return graph.model(student.shape, planes, hint_bytes, metadata)


class _Graph:
    """An ONNX graph under construction."""

    def __init__(self, half: bool) -> None:
        self.element = TensorProto.FLOAT16 if half else TensorProto.FLOAT
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: list[str], *outputs: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], **attributes))

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def luma(self, planes: int) -> str:
        return PLANES if planes == 1 else self._slice("luma", 0, 1)

    def spread_hints(self, *, alone: bool) -> None:
        """Add the nodes from `grey`, `[N, P, H, W]`, and the hints to `grey_and_hints`, `[N, P + 1, H, W]`.

        All of them run on a GPU: sums and products of sizes would run on the CPU. A pool of single pixels has the size
        of the half grid.
        """
        self.node("MaxPool", ["grey"], "grid", kernel_shape=[1, 1], strides=[2, 2])
        grid = "grid"
        if not alone:
            grid = self._slice("one_of_grid", 0, 1, "grid")
        self.node("Shape", [grid], "grid_size")
        self.node("Cast", [HINTS], "codes", to=self.element)
        self.node("Expand", ["codes", "grid_size"], "cells_of_hints")
        self.node("DepthToSpace", ["cells_of_hints"], "hint_plane", blocksize=2)
        if alone:
            self.node("Concat", ["grey", "hint_plane"], "grey_and_hints", axis=1)
            return
        luma, rest = self._slice("grey_first", 0, 1, "grey"), self._slice("grey_rest", 1, _END, "grey")
        self.node("Concat", [luma, "hint_plane", rest], "grey_and_hints", axis=1)

    def rows_of_all(self, planes: int) -> str:
        """Add the nodes from `planes` planes, the last one of chroma, to `rows_of_all`, uint8 `[N, h, 3, W]`."""
        shapes = {rows: self.constant(f"{rows}_rows", np.array([0, -1, rows, 0])) for rows in (2, 1)}
        self.node("Reshape", [self.luma(planes), shapes[2]], "rows_of_luma")
        ends = {"first": [planes - 1, 0], "past": [planes, _END], "axes": [1, 2], "steps": [1, 2]}
        inputs = [self.constant(f"chroma.{name}", np.array(values)) for name, values in ends.items()]
        self.node("Slice", [PLANES, *inputs], "chroma")
        self.node("Reshape", ["chroma", shapes[1]], "rows_of_chroma")
        self.node("Concat", ["rows_of_luma", "rows_of_chroma"], "rows_of_all", axis=2)
        return "rows_of_all"

    def correction(self, base: str, outputs: int) -> None:
        """Add the nodes from `tail`, `[N, outputs, h, w]`, to `correction`, which has the shape of `base`."""
        self.node("Transpose", ["tail"], "pixels", perm=[0, 2, 3, 1])
        half = self.element == TensorProto.FLOAT16
        strength = STRENGTH
        if half:
            self.node("Cast", [STRENGTH], "half_strength", to=self.element)
            strength = "half_strength"
        self.node("Mul", ["pixels", strength], "scaled")
        self.node("Reshape", ["scaled", self.constant("cells", np.array([0, 0, -1, outputs // 2, 2]))], "squares")
        self.node("Transpose", ["squares"], "rows", perm=[0, 1, 3, 2, 4])
        self.node("Shape", [base], "size")
        self.node("Reshape", ["rows", "size"], "half_correction" if half else "correction")
        if half:
            # The sum is computed in single precision: above 128, half has steps of an eighth of a grey level.
            self.node("Cast", ["half_correction"], "correction", to=TensorProto.FLOAT)

    def _slice(self, name: str, first: int, past: int, source: str = PLANES) -> str:
        ends = [self.constant(f"{name}.{end}", np.array([at])) for end, at in (("first", first), ("past", past))]
        self.node("Slice", [source, *ends, self.constant(f"{name}.axis", np.array([1]))], name)
        return name

    def convolution(self, source: str, name: str, numbers: Convolution, stride: int = 1) -> None:
        # The head's kernel of 4 with stride 2 needs one row of padding on each side, like a kernel of 3; 1 needs none.
        element = np.float16 if self.element == TensorProto.FLOAT16 else np.float32
        weight = self.constant(f"{name}.weight", numbers.weight.astype(element))
        bias = self.constant(f"{name}.bias", numbers.bias.astype(element))
        kernel = list(numbers.weight.shape[2:])
        self.node(
            "Conv",
            [source, weight, bias],
            name,
            kernel_shape=kernel,
            pads=[(kernel[0] - 1) // 2] * 4,
            strides=[stride] * 2,
        )

    def model(self, shape: StudentShape, planes: int, hint_bytes: bool, metadata: Mapping[str, str]) -> bytes:
        uint8 = TensorProto.UINT8
        inputs = [
            helper.make_tensor_value_info(PLANES, uint8, ["N", planes, "H", "W"]),
            *([helper.make_tensor_value_info(HINTS, uint8, ["N", COUNT, 1, 1])] if hint_bytes else []),
            helper.make_tensor_value_info(STRENGTH, TensorProto.FLOAT, ["N", 1, 1, 1]),
        ]
        size: list[str | int | None] = ["N", "h", 3, "W"] if shape.colour else ["N", 1, "H", "W"]
        outputs = [helper.make_tensor_value_info(OUTPUT, uint8, size)]
        graph = helper.make_graph(self._nodes, shape.name, inputs, outputs, self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR, producer_name="acutance"
        )
        helper.set_model_props(model, {"shape": shape.name, **metadata})
        onnx.checker.check_model(model)
        serialized: bytes = model.SerializeToString()
        return serialized
