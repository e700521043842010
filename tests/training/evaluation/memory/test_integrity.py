"""Old content is not shown where what arrives shows other content."""

import numpy as np
import pytest

from acutance.model.engine.catalog import MEMORY
from acutance.model.engine.engine import Engine
from acutance.model.memory.opening import with_gate
from acutance.training.data.planes import Luma
from acutance.training.degradation.degrade import DegradedFrame
from acutance.training.evaluation.memory.changes import ChangedThing, changed_things
from acutance.training.evaluation.memory.integrity import measure, offered

SETTING = "shrunk2-vp8-0.05"


def shipped(frame: DegradedFrame) -> Luma:
    """What the student that ships makes of a frame."""
    student = with_gate(Engine.open(MEMORY, provider="cpu", threads=1))
    return student.sharpen(frame.luma, hints=frame.hints, plate=frame.planes)


@pytest.mark.parametrize("setting", [SETTING, "h264-0.02"])
@pytest.mark.parametrize("thing", changed_things(), ids=lambda thing: thing.name)
def test_the_student_that_ships_shows_each_change(thing: ChangedThing, setting: str) -> None:
    (result,) = measure([thing], [setting], shipped, aligned=True)
    assert result.places > 10
    assert result.old == 0
    assert result.worst < 0.5


def test_the_student_that_ships_shows_a_hand_of_the_colour_of_the_shelf_at_the_fewest_bits() -> None:
    thing = next(one for one in changed_things() if one.name == "hand before the shelf")
    (result,) = measure([thing], ["shrunk2-h264-0.0125"], shipped, aligned=True)
    assert result.places > 100
    assert result.old == 0


def test_a_copy_of_what_is_offered_does_not() -> None:
    results = measure(changed_things(), [SETTING], offered, aligned=True)
    assert 0 < sum(one.old for one in results) < 0.02 * sum(one.places for one in results)


def test_a_result_that_shows_the_old_scene_is_noticed() -> None:
    thing = next(one for one in changed_things() if one.name == "door opened")
    (result,) = measure([thing], [SETTING], lambda frame: thing.before, aligned=False)
    assert result.old == result.places > 1000
    assert result.worst > 0.9


def test_scenes_are_the_same_every_time_and_change_in_part() -> None:
    for one, again in zip(changed_things(), changed_things(), strict=True):
        np.testing.assert_array_equal(one.after, again.after)
        assert (one.before != one.after).any()
