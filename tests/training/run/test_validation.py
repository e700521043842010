from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from acutance.model.hints import UNCODED
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student, sharpen
from acutance.training.data.dataset import TrainingSet
from acutance.training.data.pictures import DataError
from acutance.training.degradation.degrade import DegradedFrame
from acutance.training.recipes.sections import ValidationSection
from acutance.training.run.validation import Validation, sharpened
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
    stretches = validation.stretches["vp8-0.1"]
    assert [stretch.source for stretch in stretches] == ["drawn/3", "moving/5#0", "drawn/4"]
    frames = [frame for stretch in stretches for frame in stretch.frames]
    assert all(frame.truth.shape == (64, 96) for frame in frames)
    assert all(frame.degraded.hints.step > 0 for frame in frames)


def test_a_smaller_number_of_pictures_still_covers_every_category(tmp_path: Path) -> None:
    section = ValidationSection(degradations=("identity",), frame=(96, 64), pictures=2)
    validation = Validation(TrainingSet.open(write_set(tmp_path / "set")), section)
    assert {stretch.source.partition("/")[0] for stretch in validation.stretches["identity"]} == {"drawn", "moving"}


def test_what_is_seen_is_judged_on_consecutive_frames_of_clips_within_the_bound_on_harm(tmp_path: Path) -> None:
    tables = {"degradations": ("identity", "bicubic2"), "frame": (96, 64), "score": "vmaf_neg", "stretch": 3}
    section = ValidationSection.model_validate(tables)
    validation = Validation(TrainingSet.open(write_set(tmp_path / "set")), section)
    assert [(one.source, len(one.frames)) for one in validation.stretches["bicubic2"]] == [("moving/5#0", 3)]
    scores = validation.evaluate(identity())
    assert scores["bicubic2"].seen == pytest.approx(0)
    assert validation.value(scores) == pytest.approx(0)
    student = identity()
    assert student.tail.bias is not None
    nn.init.constant_(student.tail.bias, 1.0)  # brighter by 16 grey levels
    assert validation.value(validation.evaluate(student)) < -1


def test_a_set_without_validation_pictures_is_an_error(tmp_path: Path) -> None:
    source = TrainingSet.open(write_set(tmp_path / "set", train=2, val=0))
    nothing = TrainingSet(source.folder, tuple(source.split("train")), source.fingerprint, ())
    with pytest.raises(DataError, match="has no validation pictures"):
        Validation(nothing, ValidationSection(degradations=("identity",)))


class Foreign(nn.Module):
    """A network that takes hints and no plate, as those that spandrel reads."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.5))

    def forward(self, luma: torch.Tensor, hints: torch.Tensor | None = None) -> torch.Tensor:
        return luma * self.scale


def test_a_network_without_plates_runs_on_frames_without_one() -> None:
    luma = np.full((8, 8), 100, np.uint8)
    assert (sharpened(Foreign(), DegradedFrame(luma, UNCODED)) == 50).all()
    assert (sharpen(Foreign(), luma) == 50).all()
