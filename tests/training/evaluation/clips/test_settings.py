import pytest

from acutance.training.data.pictures import DataError
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.clips.settings import (
    BITS,
    CODECS,
    SHRUNK_BITS,
    SIZES,
    ClipPlan,
    choose_codecs,
    choose_sizes,
    degradation,
    window,
)


def plan(**changes: object) -> ClipPlan:
    return ClipPlan((), changes.pop("cache", None), **changes)  # type: ignore[arg-type]


def test_a_clip_is_coded_once_for_all_regimes_of_one_degradation() -> None:
    found = plan(regimes=("first_second", "steady", "shrunk2"), bits=(0.02, 0.05), sizes=("halved",)).settings()
    assert len(found) == 2 * 2 + 2 * 2
    assert found[0] == ("halved", Degradation(codec="h264", bits=0.02), ("first_second", "steady"))
    assert found[-1] == ("halved", Degradation(2, "vp8", 0.05, shrunk=True), ("shrunk2",))


def test_the_default_grid_is_that_of_the_protocol() -> None:
    found = plan().settings()
    assert len(found) == len(SIZES) * len(CODECS) * (len(BITS) + 3 * len(SHRUNK_BITS))
    assert (min(BITS), max(BITS)) == (0.0125, 0.6)
    assert len(BITS) >= 5  # for BD-rate


def test_regimes_cover_the_first_second_or_what_follows_the_second() -> None:
    assert window("first_second", 100, 25) == range(25)
    assert window("steady", 100, 25) == window("shrunk2", 100, 25) == range(50, 100)
    assert window("steady", 100, 25, most=24) == range(50, 74)
    assert window("first_second", 10, 25) == range(10)
    assert not window("steady", 40, 25)


@pytest.mark.parametrize("regime", ["second", "shrunk", "shrunk1", "shrunk5", "steady2"])
def test_unknown_regimes_are_refused(regime: str) -> None:
    with pytest.raises(DataError, match=f"'{regime}' is not a regime: choose first_second, steady"):
        degradation(regime, "vp8", 0.1)


def test_names_of_codecs_and_sizes_are_checked() -> None:
    assert choose_codecs(["vp8", "vp8"]) == ("vp8",)
    assert choose_codecs([]) == ("h264", "vp8")
    assert choose_sizes([]) == ("native", "halved")
    with pytest.raises(DataError, match="'av1' is not a codec"):
        choose_codecs(["av1"])
    with pytest.raises(DataError, match="'small' is not a size"):
        choose_sizes(["small"])
    with pytest.raises(DataError, match="more than 0 bits"):
        degradation("steady", "vp8", 0)
