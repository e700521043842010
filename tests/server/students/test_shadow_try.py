"""A try ends at the first sign of a late frame, and passes only under the load of consecutive frames."""

from dataclasses import replace

import pytest

from acutance.server.students.rungs import Sample
from acutance.server.students.shadow_try import ShadowTry

INTERVAL = 1 / 30
SAMPLE = Sample(at=0.0, enhance=0.001, encode=0.006, lost=0, interval=INTERVAL, pixels=1)


class Frames:
    """Thirty frames a second beside a try whose runs take the given times."""

    def __init__(self) -> None:
        self.tried = ShadowTry("nano", 0.5)
        self.at = 0.0
        self.runs = 0

    def run(self, times: list[float | None], **measured: float) -> None:
        """Give each time to a run when it is due; end before the try does."""
        for seconds in times:
            while not self.tried.due:
                self.at += INTERVAL
                self.tried.frame(replace(SAMPLE, at=self.at, **measured))
                if self.tried.failure is not None:
                    return
            self.runs += 1
            self.tried.ran(seconds)


def test_fast_runs_pass_within_two_seconds() -> None:
    frames = Frames()
    frames.run([0.3] + [0.02] * 10)
    assert frames.tried.passed
    assert frames.tried.failure is None
    assert 0.8 < frames.at < 2
    assert frames.runs == 11


def test_the_first_run_may_take_long_or_fail_but_no_other() -> None:
    for first in (2.0, None):
        frames = Frames()
        frames.run([first, 0.02, 0.02])
        assert frames.tried.failure is None
    frames = Frames()
    frames.run([0.02, None])
    assert frames.tried.failure == "it failed"


def test_a_student_that_is_too_slow_alone_never_loads_consecutive_frames() -> None:
    frames = Frames()
    frames.run([0.3, 0.04, 0.03])
    assert frames.tried.failure == "it took 30 of 33 ms"
    assert frames.runs == 3


def test_two_late_consecutive_runs_are_enough_to_fail_and_one_is_not() -> None:
    frames = Frames()
    frames.run([0.3, 0.02, 0.02, 0.05, *[0.02] * 7])
    assert frames.tried.passed
    frames = Frames()
    frames.run([0.3, 0.02, 0.02, 0.05, 0.02, 0.06])
    assert frames.tried.failure == "it took 60 of 33 ms"


def test_consecutive_runs_that_take_most_of_the_interval_fail() -> None:
    frames = Frames()
    frames.run([0.3, 0.02, 0.02, *[0.029] * 8])
    assert not frames.tried.passed
    assert frames.tried.failure == "it took 29 of 33 ms"


def test_a_lost_frame_ends_the_try() -> None:
    frames = Frames()
    frames.run([0.02] * 5)
    frames.tried.frame(replace(SAMPLE, at=frames.at, lost=1))
    assert frames.tried.failure == "frames were late beside it"
    assert not frames.tried.due


def test_late_encoding_beside_consecutive_runs_ends_the_try() -> None:
    frames = Frames()
    frames.run([0.02] * 4)
    frames.run([0.02] * 7, encode=0.05)
    assert frames.tried.failure == "encoding took 50 of 33 ms beside it"


def test_no_run_is_due_while_one_is_running() -> None:
    tried = ShadowTry("nano", 0.5)
    due = []
    for number in range(40):
        tried.frame(replace(SAMPLE, at=number * INTERVAL))
        due.append(tried.due)
    assert due == [True] + [False] * 39


@pytest.mark.parametrize("answers", [0, 2])
def test_a_host_without_time_for_the_runs_is_too_busy(answers: int) -> None:
    frames = Frames()
    frames.run([0.02] * answers)
    for number in range(200):
        frames.tried.frame(replace(SAMPLE, at=frames.at + number * INTERVAL))
    assert frames.tried.failure == "the host has no time for it"
