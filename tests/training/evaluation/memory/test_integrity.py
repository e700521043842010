"""Old content is not shown where what arrives shows other content."""

import numpy as np
import pytest

from acutance.training.evaluation.memory.changes import ChangedThing, changed_things
from acutance.training.evaluation.memory.integrity import measure, offered

SETTING = "shrunk2-vp8-0.05"


@pytest.mark.parametrize("thing", changed_things(), ids=lambda thing: thing.name)
def test_even_a_copy_of_what_is_offered_shows_the_change(thing: ChangedThing) -> None:
    (result,) = measure([thing], [SETTING], offered, aligned=True)
    assert result.places > 10
    assert result.old == 0
    assert result.worst < 0.5


def test_a_result_that_shows_the_old_scene_is_noticed() -> None:
    thing = next(one for one in changed_things() if one.name == "door opened")
    (result,) = measure([thing], [SETTING], lambda frame: thing.before, aligned=False)
    assert result.old == result.places > 1000
    assert result.worst > 0.9


def test_scenes_are_the_same_every_time_and_change_in_part() -> None:
    for one, again in zip(changed_things(), changed_things(), strict=True):
        np.testing.assert_array_equal(one.after, again.after)
        assert (one.before != one.after).any()
