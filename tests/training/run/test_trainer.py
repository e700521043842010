from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from acutance.model.nets.student import sharpen
from acutance.training.checkpoints.checkpoint import load_network
from acutance.training.checkpoints.run_record import Checkpoint, CheckpointError
from acutance.training.data.dataset import TrainingSet
from acutance.training.data.planes import as_array, to_planes
from acutance.training.degradation.degrade import Degradation, degrade
from acutance.training.losses.objective import Objective
from acutance.training.metrics.psnr_ssim import psnr
from acutance.training.pairs.batches import Batches
from acutance.training.pairs.pairs import Pairs
from acutance.training.recipes.recipe import Recipe
from acutance.training.run.trainer import Trainer, TrainingError
from acutance.training.run.validation import Validation
from acutance.training.validation.scores import Score
from tests.training.conftest import draw
from tests.training.sets import blurred_pairs, changed, write_set

pytestmark = pytest.mark.training


class RecordingListener:
    """Records the losses and validations of a run."""

    def __init__(self) -> None:
        self.told: list[dict[str, float]] = []
        self.steps: list[int] = []
        self.scores: list[dict[str, Score]] = []

    def losses(self, step: int, steps: int, rate: float, losses: dict[str, float]) -> None:
        self.steps.append(step)
        self.told.append(losses)

    def validated(self, step: int, scores: dict[str, Score], score: float, best: bool, network: nn.Module) -> None:
        self.scores.append(scores)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    return blurred_pairs(tmp_path_factory.mktemp("pairs"))


def begin(recipe: Recipe, pairs: Pairs, folder: Path, validation: Validation | None = None) -> Trainer:
    folder.mkdir(exist_ok=True)
    settings = recipe.training
    batches = Batches(pairs, None, batch=settings.batch, crop=settings.crop, margin=0, seed=settings.seed)
    fabric = Fabric(accelerator="cpu", devices=1)
    steps, interval = settings.length(len(pairs)), settings.validation_interval(len(pairs))
    return Trainer(
        recipe, batches, steps, interval, Objective(recipe.losses, recipe.shape.border), validation, folder, fabric
    )


def after(steps: int) -> Callable[[], bool]:
    """Make a function that requests a stop at its call number `steps`; it is called once per step."""
    left = iter(range(steps - 1))
    return lambda: next(left, None) is None


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_network(Checkpoint.LAST.file(folder))[0].state_dict()


@pytest.mark.parametrize(
    ("optimiser", "batch_norm", "steps"),
    [("adam", True, 5), ("soap", False, 13)],
    ids=["adam with batch norm", "soap past its first new eigenbasis"],
)
def test_a_run_that_was_stopped_ends_with_the_same_weights(
    recipe: Recipe, pairs: Pairs, tmp_path: Path, optimiser: str, batch_norm: bool, steps: int
) -> None:
    both = changed(recipe, training={"optimiser": optimiser, "steps": 24}, student={"batch_norm": batch_norm})
    assert begin(both, pairs, tmp_path / "whole").train(RecordingListener())
    assert not begin(both, pairs, tmp_path / "halved").train(RecordingListener(), after(steps))
    rest = begin(both, pairs, tmp_path / "halved")
    rest.resume()
    assert rest.state.step == steps
    assert rest.train(RecordingListener())
    expected = weights(tmp_path / "whole")
    assert all(torch.equal(expected[name], tensor) for name, tensor in weights(tmp_path / "halved").items())


def test_a_nan_loss_ends_the_run_and_keeps_the_last_good_checkpoint(
    recipe: Recipe, pairs: Pairs, tmp_path: Path
) -> None:
    assert not begin(recipe, pairs, tmp_path).train(RecordingListener(), after(2))
    run = begin(changed(recipe, training={"learning_rate": 1e30, "warm_up": 0, "save_every": 8}), pairs, tmp_path)
    run.resume()
    with pytest.raises(TrainingError, match=r"the loss is \S+ in the \d+ steps before step \d: try a smaller learn"):
        run.train(RecordingListener())
    assert load_network(Checkpoint.LAST.file(tmp_path))[1].step == 2


