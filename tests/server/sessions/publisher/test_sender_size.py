"""Advice to a sender: by the table, and rarely changed."""

import pytest

from acutance.model import sender_size as table
from acutance.server.sessions.publisher.sender_size import SenderSize

FULL = (1280, 720)


@pytest.fixture(autouse=True)
def _fixed_table(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {"blind": [(0.01, 2.0), (0.02, 1.5)], "memory": []}
    monkeypatch.setattr(table, "_table", lambda: {"H264": {"steady": steps}})


def advise(size: SenderSize, bits: list[float], begin: float = 0.0, **more: object) -> list[float]:
    """Advice after each second of a call at 30 frames/s with these bits per pixel."""
    given = {"codec": "H264", "frame_rate": 30.0, "full": FULL, "memory": False} | more
    return [size.note(begin + second, bitrate=each * 1280 * 720 * 30, **given) for second, each in enumerate(bits)]  # type: ignore[arg-type]


def test_a_poor_connection_is_advised_the_size_of_the_table_once_it_has_lasted() -> None:
    assert advise(SenderSize(), [0.008] * 6) == [1, 1, 1, 1, 2, 2]
    assert advise(SenderSize(), [0.015] * 5)[-1] == 1.5
    assert advise(SenderSize(), [0.05] * 20)[-1] == 1


def test_a_rate_that_varies_changes_nothing() -> None:
    assert set(advise(SenderSize(), [0.008, 0.015, 0.008, 0.03] * 10)) == {1}


def test_a_larger_size_comes_back_later_and_with_a_margin() -> None:
    size = SenderSize()
    advise(size, [0.008] * 5)
    assert advise(size, [0.05] * 9, begin=5) == [2] * 9, "a change costs a keyframe"
    assert advise(size, [0.05], begin=14) == [1]
    size = SenderSize()
    advise(size, [0.008] * 5)
    assert set(advise(size, [0.012] * 30, begin=20)) == {2}, "just above the step"


@pytest.mark.parametrize(
    "more", [{"codec": "VP8"}, {"codec": "AV1"}, {"memory": True}, {"full": None}, {"frame_rate": 0.0}]
)
def test_full_size_is_advised_where_the_table_says_nothing_or_nothing_is_known(more: dict[str, object]) -> None:
    assert set(advise(SenderSize(), [0.008] * 10, **more)) == {1}
