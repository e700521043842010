import numpy as np
import pytest

from acutance.model.hints import UNCODED
from acutance.training.degradation.degrade import DegradedFrame
from acutance.training.validation.frames import ValidationFrame
from acutance.training.validation.scores import Score, SourceScore, checkpoint_score, score


def source(before: float, after: float, name: str = "a") -> SourceScore:
    return SourceScore(name, before, after, 0.9, 0.9)


def test_losses_weigh_more_than_gains_and_the_identity_only_below_45_db() -> None:
    gain, loss, sharp = Score((source(30, 30.4),)), Score((source(40, 39.9),)), Score((source(99, 52),))
    assert checkpoint_score({"soft": gain, "sharp": loss, "identity": sharp}) == pytest.approx((0.4 - 0.3) / 3)
    assert checkpoint_score({"identity": Score((source(99, 44),))}) == pytest.approx(-3)


def test_a_loss_on_one_clip_is_not_hidden_by_a_gain_on_another() -> None:
    even = Score((source(30, 30.1, "talking"), source(30, 30.1, "dog")))
    uneven = Score((source(30, 31.2, "talking"), source(30, 29, "dog")))
    assert even.gain == pytest.approx(0.1)
    assert uneven.gain == pytest.approx(0.1)
    assert (even.harm, uneven.harm) == pytest.approx((0, 0.5))
    assert uneven.worst.source == "dog"
    assert uneven.harmed == ("dog",)
    assert checkpoint_score({"h264-0.1": even}) > 0 > checkpoint_score({"h264-0.1": uneven})


def test_a_source_is_harmed_by_psnr_or_ssim_beyond_what_tables_show() -> None:
    assert SourceScore("a", 30, 29.99, 0.9, 0.9).harmed
    assert SourceScore("a", 30, 31, 0.9, 0.8998).harmed
    assert not SourceScore("a", 30, 29.999, 0.9, 0.89999).harmed


def test_frames_are_averaged_over_each_source_first() -> None:
    truth = np.full((16, 16), 100, np.uint8)

    def frame(name: str, error: int) -> ValidationFrame:
        return ValidationFrame(name, DegradedFrame(truth + np.uint8(error), UNCODED), truth)

    frames = [frame("clip", 1), frame("clip", 10), frame("picture", 2)]
    scored = score(frames, lambda degraded: degraded.luma - np.uint8(1))
    clip, picture = scored.sources
    assert (clip.source, picture.source) == ("clip", "picture")
    assert clip.before == pytest.approx((20 * np.log10(255) + 20 * np.log10(25.5)) / 2)
    assert clip.after == pytest.approx((99 + 20 * np.log10(255 / 9)) / 2)
    assert picture.gain == pytest.approx(20 * np.log10(2))
    assert scored.before == pytest.approx((clip.before + picture.before) / 2)
    with pytest.raises(ValueError, match="at least one frame"):
        score([], lambda degraded: degraded.luma)