def test_a_short_run_beats_its_input_on_unseen_pictures(recipe: Recipe, pairs: Pairs, tmp_path: Path) -> None:
    longer = {"steps": 400, "batch": 8, "crop": 48, "ema": 0.98, "learning_rate": 4e-3}
    longer |= {"validate_every": 400, "save_every": 400}
    notes = RecordingListener()
    begin(changed(recipe, training=longer), pairs, tmp_path).train(notes)
    assert notes.steps == list(range(50, 401, 50))
    assert notes.told[-1]["truth"] == notes.told[-1]["total"] < notes.told[0]["total"]
    student, state = load_network(Checkpoint.BEST.file(tmp_path))
    assert state.step == 400
    gains, edges = [], []
    for seed in range(100, 104):
        planes = to_planes(np.asarray(draw(seed)))
        truth, degraded = as_array(planes.y), degrade([planes], Degradation(2.0)).luma
        sharpened = sharpen(student, degraded)
        gains.append(psnr(sharpened, truth) - psnr(degraded, truth))
        top, bottom = (slice(0, student.shape.border), slice(-student.shape.border, None))
        edges += [psnr(sharpened[rows], truth[rows]) - psnr(degraded[rows], truth[rows]) for rows in (top, bottom)]
    assert min(gains) > 0.3
    # Without the steps that include edges, whole frames are more than 1 dB worse.
    assert np.mean(edges) > -1


def test_the_best_checkpoint_is_kept(recipe: Recipe, pairs: Pairs, tmp_path: Path) -> None:
    validation = Validation(TrainingSet.open(write_set(tmp_path / "set")), recipe.validation)
    notes = RecordingListener()
    begin(recipe, pairs, tmp_path / "run", validation).train(notes)
    assert [set(scores) for scores in notes.scores] == [{"identity", "bicubic2"}] * 2
    values = [validation.value(scores) for scores in notes.scores]
    _, state = load_network(Checkpoint.BEST.file(tmp_path / "run"))
    assert state.best == max(values)
    assert state.step == 4 * (1 + values.index(max(values)))


def test_a_run_starts_from_the_weights_of_another(recipe: Recipe, pairs: Pairs, tmp_path: Path) -> None:
    begin(recipe, pairs, tmp_path / "first").train(RecordingListener())
    trained, _ = load_network(Checkpoint.LAST.file(tmp_path / "first"))
    run = begin(changed(recipe, training={"learning_rate": 1e-12}), pairs, tmp_path / "second")
    run.start_from(trained)
    run.train(RecordingListener())
    expected = weights(tmp_path / "first")
    for name, tensor in weights(tmp_path / "second").items():
        torch.testing.assert_close(tensor, expected[name], rtol=0, atol=1e-8)


def test_a_checkpoint_of_another_shape_or_none_is_an_error(recipe: Recipe, pairs: Pairs, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        begin(recipe, pairs, tmp_path).resume()
    begin(recipe, pairs, tmp_path).train(RecordingListener())
    with pytest.raises(CheckpointError, match="is a r2c8n1h, the recipe asks for a r2c16n1h"):
        begin(changed(recipe, student={"channels": 16}), pairs, tmp_path).resume()
    Checkpoint.BEST.file(tmp_path).rename(Checkpoint.LAST.file(tmp_path))
    with pytest.raises(CheckpointError, match="holds only weights"):
        begin(recipe, pairs, tmp_path).resume()
    (tmp_path / "last.safetensors").write_bytes(b"torn")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_network(tmp_path / "last.safetensors")


def test_epochs_are_passes_over_the_pairs(recipe: Recipe) -> None:
    tables = recipe.training.model_dump(exclude_none=True)
    del tables["steps"], tables["validate_every"]
    settings = type(recipe.training)(**tables, epochs=3)
    assert settings.length(22) == 17
    assert settings.validation_interval(22) == 5
