"""Percentiles equal NumPy's, whatever was added and dropped."""

from collections import deque

import numpy as np
import pytest

from acutance.server.students.window import Tally, Window


@pytest.mark.parametrize("length", [1, 2, 7, 90])
def test_percentiles_are_those_of_the_last_durations(length: int) -> None:
    random = np.random.default_rng(length)
    window, kept = Window(length), deque[float](maxlen=length)
    # Rounded: equal ones are among them.
    for seconds in np.round(random.gamma(2, 0.01, 500), 3):
        window.add(float(seconds))
        kept.append(float(seconds))
        assert len(window) == len(kept)
        for percent in (0, 50, 95, 100):
            assert window.percentile(percent) == np.percentile(kept, percent)
    window.clear()
    assert len(window) == 0
    with pytest.raises(IndexError):
        window.percentile(50)


def test_a_tally_is_the_sum_of_the_last_counts() -> None:
    tally, kept = Tally(7), deque[int](maxlen=7)
    for count in np.random.default_rng(0).integers(0, 4, 50).tolist():
        tally.add(count)
        kept.append(count)
        assert (len(tally), tally.total) == (len(kept), sum(kept))
    tally.clear()
    assert (len(tally), tally.total) == (0, 0)
