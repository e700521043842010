"""The command line from pictures to a shipped student, and its errors in words."""

import hashlib
import json
from pathlib import Path

import pytest

from model.engine import Engine
from tests.training.conftest import RECIPE
from training import cli


def toml(value: object) -> str:
    return json.dumps(value)  # strings, numbers and lists of them are written alike


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    lines = [f"{key} = {toml(value)}" for key, value in RECIPE.items() if not isinstance(value, dict)]
    for section, keys in RECIPE.items():
        if isinstance(keys, dict):
            lines += [f"[{section}]", *(f"{key} = {toml(value)}" for key, value in keys.items())]
    file = tmp_path / "tiny.toml"
    file.write_text("\n".join(lines))
    return file


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command line; give its exit status, its output and its errors."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["acutance-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        output = capsys.readouterr()
        return int(end.value.code or 0), output.out, output.err

    return command


def test_from_pictures_to_a_shipped_student(run, pictures: Path, recipe_file: Path, tmp_path: Path) -> None:
    (pictures / "people" / "broken.png").write_text("no picture")
    try:
        fit = ("fit", pictures, "--out", tmp_path / "run", "--recipe", recipe_file, "--val", pictures)
        fit += ("--processes", 1, "--threads", 1)
        status, output, _ = run(*fit)
    finally:
        (pictures / "people" / "broken.png").unlink()
    assert status == 0
    assert "broken.png cannot be read" in output.replace("\n", "")
    assert "training: 5 pictures (3 people, 2 text)" in output
    assert "pairs: 6 of 6" in output
    assert "PSNR dB: identity" in output

    status, _, errors = run(*fit)
    assert status == 1
    assert "holds a run: --resume it" in errors

    recipe_file.write_text(recipe_file.read_text().replace("steps = 8", "steps = 12"))
    status, _, errors = run(*fit, "--resume")
    assert status == 1
    assert "was begun with another recipe" in errors

    student = tmp_path / "out" / "own.onnx"
    status, output, _ = run(
        "export", tmp_path / "run", "--out", student, "--degradation", "bicubic2", "--set", pictures
    )
    assert status == 0
    card = json.loads(student.with_suffix(".json").read_text())
    assert card["name"] == "r2c8n1"
    assert card["parameters"] == 17 * 8 + 73 * 8 + 36 * 8 + 4
    assert card["sha256"] == hashlib.sha256(student.read_bytes()).hexdigest()
    assert card["training"]["pictures"] == {"people": 3, "text": 2}
    assert card["training"]["licences"] == {"not catalogued": 5}
    assert [s for s in card["training"]["skipped"] if "broken.png" in s]
    assert card["training"]["recipe"]["pairs"]["clips"] == 6
    assert card["export"]["parity_grey_levels"] <= 1
    assert [row["degradation"] for row in card["quality"]["rows"]] == ["bicubic2"]
    assert Engine.open(student, provider="cpu").student.parameters == card["parameters"]
    assert sorted(p.name for p in student.parent.iterdir()) == ["own.json", "own.onnx"]

    table = tmp_path / "table.md"
    status, output, _ = run("evaluate", student, "--set", f"{pictures}:identity", "--markdown", table)
    assert status == 0
    for words in ("identity", "Wang 2004", "BT.601", "cores of", "onnxruntime"):
        assert words in output
        assert words in table.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fit", "{}/empty", "--out", "{}/run"), "no usable picture"),
        (("fit", "{}/nowhere", "--out", "{}/run"), "is not a folder"),
        (("fit", "{}/empty", "--out", "{}/run", "--recipe", "none"), "neither a readable file nor a shipped recipe"),
        (("fit", "{}/empty", "--out", "{}/run", "--resume"), "has no checkpoint to resume from"),
        (("export", "{}/empty", "--out", "{}/a.onnx"), "is not a run of acutance-train"),
        (("evaluate", "{}/none.onnx", "--set", "{}/empty"), "none.onnx"),
        (("evaluate", "{}/none.onnx"), "name at least one --set"),
    ],
)
def test_errors_are_a_sentence_and_status_1(run, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "empty").mkdir()
    status, _, errors = run(*(argument.format(tmp_path) for argument in arguments))
    assert status == 1
    assert errors.startswith("error: ")
    assert words in errors
    assert "Traceback" not in errors
