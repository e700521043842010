import json
from pathlib import Path

import pytest
import torch
import typer
from torch import nn
from typer.testing import CliRunner

from acutance.model.nets.export import to_onnx
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student
from acutance.training.checkpoints.checkpoint import State, load_network, save_weights
from acutance.training.checkpoints.run_record import Checkpoint, RunRecord
from acutance.training.cli.choose import choose
from acutance.training.cli.export import export
from acutance.training.data.pictures import DataError
from acutance.training.shipping.choice import MEAN, candidates, read_choice
from tests.training.conftest import RECIPE
from tests.training.sets import write_set

choosing, exporting = typer.Typer(), typer.Typer()
choosing.command()(choose)
exporting.command()(export)


def brightened(levels: float) -> Student:
    """A student that adds grey levels to every pixel: it harms by a known amount."""
    student = Student(StudentShape(8, 1, hinted=True), batch_norm=False)
    nn.init.zeros_(student.tail.weight)
    assert student.tail.bias is not None
    nn.init.constant_(student.tail.bias, levels * 16 / 255)
    return student.eval()


def write_run(folder: Path, source: Path, last: float, best: float) -> Path:
    folder.mkdir()
    validation = {"degradations": ["identity", "bicubic2"], "frame": [96, 64], "stretch": 2}
    RunRecord(
        recipe={**RECIPE, "validation": validation},
        sources=[str(source)],
        validation=["moving/5#0"],
        pictures={},
        skipped=[],
        commit="abc",
        host="here",
        versions={},
        started="2026-01-01T00:00:00+00:00",
    ).write(folder)
    for one, step, levels in ((Checkpoint.LAST, 8, last), (Checkpoint.BEST, 4, best)):
        network = brightened(levels)
        save_weights(one.file(folder), State(step=step), network, network.state_dict(), {})
    return folder


def test_candidates_are_last_and_best_and_their_mean(tmp_path: Path) -> None:
    found = candidates(write_run(tmp_path / "run", tmp_path, last=2.0, best=4.0))
    assert [(one.name, one.state.step) for one in found] == [("last", 8), ("best", 4), (MEAN, 8)]
    biases = [one.network.tail.bias for one in found]
    torch.testing.assert_close(biases[2], (biases[0] + biases[1]) / 2)


def test_the_least_harm_is_chosen_among_the_checkpoints_of_all_runs_and_exported(tmp_path: Path) -> None:
    source = write_set(tmp_path / "set")
    worse = write_run(tmp_path / "worse", source, last=6.0, best=8.0)
    better = write_run(tmp_path / "better", source, last=4.0, best=0.0)
    result = CliRunner().invoke(choosing, [str(worse), str(better), "--score", "vmaf_neg"])
    assert result.exit_code == 0, (result.output, result.exception)
    assert not Checkpoint.CHOSEN.file(worse).exists()
    chosen = Checkpoint.CHOSEN.file(better)
    assert load_network(chosen)[1].step == 4
    choice = read_choice(chosen)
    assert choice is not None
    assert (choice.checkpoint, choice.among, choice.score, choice.harmed, choice.pairs) == ("best", 6, "vmaf_neg", 0, 2)
    assert (choice.clips, choice.gain) == (["moving/5"], pytest.approx(0))
    out = tmp_path / "mine.onnx"
    result = CliRunner().invoke(exporting, [str(better), "--out", str(out), "--processes", "1"])
    assert result.exit_code == 0, (result.output, result.exception)
    training = json.loads(out.with_suffix(".json").read_text())["training"]
    assert training["checkpoint"] == "chosen"
    assert training["choice"]["set"] == "drawn-3-2"


def test_a_checkpoint_that_is_no_better_than_the_exported_student_is_not_chosen(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", write_set(tmp_path / "set"), last=4.0, best=2.0)
    (tmp_path / "shipped.onnx").write_bytes(to_onnx(brightened(0.0), {}))
    order = [str(run), "--against", str(tmp_path / "shipped.onnx"), "--score", "psnr"]
    result = CliRunner().invoke(choosing, order)
    assert isinstance(result.exception, DataError)
    assert "harms more than" not in result.output
    assert "no checkpoint is better than" in str(result.exception)
    assert "exported" in result.output
    assert not Checkpoint.CHOSEN.file(run).exists()


def test_a_choice_among_harmful_checkpoints_says_so(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", write_set(tmp_path / "set"), last=4.0, best=2.0)
    result = CliRunner().invoke(
        choosing, [str(run), "--score", "psnr", "--set", 'validation.degradations=["bicubic2"]']
    )
    assert result.exit_code == 0, (result.output, result.exception)
    assert "every candidate harms more than the recipe allows" in result.output
    assert load_network(Checkpoint.CHOSEN.file(run))[1].step == 4


def test_without_a_choice_the_best_checkpoint_is_exported(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", tmp_path, last=4.0, best=0.0)
    out = tmp_path / "mine.onnx"
    result = CliRunner().invoke(exporting, [str(run), "--out", str(out), "--processes", "1"])
    assert result.exit_code == 0, (result.output, result.exception)
    training = json.loads(out.with_suffix(".json").read_text())["training"]
    assert (training["checkpoint"], training["steps"], training["choice"]) == ("best", 4, None)
