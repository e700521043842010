import pytest

from acutance.training.validation.scores import (
    HarmBound,
    Score,
    SourceScore,
    checkpoint_score,
    losses,
    mean_chroma_gain,
    mean_gain,
)

NONE_HARMED = HarmBound(loss=0.02, share=0.0)


def source(before: float, after: float, name: str = "a", seen: float | None = None) -> SourceScore:
    return SourceScore(name, before, after, 0.9, 0.9, seen)


def test_the_score_is_the_mean_gain_while_the_harm_is_within_the_bound() -> None:
    gain, little = Score((source(30, 30.4),)), Score((source(40, 39.99),))
    assert checkpoint_score({"soft": gain, "sharp": little}, NONE_HARMED) == pytest.approx(0.195)
    seen = {"soft": Score((source(30, 30.4, seen=3.0),)), "sharp": Score((source(40, 40, seen=1.0),))}
    assert checkpoint_score(seen, NONE_HARMED) == pytest.approx(2)


def test_a_gain_within_the_bound_is_better_than_any_gain_beyond_it() -> None:
    little = {"soft": Score((source(30, 30.1),)), "sharp": Score((source(40, 40),))}
    much = {"soft": Score((source(30, 33),)), "sharp": Score((source(40, 39.7),))}
    more_harm = {"soft": Score((source(30, 33),)), "sharp": Score((source(40, 39),))}
    values = [checkpoint_score(scores, NONE_HARMED) for scores in (little, {}, much, more_harm)]
    assert values == sorted(values, reverse=True)
    assert values[1] == 0
    assert values[2] == pytest.approx(-0.28 / 2)


def test_a_share_of_the_pairs_may_be_harmed() -> None:
    scores = {"h264-0.1": Score(tuple(source(40, 40.1 - 0.3 * (n < 2), str(n)) for n in range(100)))}
    assert HarmBound(0.02, 0.02).harmed(scores) == 2
    assert HarmBound(0.02, 0.02).excess(scores) == 0
    assert HarmBound(0.02, 0.01).excess(scores) == pytest.approx(2 * 0.18 / 100)
    assert HarmBound(0.2, 0.0).excess(scores) == 0


def test_undegraded_pictures_lose_only_what_is_visible_and_gain_nothing() -> None:
    scores = {"identity": Score((source(99, 52, "a"), source(99, 44, "b"))), "soft": Score((source(30, 31),))}
    lost = losses(scores)
    assert (lost["identity", "a"], lost["identity", "b"], lost["soft", "a"]) == pytest.approx((0, 1, -1))
    assert mean_gain(scores) == pytest.approx(1)
    assert mean_gain({"identity": scores["identity"]}) == 0


def test_a_loss_on_one_clip_is_not_hidden_by_a_gain_on_another() -> None:
    even = Score((source(30, 30.1, "talking"), source(30, 30.1, "dog")))
    uneven = Score((source(30, 31.2, "talking"), source(30, 29, "dog")))
    assert even.gain == pytest.approx(0.1)
    assert uneven.gain == pytest.approx(0.1)
    assert (even.harm, uneven.harm) == pytest.approx((0, 0.5))
    assert uneven.worst.source == "dog"
    assert uneven.harmed == ("dog",)
    assert checkpoint_score({"h264-0.1": even}, NONE_HARMED) > 0
    assert checkpoint_score({"h264-0.1": uneven}, NONE_HARMED) < 0


def test_a_source_is_harmed_by_psnr_or_ssim_beyond_what_tables_show() -> None:
    assert SourceScore("a", 30, 29.99, 0.9, 0.9).harmed
    assert SourceScore("a", 30, 31, 0.9, 0.8998).harmed
    assert not SourceScore("a", 30, 29.999, 0.9, 0.89999).harmed


def test_a_score_without_a_source_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one picture or clip"):
        Score(())


def test_chroma_that_becomes_worse_counts_as_harm_however_much_luma_gains() -> None:
    def scores(after: float, name: str = "h264-0.02") -> dict[str, Score]:
        return {name: Score((SourceScore("a", 30, 31, 0.9, 0.9, None, 40, after),))}

    assert losses(scores(39.9))["h264-0.02", "a"] == pytest.approx(0.1)
    assert losses(scores(40.5))["h264-0.02", "a"] == pytest.approx(-0.5)
    assert losses(scores(40.0))["h264-0.02", "a"] == pytest.approx(-1), "it stays as it came"
    assert NONE_HARMED.harmed(scores(39.9)) == 1
    assert mean_chroma_gain(scores(40.5)) == pytest.approx(0.5)
    undegraded = {"identity": Score((SourceScore("a", 99, 60, 0.9, 0.9, None, 99, 44),))}
    assert losses(undegraded)["identity", "a"] == pytest.approx(1)
    assert mean_chroma_gain(undegraded) == 0
