"""Pairs with the planes of a plate."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acutance.training.data.dataset import TrainingSet
from acutance.training.pairs.pairs import Pairs, make_pairs
from acutance.training.recipes.recipe import Recipe
from tests.training.sets import changed, write_set

pytestmark = pytest.mark.training

NONE_WRONG = {"absent": 0, "shifted": 0, "exposure": 0, "elsewhere": 0, "edited": 0, "perfect": 0}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Three pictures and a clip of four frames to train on."""
    written = TrainingSet.open(write_set(tmp_path_factory.mktemp("sets") / "set"))
    items = tuple(replace(item, split="train") if item.frames > 1 else item for item in written.items)
    return replace(written, items=items)


def made(source: TrainingSet, recipe: Recipe, folder: Path, **shares: float) -> Pairs:
    plate = {"bits": [2.0, 3.0], "aligned": 0.0, **NONE_WRONG, **shares}
    # As in a real call, a good connection is far better than a poor one.
    shrunk = {"identity": 0, "bicubic": 0, "sharp": 0, "soft": 0, "shrunk": 1, "reduction": [2, 2], "bits": [0.8, 1.2]}
    with_plates = changed(recipe, plate=plate, mixture=shrunk, pairs={"moving": 1.0})
    return make_pairs(source, with_plates, folder, processes=1, progress=lambda *_: None)


def differences(pairs: Pairs) -> tuple[float, float]:
    """Mean absolute error of degraded and remembered luma, where the plate covers the frame."""
    degraded, truth, plate, fit = np.asarray(pairs.patches, np.float64).transpose(1, 0, 2, 3)
    covered = fit > 0
    return float(np.abs(degraded - truth)[covered].mean()), float(np.abs(plate - truth)[covered].mean())


def test_a_plate_is_remembered_luma_of_the_same_place(source: TrainingSet, recipe: Recipe, tmp_path: Path) -> None:
    pairs = made(source, recipe, tmp_path / "one", perfect=1)
    assert pairs.patches.shape == (12, 4, 64, 64)
    coarse, remembered = differences(pairs)
    assert remembered < 0.7 * coarse
    again = made(source, recipe, tmp_path / "two", perfect=1)
    np.testing.assert_array_equal(again.patches, pairs.patches)
    assert again.fingerprint == pairs.fingerprint


def test_an_absent_plate_is_the_frame_itself_with_no_fit(source: TrainingSet, recipe: Recipe, tmp_path: Path) -> None:
    pairs = made(source, recipe, tmp_path, absent=1)
    assert not pairs.patches[:, 3].any()
    np.testing.assert_array_equal(pairs.patches[:, 2], pairs.patches[:, 0])


@pytest.mark.parametrize("kind", ["shifted", "exposure", "elsewhere", "edited"])
def test_a_wrong_plate_is_offered_less_and_leaves_the_rest_as_it_is(
    source: TrainingSet, recipe: Recipe, tmp_path: Path, kind: str
) -> None:
    wrong, right = (
        made(source, recipe, tmp_path / "one", **{kind: 1}),
        made(source, recipe, tmp_path / "two", perfect=1),
    )
    covered = wrong.patches[:, 3] > 0
    assert covered.mean() < (right.patches[:, 3] > 0).mean()
    np.testing.assert_array_equal(wrong.patches[:, 2][~covered], wrong.patches[:, 0][~covered])
    assert (wrong.patches[:, 2] != right.patches[:, 2]).any()


def test_what_the_memory_holds_is_the_rest(source: TrainingSet, recipe: Recipe, tmp_path: Path) -> None:
    pairs = made(source, recipe, tmp_path)
    assert (pairs.patches[:, 3] > 0).mean() > 0
