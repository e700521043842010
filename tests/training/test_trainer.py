from pathlib import Path

import numpy as np
import pytest
import torch

from model.nets.student import sharpen
from tests.training.conftest import draw
from training.checkpoint import load_student
from training.data import as_array, find_pictures, to_planes
from training.degrade import Degradation, degrade
from training.quality import psnr
from training.recipe import Recipe
from training.run_record import Checkpoint, CheckpointError
from training.trainer import Budget, TrainingError, train
from training.validation import Score, Validation, worth


class Listener:
    """Keeps what a run says; can cut the run off after a step, as a power cut would."""

    def __init__(self, cut_at: int | None = None) -> None:
        self.steps: list[int] = []
        self.scores: list[dict[str, Score]] = []
        self._cut_at = cut_at

    def step(self, step: int, done: float, loss: float) -> None:
        self.steps.append(step)
        if step == self._cut_at:
            raise KeyboardInterrupt

    def validated(self, step: int, scores: dict[str, Score], worth: float, best: bool) -> None:
        self.scores.append(scores)


def blurred_pairs(count: int) -> np.ndarray:
    """Pairs of drawn pictures, down and up by 2."""
    planes = [to_planes(np.asarray(draw(seed, (64, 64)))) for seed in range(count)]
    return np.stack([[degrade([p], Degradation(2.0)), as_array(p.y)] for p in planes])


@pytest.fixture(scope="module")
def pairs() -> np.ndarray:
    return blurred_pairs(24)


def weights(folder: Path, which: Checkpoint = Checkpoint.LAST) -> dict[str, torch.Tensor]:
    return load_student(which.file(folder))[0].state_dict()


def with_training(recipe: Recipe, **changes: object) -> Recipe:
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=changes)})


def test_a_run_that_was_cut_off_ends_with_the_same_weights(recipe: Recipe, pairs: np.ndarray, tmp_path: Path) -> None:
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    whole.mkdir()
    halved.mkdir()
    train(recipe, pairs, None, whole, Listener())
    with pytest.raises(KeyboardInterrupt):
        train(recipe, pairs, None, halved, Listener(cut_at=6))
    rest = Listener()
    state = train(recipe, pairs, None, halved, rest, resume=True)
    assert rest.steps == [5, 6, 7, 8]
    assert state.step == 8
    expected = weights(whole)
    assert all(torch.equal(expected[name], tensor) for name, tensor in weights(halved).items())


def test_a_loss_that_is_no_number_ends_the_run_in_words(recipe: Recipe, pairs: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) at step \d: try a smaller learning_rate"):
        train(with_training(recipe, learning_rate=1e30, warm_up=0), pairs, None, tmp_path, Listener())


def test_a_short_fit_beats_its_input_on_pictures_it_has_not_seen(
    recipe: Recipe, pairs: np.ndarray, tmp_path: Path
) -> None:
    longer = with_training(recipe, steps=200, batch=8, validate_every=200, ema=0.98, learning_rate=4e-3)
    train(longer, pairs, None, tmp_path, Listener())
    student, state = load_student(Checkpoint.BEST.file(tmp_path))
    assert state.step == 200
    gains = []
    for seed in range(100, 104):
        planes = to_planes(np.asarray(draw(seed)))
        truth, spoiled = as_array(planes.y), degrade([planes], Degradation(2.0))
        gains.append(psnr(sharpen(student, spoiled), truth) - psnr(spoiled, truth))
    assert min(gains) > 0.3


def test_the_best_checkpoint_is_kept(recipe: Recipe, pairs: np.ndarray, pictures: Path, tmp_path: Path) -> None:
    judged, _ = find_pictures([pictures], 96)
    validation = Validation(judged, ["identity", "bicubic2"], (96, 64))
    listener = Listener()
    train(recipe, pairs, validation, tmp_path, listener)
    assert [set(scores) for scores in listener.scores] == [{"identity", "bicubic2"}] * 2
    assert listener.scores[0]["identity"].before == 99
    values = [worth(scores) for scores in listener.scores]
    _, state = load_student(Checkpoint.BEST.file(tmp_path))
    assert state.best == max(values)
    assert state.step == 4 * (1 + values.index(max(values)))


def test_losses_weigh_more_than_gains_and_the_identity_only_below_45_db() -> None:
    gain, loss, sharp = Score(30, 30.4), Score(40, 39.9), Score(99, 52)
    assert worth({"soft": gain, "sharp": loss, "identity": sharp}) == pytest.approx((0.4 - 0.3) / 3)
    assert worth({"identity": Score(99, 44)}) == pytest.approx(-3)


def test_a_checkpoint_of_another_shape_or_none_is_an_error(recipe: Recipe, pairs: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        train(recipe, pairs, None, tmp_path, Listener(), resume=True)
    train(recipe, pairs, None, tmp_path, Listener())
    wider = recipe.model_copy(update={"student": recipe.student.model_copy(update={"channels": 16})})
    with pytest.raises(CheckpointError, match="is a r2c8n1, the recipe asks for a r2c16n1"):
        train(wider, pairs, None, tmp_path, Listener(), resume=True)
    (tmp_path / "last.safetensors").write_bytes(b"torn")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_student(tmp_path / "last.safetensors")


def test_a_run_ends_by_steps_or_by_minutes_whichever_is_first() -> None:
    assert Budget(100, None).done(50, 1e9) == 0.5
    assert Budget(100, 2.0).done(50, 90.0) == 0.75
    assert Budget(100, 2.0).done(100, 3.0) == 1.0
