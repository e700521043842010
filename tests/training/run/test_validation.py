from pathlib import Path

import pytest
from torch import nn

from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student
from acutance.training.data.dataset import TrainingSet
from acutance.training.data.pictures import DataError
from acutance.training.recipes.sections import ValidationSection
from acutance.training.run.validation import Validation
from tests.training.sets import write_set


def identity() -> Student:
    student = Student(StudentShape(8, 1, hinted=True), batch_norm=False)
    nn.init.zeros_(student.tail.weight)
    return student.eval()


def test_the_identity_has_no_gain_on_pictures_and_clips(tmp_path: Path) -> None:
    section = ValidationSection(degradations=("identity", "bicubic2", "vp8-0.1"), frame=(96, 64))
    validation = Validation(TrainingSet.open(write_set(tmp_path / "set")), section)
    scores = validation.evaluate(identity())
    assert {(one.before, one.after, one.ssim_after) for one in scores["identity"].sources} == {(99, 99, 1)}
    assert not any(score.harmed for score in scores.values())
    assert scores["bicubic2"].before == scores["bicubic2"].after < 45
    frames = validation.frames["vp8-0.1"]
    assert [frame.source for frame in frames] == ["drawn/3", "moving/5#0", "drawn/4"]
    assert all(frame.truth.shape == (64, 96) for frame in frames)
    assert all(frame.degraded.hints.step > 0 for frame in frames)


def test_a_smaller_number_of_pictures_still_covers_every_category(tmp_path: Path) -> None:
    section = ValidationSection(degradations=("identity",), frame=(96, 64), pictures=2)
    validation = Validation(TrainingSet.open(write_set(tmp_path / "set")), section)
    assert {frame.source.partition("/")[0] for frame in validation.frames["identity"]} == {"drawn", "moving"}


def test_a_set_without_validation_pictures_is_an_error(tmp_path: Path) -> None:
    source = TrainingSet.open(write_set(tmp_path / "set", train=2, val=0))
    nothing = TrainingSet(source.folder, tuple(source.split("train")), source.fingerprint, ())
    with pytest.raises(DataError, match="has no validation pictures"):
        Validation(nothing, ValidationSection(degradations=("identity",)))
