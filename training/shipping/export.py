"""Export of a run: the ONNX graph, its model card, and half precision for GPUs."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from acutance.model.nets.export import to_onnx
from acutance.training.checkpoints.provenance import commit
from acutance.training.data.pictures import DataError
from acutance.training.evaluation.rows import Row
from acutance.training.shipping import parity
from acutance.training.shipping.card import make_card
from acutance.training.shipping.finished_run import FinishedRun

Precision = Literal["fp32", "fp16"]


def export_run(
    run: FinishedRun,
    out: Path,
    name: str,
    evaluate: Callable[[Path], list[Row]],
    metrics: tuple[str, ...],
    precisions: tuple[Precision, ...] = ("fp32",),
) -> list[Row]:
    """Export the student of a run, check it, evaluate it and write its files; none is written if a check fails.

    Args:
        run: The run.
        out: The ONNX file to write; the card gets the suffix `.json`, half precision the suffix `.fp16.onnx`.
        name: Name of the student.
        evaluate: Evaluates an ONNX file.
        metrics: Names of the metrics of `evaluate`.
        precisions: `fp16` to write half precision too; `fp32` is always written.

    Returns:
        The rows of `evaluate`.

    Raises:
        ExportError: The output of the graph differs from that of the student.
        DataError: `out` does not end in .onnx, or a set cannot be read.
    """
    if out.suffix != ".onnx":
        raise DataError(f"--out must be the name of an .onnx file, not {out}")
    metadata = {
        "name": name,
        "commit": commit(),
        "recipe": json.dumps(run.record.recipe),
        "steps": str(run.state.step),
        "licence": "Apache-2.0",
    }
    model = to_onnx(run.student, metadata)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as scratch:
        file = Path(scratch) / out.name
        file.write_bytes(model)
        differences = {"fp32": parity.check(file, run.student)}
        half = file.with_suffix(".fp16.onnx")
        if "fp16" in precisions:
            half.write_bytes(to_onnx(run.student, metadata, half=True))
            differences["fp16"] = max(parity.check(half, run.student), parity.check_half(run.student))
        rows = evaluate(file)
        card = make_card(name, model, run, rows, metrics, differences)
        text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
        file.with_suffix(".json").write_text(text, encoding="utf-8")
        file.with_suffix(".json").replace(out.with_suffix(".json"))
        if "fp16" in precisions:
            half.replace(out.with_suffix(".fp16.onnx"))
        file.replace(out)
    return rows
