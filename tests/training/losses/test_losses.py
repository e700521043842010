import math

import pytest
import torch

from acutance.training.losses.bands import bands
from acutance.training.losses.jod import lost_jod
from acutance.training.losses.ms_ssim import lost_ms_ssim
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


def test_lost_ms_ssim_counts_lost_contrast_and_hardly_another_brightness() -> None:
    truth = 0.25 + 0.5 * torch.rand(3, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    output = torch.cat([truth[:1], truth[1:2] + 0.01, (truth[2:] + truth[2:].mean()) / 2])
    none, brighter, flatter = lost_ms_ssim(output, truth).tolist()
    assert none == pytest.approx(0, abs=1e-6)
    assert brighter < 0.001
    # Of half the contrast: 2 * 0.5 / (1 + 0.25) in each window, but for the constant that keeps flat ones apart.
    assert flatter == pytest.approx(0.2, abs=0.05)


def test_lost_jod_is_zero_for_the_truth_and_grows_with_what_a_person_sees() -> None:
    truth = torch.full((3, 1, 64, 64), 0.5)
    places = torch.arange(64)
    fine, coarse = (0.02 * torch.sin(2 * math.pi * places / period).expand(64, 64) for period in (2.5, 8))
    output = truth + torch.stack([0 * fine, fine, coarse])[:, None]
    none, little, much = lost_jod(output, truth).tolist()
    assert none == pytest.approx(0, abs=1e-4)
    assert 0.01 < little < much - 0.2


def test_lost_jod_does_not_see_what_is_blacker_than_black() -> None:
    truth = torch.full((1, 1, 64, 64), 16 / 255)
    spot = torch.zeros(64, 64)
    spot[24:40, 24:40] = 0.05
    assert lost_jod(truth - spot, truth).item() == pytest.approx(0, abs=1e-4)
    assert lost_jod(truth + spot, truth).item() > 0.1


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
