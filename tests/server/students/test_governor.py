"""Down at once, up after a quiet while, and what it says of itself."""

from dataclasses import replace
from itertools import pairwise

import pytest

from acutance.server.students.governor import PASS, Governor, Rung, Sample

PIXELS = 1280 * 720
MS = 1e-3 / PIXELS
RUNGS = [Rung("base", 40 * MS, 70 * MS), Rung("small", 20 * MS, 35 * MS), Rung("nano", 10 * MS, 18 * MS), Rung(PASS)]
SAMPLE = Sample(at=0.0, enhance=0.02, encode=0.006, lost=0, interval=1 / 30, pixels=PIXELS, busy=0.3, cpus=2)


class Call:
    """Thirty frames a second on an injected clock."""

    def __init__(self, rungs: list[Rung] = RUNGS, steady: bool = False) -> None:
        self.governor = Governor(rungs, steady)
        self.at = 0.0

    def run(self, seconds: float, **measured: float) -> list[str]:
        """Return the rungs that it changed to."""
        changes = []
        for _ in range(round(30 * seconds)):
            self.at += 1 / 30
            if self.governor.note(replace(SAMPLE, at=self.at, **measured)):
                changes.append(self.governor.rung.name)
        return changes


def test_it_begins_on_the_best_rung_that_the_size_allows() -> None:
    governor = Governor(RUNGS)
    governor.begin(0.0, PIXELS, 1 / 30)
    assert governor.rung.name == "small"
    assert governor.reason == "base takes 40 ms a frame of this size here"
    governor.begin(1.0, PIXELS // 4, 1 / 30)
    assert governor.rung.name == "small", "once is enough"
    governor = Governor(RUNGS)
    governor.begin(0.0, PIXELS // 2, 1 / 30)
    assert (governor.rung.name, governor.reason) == ("base", None)


def test_it_stays_while_there_is_time() -> None:
    call = Call()
    call.run(60)
    assert call.governor.rung.name == "small"


@pytest.mark.parametrize(
    ("measured", "why"),
    [
        ({"enhance": 0.044}, "with small enhancing took 44 of 33 ms"),
        ({"encode": 0.044}, "with small encoding took 44 of 33 ms"),
        ({"lost": 1}, "with small frames came too late"),
    ],
)
def test_it_steps_down_within_a_second(measured: dict[str, float], why: str) -> None:
    call = Call()
    call.run(10)
    assert call.run(1.0, **measured) == ["nano"]
    assert call.governor.reason is not None
    if "lost" not in measured:
        assert call.governor.reason == why
    else:
        assert "came too late" in call.governor.reason


def test_one_late_frame_is_not_overload() -> None:
    call = Call()
    call.run(5)
    assert call.run(1 / 30, enhance=0.08, lost=1) == []
    assert call.run(5) == []


def test_it_ends_at_passing_through_and_says_why() -> None:
    call = Call()
    assert call.run(4.5, enhance=0.05) == ["nano", PASS]
    assert call.governor.reason == "with nano enhancing took 50 of 33 ms"


def test_it_comes_up_again_after_a_quiet_while() -> None:
    call = Call()
    call.run(4.5, enhance=0.05)
    changes = call.run(12, enhance=0.008)
    assert changes == ["nano", "small"]
    assert call.governor.rung.name == "small", "base never fits at this size"


def test_each_failed_attempt_waits_longer_for_the_next() -> None:
    call = Call()
    call.run(1)
    attempts = []
    for _ in range(30 * 120):
        too_slow = call.governor.rung.name == "small"
        call.at += 1 / 30
        sample = replace(SAMPLE, at=call.at, enhance=0.044 if too_slow else 0.008)
        if call.governor.note(sample) and call.governor.rung.name == "small":
            attempts.append(call.at)
    gaps = [after - before for before, after in pairwise(attempts)]
    assert len(gaps) >= 2
    assert all(later > 1.5 * earlier for earlier, later in pairwise(gaps))


def test_it_does_not_climb_into_a_busy_machine() -> None:
    call = Call()
    call.run(4.5, enhance=0.05)
    assert call.run(60, enhance=0.008, busy=0.9) == []
    elsewhere = Call([Rung("small", 20 * MS), Rung(PASS)])
    elsewhere.run(2, enhance=0.05)
    assert elsewhere.run(10, enhance=0.008, busy=0.9) == ["small"]


def test_slowness_below_is_expected_above() -> None:
    call = Call()
    call.run(1.25, enhance=0.044)
    assert call.governor.rung.name == "nano"
    # Nano takes 15 ms in place of 10: small would take 30.
    assert call.run(60, enhance=0.015) == []


def test_a_steady_one_never_moves() -> None:
    assert Call(steady=True).run(60, enhance=0.1, lost=2) == []
