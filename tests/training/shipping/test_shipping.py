import copy
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
import typer
from typer.testing import CliRunner

from acutance.model.engine.engine import Engine
from acutance.model.hints import COUNT
from acutance.model.nets.export import ExportError, to_onnx
from acutance.model.nets.shape import StudentShape, TeacherShape
from acutance.model.nets.student import Student
from acutance.model.nets.teacher import Teacher
from acutance.training.checkpoints.checkpoint import State, save_weights
from acutance.training.checkpoints.run_record import RunRecord
from acutance.training.cli.export import export
from acutance.training.data.pictures import DataError
from acutance.training.shipping import parity
from tests.model.students import lived_in

app = typer.Typer()
app.command()(export)


def write_run(folder: Path, network: Student | Teacher) -> Path:
    folder.mkdir()
    RunRecord(
        recipe={"name": "tiny", "seed": 3, "losses": {"truth": {"kind": "decibel"}}},
        sources=["set"],
        validation=["people/a"],
        pictures={"people": ["people/b", "people/c"]},
        skipped=[],
        commit="abc",
        host="here",
        versions={},
        started="2026-01-01T00:00:00+00:00",
        licences={"public domain or CC0": 2},
        teacher={"name": "teacher-c48b6h", "file": "t.safetensors", "sha256": "00"},
    ).write(folder)
    weights = network.state_dict()
    save_weights(folder / "last.safetensors", State(step=8, seconds=90.0, best=1.0), network, weights, {})
    return folder


@pytest.fixture(scope="module")
def student() -> Student:
    return lived_in(StudentShape(8, 2, hinted=True))


def test_random_pictures_are_a_hundred_of_odd_sizes_too_and_always_the_same() -> None:
    first, again = list(parity.random_pictures()), list(parity.random_pictures())
    assert len(first) == 100
    assert sum(luma.shape[0] % 2 or luma.shape[1] % 2 for luma, _ in first) > 50
    assert all((a == b).all() and known == told for (a, known), (b, told) in zip(first, again, strict=True))
    assert len({hints for _, hints in first}) == 100
    codes = np.array([hints.codes for _, hints in first])
    assert (np.ptp(codes, axis=0) > 200).all()


def test_parity_holds_for_the_student_and_not_for_another(student: Student, tmp_path: Path) -> None:
    file = tmp_path / "own.onnx"
    file.write_bytes(to_onnx(student, {}))
    assert parity.check(file, student, count=20) <= 1
    with pytest.raises(ExportError, match=r"differs from torch by \d+ grey levels on a random picture"):
        parity.check(file, lived_in(StudentShape(8, 2, hinted=True), seed=5), count=20)


def test_a_run_becomes_a_file_that_the_engine_runs_and_a_card(student: Student, pictures: Path, tmp_path: Path) -> None:
    run, out = write_run(tmp_path / "run", student), tmp_path / "out" / "mine.onnx"
    order = [str(run), "--out", str(out), "--set", f"{pictures}:bicubic2", "--precision", "fp16", "--processes", "1"]
    result = CliRunner().invoke(app, order)
    assert result.exit_code == 0, (result.output, result.exception)
    assert sorted(file.name for file in out.parent.iterdir()) == ["mine.fp16.onnx", "mine.json", "mine.onnx"]
    engine = Engine.open(out, provider="cpu", threads=1)
    assert (engine.student.name, engine.student.parameters) == ("mine", student.shape.parameters)
    card = json.loads(out.with_suffix(".json").read_text())
    assert {"name", "grid", "parameters", "mac_per_pixel", "sha256"} <= card.keys()
    assert (card["shape"], card["hinted"]) == ("r2c8n2h", True)
    assert card["training"]["teacher"]["name"] == "teacher-c48b6h"
    assert card["training"]["perceptual_network"] is None
    assert card["training"]["losses"] == {"truth": {"kind": "decibel"}}
    assert card["training"]["licences"] == {"public domain or CC0": 2}
    assert set(card["export"]["parity_grey_levels"]) == {"fp32", "fp16"}
    assert {row["method"] for row in card["quality"]["rows"]} == {"input", "unsharp", "mine"}
    metadata = ort.InferenceSession(out, providers=["CPUExecutionProvider"]).get_modelmeta().custom_metadata_map
    assert metadata["name"] == "mine"
    assert metadata["shape"] == "r2c8n2h"


@pytest.mark.parametrize("hint", range(COUNT))
def test_parity_fails_for_a_graph_that_reads_one_hint_differently(student: Student, tmp_path: Path, hint: int) -> None:
    other = copy.deepcopy(student)
    with torch.no_grad():
        row, column = divmod(hint, 2)
        # With a kernel of 4, stride 2 and one row of padding, the head reads each hint at four places.
        other.head[0].weight[:, 1, (1 + row) % 2 :: 2, (1 + column) % 2 :: 2] *= 0.9
    (tmp_path / "other.onnx").write_bytes(to_onnx(other, {}))
    with pytest.raises(ExportError, match="differs from torch"):
        parity.check(tmp_path / "other.onnx", student)


def test_half_precision_gives_the_same_picture_within_a_grey_level(student: Student, tmp_path: Path) -> None:
    half, single = tmp_path / "half.onnx", tmp_path / "single.onnx"
    single.write_bytes(to_onnx(student, {}))
    half.write_bytes(to_onnx(student, {}, half=True))
    weights = {one.name: one.data_type for one in onnx.load(half).graph.initializer}
    assert weights["body0.weight"] == onnx.TensorProto.FLOAT16
    luma, hints = next(parity.random_pictures(1))
    one, other = (Engine.open(file, provider="cpu", threads=1).sharpen(luma, hints=hints) for file in (single, half))
    assert np.abs(one.astype(int) - other).max() <= 1


def test_half_precision_is_computed_in_half_for_the_parity_check(student: Student) -> None:
    """On the CPU, ONNX Runtime computes the convolutions of the file in single precision."""
    assert parity.check_half(student, 20) <= 1
    coarse = copy.deepcopy(student)
    with torch.no_grad():
        coarse.tail.weight *= 500
    with pytest.raises(ExportError, match="in half precision differs by"):
        parity.check_half(coarse, 20)


def test_nothing_is_written_after_an_error(student: Student, tmp_path: Path) -> None:
    run, out = write_run(tmp_path / "run", student), tmp_path / "out" / "mine.onnx"
    for order, words in (
        ([str(run), "--out", str(tmp_path / "mine.pt")], "name of an .onnx file"),
        ([str(run), "--out", str(out), "--precision", "int8"], "'int8' is not a precision"),
        ([str(tmp_path), "--out", str(out)], "is not a run of acutance-train"),
        ([str(run), "--out", str(out), "--set", "nowhere"], "nowhere is neither a folder nor"),
        ([str(run), "--out", str(out), "--checkpoint", "best"], "best.safetensors"),
    ):
        result = CliRunner().invoke(app, order)
        assert isinstance(result.exception, DataError), result.output
        assert words in str(result.exception)
    assert not out.exists()


def test_a_teacher_is_not_exported(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", Teacher(TeacherShape(8, 1)))
    result = CliRunner().invoke(app, [str(run), "--out", str(tmp_path / "mine.onnx")])
    assert "only students are exported" in str(result.exception)
