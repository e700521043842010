"""The command line from a folder of pictures to a student that the engine runs, and its error messages."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from acutance.model.engine.engine import Engine
from acutance.training.cli import main as cli
from tests.training.conftest import draw
from tests.training.run.test_runs import write_recipe

pytestmark = pytest.mark.training

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line; returns exit status, output and errors."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["acutance-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        output = capsys.readouterr()
        return int(end.value.code or 0), output.out, output.err

    return command


@pytest.mark.timeout(300)
def test_from_a_folder_of_pictures_to_a_student_that_is_served(run: Run, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    for index in range(6):
        (pictures / "people").mkdir(parents=True, exist_ok=True)
        draw(index, (240, 200)).save(pictures / "people" / f"{index}.png")
    (pictures / "people" / "broken.png").write_text("no picture")

    status, output, errors = run(
        "prepare", pictures, "--out", tmp_path / "set", "--val-share", 0.2, "--processes", 1, "--licence", "CC0"
    )
    assert status == 0, errors
    assert "broken.png cannot be read" in output

    recipe = write_recipe(tmp_path / "tiny.toml")
    status, output, errors = run(
        "distil", "--data", tmp_path / "set", "--recipe", recipe, "--out", tmp_path / "run", "--processes", 1
    )
    assert status == 0, errors
    assert "8 of 8 steps" in output

    file = tmp_path / "mine.onnx"
    status, output, errors = run("export", tmp_path / "run", "--out", file, "--processes", 1)
    assert status == 0, errors
    card = json.loads(file.with_suffix(".json").read_text())
    assert (card["name"], card["shape"]) == ("mine", "r2c8n1h")
    assert card["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()

    engine = Engine.open(file, provider="cpu")
    assert engine.student.parameters == card["parameters"]
    assert engine.sharpen(np.zeros((48, 65), np.uint8)).shape == (48, 65)

    table = tmp_path / "table.md"
    status, output, errors = run(
        "evaluate", "input", "unsharp", file, "--set", pictures / "people", "--degradation", "bicubic2",
        "--markdown", table, "--processes", 1,
    )  # fmt: skip
    assert status == 1
    assert "broken.png" in errors
    (pictures / "people" / "broken.png").unlink()
    status, output, errors = run(
        "evaluate", "input", "unsharp", file, "--set", pictures / "people", "--degradation", "bicubic2",
        "--markdown", table, "--processes", 1,
    )  # fmt: skip
    assert status == 0, errors
    assert "unsharp" in table.read_text()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("prepare", "nowhere", "--out", "set"), "nowhere is not a folder"),
        (("distil", "--data", "nowhere", "--out", "run"), "holds no training set"),
        (("distil", "--data", ".", "--recipe", "sharpest", "--out", "run"), "sharpest is neither"),
        (("evaluate", "sharpest", "--set", "."), "sharpest"),
        (("export", "nowhere", "--out", "x.onnx"), "nowhere is not a run"),
        (("study", "nowhere.toml", "--data", ".", "--out", "runs"), "nowhere.toml cannot be read"),
    ],
)
def test_errors_are_one_sentence(
    run: Run, arguments: tuple[str, ...], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, errors = run(*arguments)
    assert status == 1
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert why in errors
