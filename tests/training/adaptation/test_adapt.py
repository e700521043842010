import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from rich.console import Console

from acutance.model.engine.engine import Engine
from acutance.model.nets.export import to_onnx
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student
from acutance.training.adaptation.adapt import Adaptation, adapt
from acutance.training.data.pictures import DataError
from tests.training.adaptation.recorded import record

pytestmark = pytest.mark.training

SMALL = (
    "pairs.clips=8",
    "pairs.patches=8",
    "pairs.patch=96",
    "pairs.frame=[160,128]",
    "training.crop=64",
    "training.batch=4",
    'validation.degradations=["shrunk2-h264-1"]',
    "mixture.shrunk=1",
    "mixture.sharp=0",
    "mixture.reduction=[2,2]",
    "mixture.bits=[1,1]",
)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return record(tmp_path / "call.mp4", 96)


def start(tmp_path: Path, shape: str = "r2c8n1h") -> Path:
    file = tmp_path / "start.onnx"
    file.write_bytes(to_onnx(Student(StudentShape.parse(shape), batch_norm=False).eval(), {}))
    return file


def fit(how: Adaptation) -> object:
    return adapt(how, Console(quiet=True), lambda what: nullcontext(lambda done, total: None))


def test_a_student_that_knows_the_call_is_better_on_frames_kept_aside(tmp_path: Path, clip: Path) -> None:
    out = tmp_path / "mine.onnx"
    how = Adaptation(clip, start(tmp_path), out, tmp_path / "work", steps=500, changes=SMALL)
    after, before = fit(how)  # type: ignore[misc]
    assert after.gain_psnr > before.gain_psnr + 0.1
    assert Engine.open(out, provider="cpu", threads=1).student.shape == "r2c8n1h"
    card = json.loads(out.with_suffix(".json").read_text())
    assert card["training"]["init"].endswith("start.onnx")
    assert card["training"]["choice"]["score"] == "psnr"


def test_nothing_is_written_if_the_result_is_not_better(tmp_path: Path, clip: Path) -> None:
    out = tmp_path / "mine.onnx"
    spoiled = (*SMALL, "training.learning_rate=3.0", "training.warm_up=0")
    how = Adaptation(clip, start(tmp_path), out, tmp_path / "work", steps=4, changes=spoiled)
    with pytest.raises(DataError, match=r"the fitted student is not better than .*: nothing is written"):
        fit(how)
    assert not out.exists()


def test_what_is_no_onnx_file_is_refused(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(DataError, match=r"--out must be the name of an \.onnx file"):
        fit(Adaptation(clip, start(tmp_path), tmp_path / "mine.pt", tmp_path / "work"))
