import math

import pytest
import torch

from acutance.training.losses.bands import bands
from acutance.training.losses.pixel import TRUTH_LOSSES, charbonnier, decibel, frequency, harm, l1, outdated, squared
from acutance.training.recipes.sections import TruthLoss


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    truth = torch.zeros(2, 1, 4, 4)
    output = truth.clone()
    output[0] += 0.1
    return output, truth


def test_values_by_hand(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    assert l1(*pair, 0.0).item() == pytest.approx(0.05)
    assert squared(*pair, 0.0).item() == pytest.approx(0.005)
    assert charbonnier(*pair, 0.0).item() == pytest.approx((math.sqrt(0.01 + 1e-6) + 1e-3) / 2)
    # Floors of 1e-3 at the start and 1e-4 at the end; both pictures have the same weight.
    assert decibel(*pair, 0.0).item() == pytest.approx(5 * (math.log10(0.011) + math.log10(0.001)), rel=1e-5)
    assert decibel(*pair, 1.0).item() == pytest.approx(5 * (math.log10(0.0101) + math.log10(0.0001)), rel=1e-5)
    # A constant is one coefficient of 0.1 * 4 out of 4 x 3 complex ones, in one of two pictures.
    assert frequency(*pair).item() == pytest.approx(0.4 / 24 / 2)


@pytest.mark.parametrize("name", sorted(TRUTH_LOSSES))
def test_every_loss_pulls_towards_the_truth(name: TruthLoss) -> None:
    truth = torch.rand(2, 1, 8, 8)
    output = (truth + 0.05).requires_grad_()
    TRUTH_LOSSES[name](output, truth, 0.5).backward()  # type: ignore[no-untyped-call]
    assert output.grad is not None
    assert bool((output.grad > 0).all())


def test_decibel_weighs_a_good_picture_more_towards_the_end() -> None:
    truth = torch.zeros(2, 1, 8, 8)

    def pull(done: float) -> float:
        output = truth.clone()
        output[0], output[1] = 0.05, 0.005
        output.requires_grad_()
        decibel(output, truth, done).backward()  # type: ignore[no-untyped-call]
        assert output.grad is not None
        return float(output.grad[1].mean() / output.grad[0].mean())

    assert pull(0.9) > 2 * pull(0.1)


def test_harm_counts_what_was_lost_and_not_what_was_gained() -> None:
    truth = torch.zeros(2, 1, 8, 8)
    degraded, better, worse = truth + 0.1, truth + 0.05, truth + 0.2
    assert harm(better, truth, degraded, 1.0).item() == 0
    assert harm(worse, truth, degraded, 0.0).item() == 0
    assert harm(worse, truth, degraded, 1.0).item() == pytest.approx(20 * math.log10(2), rel=1e-2)
    half = torch.cat([better[:1], worse[1:]])
    assert harm(half, truth, degraded, 1.0).item() == pytest.approx(10 * math.log10(2), rel=1e-2)


def test_octaves_that_are_seen_weigh_more_than_finer_ones_of_equal_energy() -> None:
    truth = torch.full((1, 1, 64, 64), 0.5)

    def loss(period: int) -> float:
        wave = torch.sin(2 * math.pi * torch.arange(64) / period + 0.3)
        return bands(truth + 0.05 * wave / wave.square().mean().sqrt(), truth, 1.0).item()

    assert loss(2) + 1 < loss(8) < loss(32) - 1
    # From a third of the weight to five thirds.
    assert loss(2) == pytest.approx(10 * math.log10(0.05**2 / 3 + 1e-4), abs=0.1)
    assert loss(64) == pytest.approx(10 * math.log10(0.05**2 * 5 / 3 + 1e-4), abs=0.2)


def test_the_bands_of_no_error_are_the_floor() -> None:
    truth = torch.rand(2, 1, 16, 16)
    assert bands(truth, truth, 0.0).item() == pytest.approx(-30, abs=1e-3)
    assert bands(truth, truth, 1.0).item() == pytest.approx(-40, abs=1e-3)


def test_outdated_counts_what_is_shown_of_the_old_scene_beyond_a_third() -> None:
    truth = torch.zeros(1, 1, 16, 8)
    degraded, plate = truth + 0.05, truth.clone()
    plate[..., :8, :] += 0.5  # changed; below, the plate is the truth
    copied, kept = plate.clone(), degraded.clone()
    assert outdated(kept, truth, degraded, plate, 1.0).item() == 0
    assert outdated(copied, truth, degraded, plate, 0.0).item() == 0
    assert outdated(copied, truth, degraded, plate, 1.0).item() == pytest.approx(10 * math.log10(9) / 2, rel=1e-2)
    assert outdated(0.3 * copied, truth, degraded, plate, 1.0).item() == 0
    worse_below = degraded.clone()
    worse_below[..., 8:, :] += 0.5
    assert outdated(worse_below, truth, degraded, plate, 1.0).item() == 0
