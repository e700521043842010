from dataclasses import replace

import numpy as np
import pytest

from acutance.model.hints import UNCODED
from acutance.model.planes import Chroma
from acutance.training.data.planes import Planes, as_array, to_planes
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
    gained = stretch.score(lambda degraded: replace(degraded, luma=better[id(degraded)]))
    kept = stretch.score(lambda degraded: degraded)
    assert gained.seen is not None
    assert gained.seen > least
    assert gained.gain > 3
    assert kept.seen == pytest.approx(0, abs=1e-4)
    assert (kept.gain, kept.ssim_after) == (0, kept.ssim_before)


def test_psnr_alone_measures_every_frame() -> None:
    truth = np.full((16, 16), 100, np.uint8)

    def frame(error: int) -> ValidationFrame:
        return ValidationFrame("clip", DegradedFrame(truth + np.uint8(error), UNCODED), truth)

    scored = Stretch("clip", (frame(1), frame(10)), "psnr").score(
        lambda degraded: replace(degraded, luma=degraded.luma - np.uint8(1))
    )
    assert (scored.source, scored.seen) == ("clip", None)
    assert scored.before == pytest.approx((20 * np.log10(255) + 20 * np.log10(25.5)) / 2)
    assert scored.after == pytest.approx((99 + 20 * np.log10(255 / 9)) / 2)


def test_colour_that_is_restored_is_seen_and_measured_apart_from_luma() -> None:
    wide = to_planes(np.asarray(draw(4))).resize((200, 168))
    half = Planes(wide.y, *(plane.resize((100, 84)) for plane in (wide.cb, wide.cr)))
    clip = [half.crop(2 * index, 0, 160, 128) for index in range(8)]
    true = [Chroma(as_array(one.cb), as_array(one.cr)) for one in clip]
    grey = Chroma(*(np.full((64, 80), 128, np.uint8),) * 2)
    frames = [
        ValidationFrame("clip", replace(degrade([one], Degradation(1.5)), chroma=grey), as_array(one.y), chroma)
        for one, chroma in zip(clip, true, strict=True)
    ]
    chroma_of = {id(frame.degraded): frame.true_chroma for frame in frames}
    stretch = Stretch("clip", tuple(frames), "jod")
    kept = stretch.score(lambda degraded: degraded)
    restored = stretch.score(lambda degraded: replace(degraded, chroma=chroma_of[id(degraded)]))
    assert kept.seen == pytest.approx(0, abs=1e-4)
    assert kept.chroma_gain == 0
    assert restored.gain == 0
    assert restored.chroma_after == 99
    assert restored.seen is not None
    assert restored.seen > 0.05
