import hashlib
import json
from pathlib import Path

import onnxruntime as ort
import pytest

from acutance.model.engine import catalog, parity
from acutance.model.engine.buffers import InputLayout
from acutance.model.engine.engine import Engine


def test_every_weight_has_a_card_that_tells_its_hash() -> None:
    files = {file.stem for file in catalog.WEIGHTS.glob("*.onnx") if not file.name.endswith(".fp16.onnx")}
    assert files == set(catalog.shipped())
    assert catalog.DEFAULT in files
    for student in catalog.shipped().values():
        assert hashlib.sha256(student.file.read_bytes()).hexdigest() == student.sha256


def test_every_student_for_calls_has_a_file_in_half_precision_with_the_same_pictures() -> None:
    halves = sorted(catalog.WEIGHTS.glob("*.fp16.onnx"))
    assert {file.name.partition(".")[0] for file in halves} >= set(catalog.LADDER)
    for half in halves:
        single = Engine.open(half.with_name(half.name.replace(".fp16", "")), provider="cpu", threads=1)
        assert parity.difference(Engine.open(half, provider="cpu", threads=1), single) <= parity.TOLERANCE, half.name
        assert InputLayout.of(ort.InferenceSession(half, providers=["CPUExecutionProvider"])).hint_bytes


def test_a_file_is_found_with_and_without_a_card(tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    file.write_bytes(b"")
    assert catalog.find(file) == catalog.Student(name="mine", file=file)
    card = {"name": "mine too", "shape": "r2c8n1h", "grid": 4, "parameters": 7, "mac_per_pixel": 1.5, "sha256": "00"}
    file.with_suffix(".json").write_text(json.dumps(card))
    assert catalog.find(str(file)) == catalog.Student("mine too", file, "r2c8n1h", 4, 7, 1.5, "00")


def test_a_missing_file_is_an_unknown_student(tmp_path: Path) -> None:
    with pytest.raises(catalog.UnknownStudentError, match="nowhere"):
        catalog.find(tmp_path / "nowhere.onnx")
