import numpy as np
import pytest

from acutance.model.hints import UNCODED
from acutance.training.data.planes import as_array, to_planes
from acutance.training.degradation.degrade import Degradation, DegradedFrame, degrade
from acutance.training.recipes.sections import ScoreKind
from acutance.training.validation.frames import ValidationFrame
from acutance.training.validation.stretches import Stretch
from tests.training.conftest import draw


def blurred(kind: ScoreKind, count: int = 8) -> Stretch:
    """A drawn picture that moves to the left, reduced and enlarged by 2."""
    wide = to_planes(np.asarray(draw(4)))
    clip = [wide.crop(2 * index, 0, 160, 128) for index in range(count)]
    frames = [ValidationFrame("clip", degrade([one], Degradation(2.0)), as_array(one.y)) for one in clip]
    return Stretch("clip", tuple(frames), kind)


def half_restored(stretch: Stretch) -> dict[int, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """Each frame half way to its truth, by the identity of its degraded luma."""
    return {id(one.degraded): (one.degraded.luma // 2 + one.truth // 2).astype(np.uint8) for one in stretch.frames}


@pytest.mark.parametrize(("kind", "least"), [("vmaf_neg", 3.0), ("jod", 0.05)])
def test_a_network_that_comes_nearer_to_the_truth_gains_in_what_is_seen(kind: ScoreKind, least: float) -> None:
    stretch = blurred(kind)
    better = half_restored(stretch)
    gained = stretch.score(lambda degraded: better[id(degraded)])
    kept = stretch.score(lambda degraded: degraded.luma)
    assert gained.seen is not None
    assert gained.seen > least
    assert gained.gain > 3
    assert kept.seen == pytest.approx(0, abs=1e-4)
    assert (kept.gain, kept.ssim_after) == (0, kept.ssim_before)


def test_psnr_alone_measures_every_frame() -> None:
    truth = np.full((16, 16), 100, np.uint8)

    def frame(error: int) -> ValidationFrame:
        return ValidationFrame("clip", DegradedFrame(truth + np.uint8(error), UNCODED), truth)

    scored = Stretch("clip", (frame(1), frame(10)), "psnr").score(lambda degraded: degraded.luma - np.uint8(1))
    assert (scored.source, scored.seen) == ("clip", None)
    assert scored.before == pytest.approx((20 * np.log10(255) + 20 * np.log10(25.5)) / 2)
    assert scored.after == pytest.approx((99 + 20 * np.log10(255 / 9)) / 2)
