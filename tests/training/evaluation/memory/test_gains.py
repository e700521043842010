"""Gains and figures after a drop of the connection, on a tiny set."""

import numpy as np
import pytest

from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student
from acutance.training.data.dataset import TrainingSet
from acutance.training.data.pictures import DataError
from acutance.training.evaluation.memory import figure
from acutance.training.evaluation.memory.gains import ALIGNED, BEST, BLIND, measure_gains
from tests.training.sets import write_set

SETTING, SIZE = "shrunk2-h264-1", (96, 64)
CLIP = "moving/5#0"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """A clip of four frames in the validation split."""
    return TrainingSet.open(write_set(tmp_path_factory.mktemp("sets") / "set"))


def memory() -> Student:
    return Student(StudentShape.parse("r2c8n1t1hp"), batch_norm=False).eval()


def test_a_gate_that_knows_the_truth_gains_most(source: TrainingSet) -> None:
    gains = {
        one.memory: one.gain for one in measure_gains(source, {"a": memory()}, ["pass"], [SETTING], SIZE, best=True)
    }
    assert gains[f"{BEST}, {ALIGNED}"] > max(gains[f"a, {ALIGNED}"], gains[BLIND]) + 0.1


def test_a_figure_shows_a_crop_by_every_step_and_the_truth(
    source: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figure, "PLACES", (figure.Place("a ball", CLIP, "drawn here", 8, 4),))
    monkeypatch.setattr(figure, "_SIZE", (48, 32))
    (strip,) = figure.strips(source, memory(), "pass", SETTING, SIZE)
    assert [panel.title for panel in strip.panels] == ["what arrives", "pass", "pass and memory", "truth"]
    arrived, blind, remembered, truth = (panel.luma for panel in strip.panels)
    np.testing.assert_array_equal(arrived, blind)
    assert (remembered != arrived).any()
    assert truth.shape == (32, 48)
    assert strip.credit == "a ball: drawn here"


def test_a_set_without_the_clip_of_a_figure_is_explained(source: TrainingSet) -> None:
    with pytest.raises(DataError, match="no clip screen/"):
        figure.strips(source, memory(), "pass", SETTING, SIZE)
