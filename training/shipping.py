"""From a run to the two files that ship: the ONNX graph and its model card."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.engine import Engine
from model.export import check_parity, to_onnx
from model.nets.student import Student
from training.card import make_card
from training.checkpoint import State, load_student
from training.data import DataError, as_array, read_planes
from training.evaluate import Row
from training.run_record import Checkpoint, RunRecord, commit

_PARITY_SIZES = ((16, 16), (18, 34), (96, 96), (240, 426))
"""Heights and widths of the noise that parity is checked on: the smallest, odd halves, common ones."""
_PARITY_PICTURES = 3


@dataclass(frozen=True)
class Run:
    """A finished or interrupted fit: its student, where it was, what it was made of."""

    student: Student
    state: State
    record: RunRecord
    chosen: Checkpoint


def load_run(folder: Path, chosen: Checkpoint) -> Run:
    """Read a run.

    Raises:
        CheckpointError: `folder` is not a run, or has no such checkpoint yet.
    """
    record = RunRecord.read(folder)
    student, state = load_student(chosen.file(folder))
    return Run(student, state, record, chosen)


def ship(run: Run, out: Path, judge: Callable[[Engine], list[Row]], threads: int) -> list[Row]:
    """Export a run's student, check it, measure it and write both files; neither is written if anything fails.

    Args:
        run: What to export.
        out: The ONNX file; the card gets the same name with `.json`.
        judge: Measures the exported student.
        threads: CPU threads of the engine that is measured.

    Returns:
        What was measured.

    Raises:
        ExportError: The graph does not compute what the student computes.
        DataError: `out` is not an ONNX file's name, or a set cannot be read.
    """
    if out.suffix != ".onnx":
        raise DataError(f"--out must be the name of an .onnx file, not {out}")
    shape = run.student.shape
    metadata = {"commit": commit(), "recipe": json.dumps(run.record.recipe), "steps": str(run.state.step)}
    model = to_onnx(run.student, metadata)
    parity = check_parity(model, run.student, _parity_pictures(run.record))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as scratch:
        file = Path(scratch) / out.name
        file.write_bytes(model)
        rows = judge(Engine.open(file, provider="cpu", threads=threads))
        card = make_card(model, shape, run.record, run.state, run.chosen.value, rows, parity)
        text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
        file.with_suffix(".json").write_text(text, encoding="utf-8")
        file.with_suffix(".json").replace(out.with_suffix(".json"))
        file.replace(out)
    return rows


def _parity_pictures(record: RunRecord) -> list[NDArray[np.uint8]]:
    """Noise of several sizes, and some of the training pictures where they still are."""
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, size, np.uint8) for size in _PARITY_SIZES]
    paths = [Path(path) for paths in record.pictures.values() for path in paths[:1] if Path(path).is_file()]
    for path in paths[:_PARITY_PICTURES]:
        luma = as_array(read_planes(path).y)
        pictures.append(np.ascontiguousarray(luma[: luma.shape[0] // 2 * 2, : luma.shape[1] // 2 * 2]))
    return pictures
