import warnings

import numpy as np
import pytest
from scipy import stats

from acutance.training.evaluation.bootstrap import Estimate, estimate


def test_an_interval_is_scipy_s_bca() -> None:
    figures = [0.11, 0.19, 0.04, 0.31, 0.22, 0.16, 0.09, 0.27, 0.35]
    found = estimate(figures)
    rng = np.random.default_rng(0)
    expected = stats.bootstrap((figures,), np.mean, n_resamples=2000, method="BCa", rng=rng).confidence_interval
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(figures), expected.low, expected.high))
    assert estimate(figures) == found


def test_a_skewed_sample_has_an_interval_towards_its_tail() -> None:
    found = estimate([1, 1.2, 1.4, 1.5, 1.7, 2, 2.6, 4, 9])
    assert found.high - found.mean > 1.5 * (found.mean - found.low)


@pytest.mark.parametrize("figures", [[0.3], [99.0] * 9])
def test_equal_figures_have_an_interval_of_width_zero(figures: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert estimate(figures) == Estimate(figures[0], figures[0], figures[0])


@pytest.mark.parametrize("figures", [[99.0] * 49 + [95.0], [0.0] * 200 + [1.0], [1.0, 2.0], [0.1, 0.1, 0.1 + 1e-12]])
def test_an_interval_always_holds_the_mean(figures: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate(figures)
    assert min(figures) <= found.low <= found.mean <= found.high <= max(figures)


def test_an_empty_list_cannot_be_estimated() -> None:
    with pytest.raises(ValueError, match="at least one figure"):
        estimate([])
