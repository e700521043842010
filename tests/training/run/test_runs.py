"""Whole runs, from command-line options to the written folder."""

import csv
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from acutance.training.checkpoints.checkpoint import load_network
from acutance.training.checkpoints.run_record import Checkpoint, RunRecord
from acutance.training.cli.teacher import teacher as take_teacher
from acutance.training.data.pictures import DataError
from acutance.training.run.run_options import RunOptions
from acutance.training.run.training_run import train
from tests.training.conftest import RECIPE
from tests.training.sets import write_set

pytestmark = pytest.mark.training

PROGRAM = """
from acutance.training.cli.main import main

if __name__ == "__main__":
    main()
"""


def write_recipe(path: Path, **sections: dict[str, object]) -> str:
    """The recipe of the tests as TOML, with changed values in some sections."""
    tables = {key: value for key, value in RECIPE.items() if key != "losses"}
    for name, values in {"losses.truth": {"kind": "decibel"}, **sections}.items():
        tables[name] = {**tables.get(name, {}), **values}  # type: ignore[dict-item]
    lines = [f"{key} = {json.dumps(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture(scope="module")
def run_options(tmp_path_factory: pytest.TempPathFactory) -> RunOptions:
    """Options of a short run over a set with pairs; tests replace `out`."""
    folder = tmp_path_factory.mktemp("runs")
    recipe = write_recipe(folder / "tiny.toml")
    started = RunOptions("distil", folder / "first", write_set(folder / "set"), recipe)
    train(started, Console(file=StringIO()))
    return started


def train_logged(run_options: RunOptions) -> tuple[bool, str]:
    """Train; returns whether the run reached its end, and the printed text."""
    console = Console(file=StringIO(), width=200)
    ended = train(run_options, console)
    return ended, console.file.getvalue()  # type: ignore[attr-defined]


def arguments(run_options: RunOptions) -> list[str]:
    assert run_options.recipe is not None
    return ["distil", "--data", str(run_options.data), "--recipe", run_options.recipe, "--out", str(run_options.out)]


def test_a_run_leaves_record_checkpoints_table_log_and_samples(run_options: RunOptions) -> None:
    record = RunRecord.read(run_options.out)
    assert record.command == "distil"
    assert record.recipe["training"]["steps"] == 8
    assert record.pictures == {"drawn": ["drawn/0", "drawn/1", "drawn/2"]}
    assert record.validation == ["drawn/3", "drawn/4", "moving/5#0"]
    assert record.fingerprint == "drawn-3-2"
    assert record.licences == {"A": 3}
    assert load_network(Checkpoint.LAST.file(run_options.out))[1].step == 8
    with (run_options.out / "validation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["4", "8"]
    with (run_options.out / "sources.csv").open() as file:
        sources = list(csv.DictReader(file))
    assert {row["source"] for row in sources} == {"drawn/3", "drawn/4", "moving/5#0"}
    assert len(sources) == 2 * 2 * 3, "steps, degradations and sources"
    assert float(rows[0]["identity before"]) == 99
    events = EventAccumulator(str(run_options.out / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss/truth")][-1] == 8
    assert [event.step for event in events.Scalars("validation/score")] == [4, 8]
    sheet = np.asarray(Image.open(run_options.out / "samples" / "step-0000008.png"))
    assert sheet.shape == (2 * 164 - 4, 3 * 164 - 4)


def test_colour_is_learned_from_a_student_without_and_changes_luma_little(
    run_options: RunOptions, tmp_path: Path
) -> None:
    colour = ("student.colour=true", "losses.chroma.weight=1", "losses.chroma_harm.weight=1", "training.steps=60")
    init = Checkpoint.BEST.file(run_options.out)
    train(replace(run_options, init=init, overrides=colour, out=tmp_path / "coloured"), Console(file=StringIO()))
    network, _ = load_network(Checkpoint.LAST.file(tmp_path / "coloured"))
    assert network.shape.name == "r2c8n1huv"
    events = EventAccumulator(str(tmp_path / "coloured" / "tensorboard"))
    events.Reload()
    losses = [event.value for event in events.Scalars("loss/chroma")]
    assert losses[-1] < losses[0]


def test_a_teacher_is_trained_and_a_student_distilled_with_every_loss(run_options: RunOptions, tmp_path: Path) -> None:
    assert run_options.recipe is not None
    text = Path(run_options.recipe).read_text()
    mine = tmp_path / "teacher.toml"
    mine.write_text(
        text.replace("[student]", "[teacher]")
        .replace("depth = 1", "blocks = 1")
        .replace("batch_norm = false", "")
        .replace("steps = 8", "steps = 4")
    )
    ended, words = train_logged(replace(run_options, command="teacher", recipe=str(mine), out=tmp_path / "teacher"))
    assert ended
    teacher = tmp_path / "teacher" / "teacher.safetensors"
    assert f"teacher: {teacher}" in words
    assert teacher.stat().st_size < 5e6
    weights = ("teacher_output", "teacher_features", "affinity", "perceptual", "frequency")
    everything = (*(f"losses.{name}.weight=0.1" for name in weights), "losses.teacher_output.until=0.6")
    ended, words = train_logged(replace(run_options, teacher=teacher, overrides=everything, out=tmp_path / "student"))
    assert ended
    record = RunRecord.read(tmp_path / "student")
    assert record.teacher["name"] == "teacher-c8b1h"
    assert "random weights" in record.perceptual
    assert "random weights" in words
    for name in ("truth", *weights):
        assert f"{name} " in words
    with pytest.raises(DataError, match="has losses that need a teacher: name its file"):
        train_logged(replace(run_options, overrides=everything, out=tmp_path / "alone"))
    large = (*everything, "training.crop=60")
    with pytest.raises(DataError, match=r"crop 60 does not fit in pairs\.patch 64 without the 8 px at each edge"):
        train_logged(replace(run_options, teacher=teacher, overrides=large, out=tmp_path / "large"))


@pytest.mark.timeout(300)  # it starts a program, which takes a minute on a busy machine
def test_a_student_learns_from_a_teacher_that_sees_the_frames_around(run_options: RunOptions, tmp_path: Path) -> None:
    seen = ("pairs.neighbours=1",)
    tables = {key: value for key, value in RECIPE.items() if key != "student"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "RECIPE", {**tables, "teacher": {"channels": 8, "blocks": 1, "hinted": True}})
        recipe = write_recipe(tmp_path / "teacher.toml")
    options = replace(run_options, command="teacher", recipe=recipe, overrides=seen, out=tmp_path / "teacher")
    with pytest.raises(DataError, match=r"sees 2 frames before and 2 after: set pairs\.neighbours"):
        train_logged(replace(options, overrides=(*seen, "teacher.neighbours=2")))
    assert train_logged(replace(options, overrides=(*seen, "teacher.neighbours=1")))[0]
    teacher = tmp_path / "teacher" / "teacher.safetensors"
    wanted = ("losses.teacher_output.weight=1", "training.crop=32", "pairs.patch=64")
    distil = replace(run_options, teacher=teacher, out=tmp_path / "student")
    assert train_logged(replace(distil, overrides=(*seen, *wanted)))[0]
    with pytest.raises(DataError, match=r"the pairs keep 0: --set pairs\.neighbours=1"):
        train_logged(replace(distil, overrides=wanted, out=tmp_path / "other"))


def test_a_killed_run_resumes_to_the_same_weights_to_the_bit(run_options: RunOptions, tmp_path: Path) -> None:
    longer = replace(run_options, overrides=("training.optimiser=soap", "training.save_every=7"), steps=400)
    assert train_logged(replace(longer, out=tmp_path / "whole"))[0]
    killed = replace(longer, out=tmp_path / "killed")
    (tmp_path / "program.py").write_text(PROGRAM)
    changes = [*(part for change in longer.overrides for part in ("--set", change)), "--steps", "400"]
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py"), *arguments(killed), *changes], stdout=subprocess.DEVNULL
    )
    while not Checkpoint.LAST.file(killed.out).exists():
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    moment = random.random() / 2
    time.sleep(moment)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    reached = load_network(Checkpoint.LAST.file(killed.out))[1].step
    print(f"killed {moment:.3f} s after its first checkpoint, at step {reached}")
    assert 0 < reached < 400
    assert train_logged(RunOptions("distil", killed.out, None, None, resume=True))[0]
    whole, resumed = (load_file(Checkpoint.LAST.file(tmp_path / name)) for name in ("whole", "killed"))
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(tensor, resumed[name]) for name, tensor in whole.items())
    tables = [(tmp_path / name / "validation.csv").read_text() for name in ("whole", "killed")]
    assert tables[0] == tables[1]


@pytest.mark.timeout(300)
def test_two_processes_reach_the_weights_of_one(run_options: RunOptions, tmp_path: Path) -> None:
    # A loss on some pictures of the batch, with a denominator that the processes share.
    changes = ("losses.perceptual.weight=0.1", "losses.perceptual.pictures=1")
    assert train_logged(replace(run_options, out=tmp_path / "one", overrides=changes))[0]
    (tmp_path / "program.py").write_text(PROGRAM)
    two = replace(run_options, out=tmp_path / "two")
    sets = [part for change in changes for part in ("--set", change)]
    subprocess.run(
        [
            sys.executable,
            str(tmp_path / "program.py"),
            *arguments(two),
            *sets,
            "--accelerator",
            "cpu",
            "--devices",
            "2",
        ],
        check=True,
        capture_output=True,
        timeout=280,
    )
    assert RunRecord.read(two.out).processes == 2
    one, other = (load_network(Checkpoint.LAST.file(tmp_path / name))[0].state_dict() for name in ("one", "two"))
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, rtol=1e-3, atol=1e-5)


def test_half_precision_is_kept_in_the_record_and_by_a_resumed_run(run_options: RunOptions, tmp_path: Path) -> None:
    half = replace(run_options, out=tmp_path, precision="bf16-mixed")
    assert train_logged(half)[0]
    assert RunRecord.read(tmp_path).precision == "bf16-mixed"
    exact, rounded = (load_network(Checkpoint.LAST.file(out))[0].state_dict() for out in (run_options.out, tmp_path))
    assert not torch.equal(exact["body.0.weight"], rounded["body.0.weight"])
    torch.testing.assert_close(exact["body.0.weight"], rounded["body.0.weight"], rtol=0, atol=0.05)
    with pytest.raises(DataError, match="was started with another precision"):
        train_logged(replace(half, precision="32-true", resume=True))


def test_an_existing_teacher_is_converted_and_evaluated(
    run_options: RunOptions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take_teacher(
        out=tmp_path, data=run_options.data, recipe=run_options.recipe, source=Checkpoint.BEST.file(run_options.out)
    )
    assert load_network(tmp_path / "teacher.safetensors")[0].shape.name == "r2c8n1h"
    words = capsys.readouterr().out
    assert "teacher r2c8n1h" in words
    assert "PSNR dB: identity" in words


def test_ctrl_c_saves_and_explains_how_to_resume(run_options: RunOptions, tmp_path: Path) -> None:
    def press(out: Path) -> None:
        while not Checkpoint.LAST.file(out).exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press, args=(tmp_path,))
    pressing.start()
    ended, words = train_logged(replace(run_options, out=tmp_path, steps=100_000))
    pressing.join()
    assert not ended
    assert "continue with --resume" in words
    assert load_network(Checkpoint.LAST.file(tmp_path))[1].step < 100_000


def test_a_full_disk_is_reported_and_the_last_checkpoint_stays(run_options: RunOptions, tmp_path: Path) -> None:
    shutil.copytree(run_options.out, tmp_path, dirs_exist_ok=True)
    # The run had 8 steps and resumes with 60.
    record = RunRecord.read(tmp_path)
    record.recipe["training"]["steps"] = 60
    record.write(tmp_path)
    last = Checkpoint.LAST.file(tmp_path)
    before = last.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(DataError, match=r"cannot be written .*free some space and --resume"):
            train_logged(RunOptions("distil", tmp_path, None, None, resume=True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert last.read_bytes() == before
    assert not list(tmp_path.glob("*.unfinished"))
    assert train_logged(RunOptions("distil", tmp_path, None, None, resume=True))[0]
    assert load_network(last)[1].step == 60


def test_options_that_do_not_fit_the_folder_are_explained(run_options: RunOptions, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds a run: continue it with --resume, or name another --out"):
        train_logged(run_options)
    with pytest.raises(DataError, match="was started with another recipe"):
        train_logged(replace(run_options, resume=True, overrides=("training.batch=2",)))
    with pytest.raises(DataError, match="is for distil, not for teacher"):
        train_logged(replace(run_options, command="teacher", out=tmp_path / "a"))
    with pytest.raises(DataError, match="name the training set with --data"):
        train_logged(replace(run_options, data=None, out=tmp_path / "a"))
    with pytest.raises(DataError, match=r"cannot be shared evenly|cannot train on 3 x cuda"):
        train_logged(replace(run_options, accelerator="cuda", devices=3, out=tmp_path / "a"))
    with pytest.raises(DataError, match="holds no training set"):
        train_logged(replace(run_options, data=tmp_path, out=tmp_path / "a"))
    init = Checkpoint.BEST.file(run_options.out)
    with pytest.raises(DataError, match="is a r2c8n1h, the recipe asks for a r2c16n1h"):
        train_logged(replace(run_options, init=init, overrides=("student.channels=16",), out=tmp_path / "a"))
    with pytest.raises(DataError, match=r"has no batch norm, but the recipe has it: --set student\.batch_norm=false"):
        train_logged(replace(run_options, init=init, overrides=("student.batch_norm=true",), out=tmp_path / "a"))
