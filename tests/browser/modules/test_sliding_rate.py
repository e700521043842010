"""Frame rates, with a simulated clock."""

import pytest

RATE = """async (samples) => {
    const { SlidingRate } = await import('/static/sliding-rate.js');
    const rate = new SlidingRate();
    return samples.map(([now, count]) => {
        if (count !== null) rate.add(now, count);
        return rate.read(now);
    });
}"""


def test_a_rate_is_of_frames_not_of_callbacks(modules):
    # Every second callback was missed; the count went on by two.
    samples = [[i * 66.7, 2 * i] for i in range(31)]
    assert modules.evaluate(RATE, samples)[-1] == pytest.approx(30, abs=0.1)


def test_a_rate_is_unknown_until_half_a_second_was_seen(modules):
    assert modules.evaluate(RATE, [[0, 0], [100, 3], [400, 12]]) == [None, None, None]


def test_a_rate_falls_to_nothing_when_the_frames_stop(modules):
    samples = [[i * 100, 3 * i] for i in range(11)]
    running, slower, silent = modules.evaluate(RATE, [*samples, [2000, None], [3100, None]])[-3:]
    assert running == pytest.approx(30, abs=0.1)
    assert slower == pytest.approx(15, abs=0.1)
    assert silent == 0


def test_a_rate_starts_again_when_the_count_does(modules):
    samples = [[0, 500], [600, 518], [700, 1], [1300, 19]]
    assert modules.evaluate(RATE, samples)[-1] == pytest.approx(30, abs=0.1)
