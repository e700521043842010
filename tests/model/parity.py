"""Compares an exported graph with torch, without the engine; `training.shipping.parity` does it for shipped ones."""

from collections.abc import Iterable

import numpy as np
import onnxruntime as ort

from acutance.model.hints import Hints, fill
from acutance.model.nets.export import OUTPUT, PARITY, PLANES, STRENGTH, ExportError
from acutance.model.nets.student import Student, fold, sharpen
from acutance.model.planes import Plane


def check_parity(model: bytes, student: Student, inputs: Iterable[tuple[Plane, Hints]], tolerance: int = PARITY) -> int:
    """Compare the graph, on the CPU through ONNX Runtime, with torch.

    Args:
        model: What `to_onnx` gave.
        student: What it was given.
        inputs: uint8 `[H, W]`, H and W even, each with what is known of it.
        tolerance: Grey levels by which they may differ.

    Returns:
        The largest difference in grey levels.

    Raises:
        ExportError: It is larger than `tolerance`.
    """
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    folded = fold(student)
    strength = np.ones((1, 1, 1, 1), np.float32)
    worst = 0
    for luma, hints in inputs:
        planes = np.empty((1, student.shape.planes, *luma.shape), np.uint8)
        planes[0, 0] = luma
        if student.shape.hinted:
            fill(planes[0, 1], hints)
        (theirs,) = session.run([OUTPUT], {PLANES: planes, STRENGTH: strength})
        difference = theirs[0, 0].astype(np.int16) - sharpen(folded, luma, hints)
        worst = max(worst, int(np.abs(difference).max()))
        if worst > tolerance:
            height, width = luma.shape
            raise ExportError(
                f"the exported {student.shape.name} differs from torch by {worst} grey levels on a plane of "
                f"{width}x{height}; at most {tolerance} is allowed"
            )
    return worst
