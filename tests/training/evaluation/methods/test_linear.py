from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import correlate

from acutance.model.hints import UNCODED
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import as_array, to_planes
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.fitset import FitSet, fit_filters
from acutance.training.evaluation.methods.linear import LinearFilters, filtered, fit, period
from acutance.training.evaluation.testsets import MethodInput, Sample, find_sources, samples
from acutance.training.metrics.psnr_ssim import psnr
from tests.training.conftest import draw

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def luma() -> np.ndarray:
    return as_array(to_planes(np.asarray(draw(4, (192, 180)))).y)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fit")
    for index in range(4):
        (folder / f"kind{index % 2}").mkdir(exist_ok=True)
        draw(index, (260, 240)).save(folder / f"kind{index % 2}" / f"{index}.png")
    return folder


def pair(degraded: np.ndarray, truth: np.ndarray, how: Degradation | None = None) -> Sample:
    return Sample(MethodInput(degraded, UNCODED, how or Degradation(), None), truth)


def test_resampling_repeats_by_its_ratio() -> None:
    names = ("bicubic2", "bicubic1.5", "bicubic3", "identity", "shrunk2-h264-0.05")
    assert [period(Degradation.parse(name)) for name in names] == [2, 3, 3, 1, 1]


@pytest.mark.parametrize("phases", [1, 2, 3])
def test_a_filter_that_made_the_truth_is_found_again(luma: np.ndarray, phases: int) -> None:
    rng = np.random.default_rng(0)
    kernels = rng.normal(0, 0.02, (phases, phases, 9, 9))
    kernels[:, :, 4, 4] += 0.8
    noise = rng.integers(0, 256, luma.shape, np.uint8)
    wanted = np.empty(noise.shape)
    for row in range(phases):
        for column in range(phases):
            whole = correlate(noise.astype(float), kernels[row, column], mode="nearest")
            wanted[row::phases, column::phases] = whole[row::phases, column::phases]
    truth = np.clip(np.rint(wanted), 0, 255).astype(np.uint8)
    inside = (wanted > 1) & (wanted < 254)
    np.testing.assert_allclose(filtered(noise, kernels)[inside], truth[inside], atol=1)
    # The truth must not clip: the fit would otherwise be that of a clipped filter.
    gentle = (noise // 4 + 96).astype(np.uint8)
    made = filtered(gentle, kernels / kernels.sum(axis=(2, 3), keepdims=True))
    fitted = fit([pair(gentle, made)], phases)
    np.testing.assert_allclose(fitted, kernels / kernels.sum(axis=(2, 3), keepdims=True), atol=0.02)


def test_the_filter_beats_its_input_and_keeps_what_was_not_degraded(folder: Path, tmp_path: Path) -> None:
    filters = fit_filters(FitSet.open(folder), ["bicubic2", "identity"], tmp_path)
    method = LinearFilters("linear", filters)
    for source in find_sources(folder, coded=False):
        (soft,) = samples(source, Degradation.parse("bicubic2"))
        assert psnr(method(soft.input), soft.truth, 2) > psnr(soft.input.luma, soft.truth, 2) + 0.3
        (sharp,) = samples(source, Degradation())
        np.testing.assert_array_equal(method(sharp.input), sharp.truth)


def test_filters_are_fitted_once(folder: Path, tmp_path: Path) -> None:
    done: list[int] = []
    first = fit_filters(FitSet.open(folder), ["bicubic2"], tmp_path, progress=lambda n, _: done.append(n))
    again = fit_filters(FitSet.open(folder), ["bicubic2"], tmp_path, progress=lambda n, _: done.append(n))
    assert first == again
    assert done == [1]


def test_other_pictures_have_other_filters(folder: Path, tmp_path: Path) -> None:
    first = fit_filters(FitSet.open(folder), ["identity"], tmp_path)
    draw(9, (260, 240)).save(folder / "kind0" / "more.png")
    assert fit_filters(FitSet.open(folder), ["identity"], tmp_path) != first


def test_a_filter_that_cannot_be_fitted_is_reported(tmp_path: Path, luma: np.ndarray) -> None:
    with pytest.raises(DataError, match="no picture of at least"):
        FitSet.open(tmp_path)
    with pytest.raises(DataError, match="no linear filter for bicubic2"):
        LinearFilters("linear", tmp_path)(MethodInput(luma, UNCODED, Degradation.parse("bicubic2"), None))
