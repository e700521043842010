"""What to do with frames of which something is remembered, and with others."""

import pytest

from acutance.server.students.governor import Governor
from acutance.server.students.rungs import PASS, Recalls, Rung
from acutance.server.video.choices import Choices
from acutance.server.video.output_size import OutputSize
from acutance.server.video.pass_reason import code_of

SIZE = (64, 48)
MEMORY = Rung("memory", recalls=Recalls.ALIGNED)


def choices(blind: Rung, recalling: Rung) -> Choices:
    return Choices(Governor([blind, Rung(PASS)]), OutputSize(), Governor([recalling, Rung(PASS)]))


def test_each_frame_takes_its_rung_with_it_for_the_case_that_something_is_remembered() -> None:
    some = choices(Rung("base"), MEMORY)
    treatment = some.treatment(SIZE)
    assert (treatment.student, treatment.recalled, treatment.runs) == ("base", MEMORY, "base")
    some.remember = False
    assert some.treatment(SIZE).recalled is None


@pytest.mark.parametrize(("offered", "name"), [(False, "base"), (True, "memory")])
def test_the_governor_in_use_is_that_of_the_last_frames(offered: bool, name: str) -> None:
    some = choices(Rung("base"), MEMORY)
    some.offers.note(offered)
    assert some.in_use.rung.name == name


def test_where_no_student_is_fast_enough_the_memory_may_still_work() -> None:
    some = choices(Rung(PASS), MEMORY)
    assert some.pass_reason == "nothing sharper is remembered; no student is selected"
    some.offers.note(offered=True)
    treatment = some.treatment(SIZE)
    assert (some.pass_reason, treatment.student, treatment.runs) == (None, None, "memory")


def test_where_even_the_memory_is_too_slow_frames_pass_through() -> None:
    some = choices(Rung("base"), Rung(PASS))
    some.offers.note(offered=True)
    assert some.treatment(SIZE).runs is None
    assert some.pass_reason == "no student is selected"


def test_both_governors_begin_with_the_first_frame() -> None:
    some = Choices(
        Governor([Rung("base", 1e-3), Rung(PASS)]), OutputSize(), Governor([Rung("memory", 1e-3), Rung(PASS)])
    )
    some.begin(0.0, 64 * 48, 1 / 30, 0.2)
    assert (some.governor.rung.name, some.governor_for(recalled=True).rung.name) == (PASS, PASS)


def test_each_reason_has_a_code_for_programs() -> None:
    some = choices(Rung(PASS), MEMORY)
    assert code_of(some.pass_reason) == "nothing"
    some.remember = False
    assert code_of(some.pass_reason) == "off"
    some.governor.reason = "base takes 50 ms per frame of this size"
    assert code_of(some.pass_reason) == "busy"
    some.strength = 0
    assert code_of(some.pass_reason) == "off"
    some.enhance = False
    assert code_of(some.pass_reason) == "off"
    assert code_of("the student failed on CPU: RuntimeError") == "failed"
    assert code_of(choices(Rung("base"), MEMORY).pass_reason) is None
