from itertools import pairwise

from acutance.server.sessions.publisher.watchdog import Remedy, Watchdog


def _remedies(*steps: tuple[float, int, int]) -> list[Remedy]:
    dog = Watchdog()
    return [dog.note(*step) for step in steps]


def test_while_frames_arrive_nothing_is_requested() -> None:
    assert set(_remedies(*((second, 100 * second, 30 * second) for second in range(1, 20)))) == {Remedy.NONE}


def test_without_packets_no_restart_is_requested() -> None:
    assert set(_remedies((0, 50, 20), *((second, 50, 20) for second in range(1, 60)))) == {Remedy.NONE}


def test_packets_without_frames_lead_to_a_keyframe_request_then_to_a_restart() -> None:
    steps = [(0.0, 50, 20), *((0.25 * step, 50 + step, 20) for step in range(1, 30))]
    remedies = _remedies(*steps)
    at = [(0.25 * index, remedy) for index, remedy in enumerate(remedies) if remedy is not Remedy.NONE]
    assert at[0] == (0.75, Remedy.KEYFRAME)
    assert [time for time, remedy in at if remedy is Remedy.RESTART] == [3.25, 6.25]
    asked = [time for time, remedy in at if remedy is Remedy.KEYFRAME]
    assert all(after - before >= 0.5 for before, after in pairwise(asked))


def test_a_connection_that_stops_within_a_frame_causes_no_restart_request() -> None:
    assert Remedy.RESTART not in _remedies((0, 50, 20), *((0.25 * step, 51, 20) for step in range(1, 80)))


def test_a_sender_that_returns_without_a_frame_has_three_seconds_again() -> None:
    dead = [(0.25 * step, 51, 20) for step in range(1, 40)]
    back = [(10 + 0.25 * step, 60 + step, 20) for step in range(13)]
    remedies = _remedies((0, 50, 20), *dead, *back)
    assert remedies.index(Remedy.RESTART) == len(remedies) - 1


def test_a_frame_resets_the_watchdog() -> None:
    steps = [(0.0, 50, 20), (1.0, 60, 20), (1.6, 70, 20), (2.0, 80, 21), (2.2, 90, 21), (2.4, 95, 22)]
    assert _remedies(*steps) == [
        Remedy.NONE, Remedy.NONE, Remedy.KEYFRAME, Remedy.NONE, Remedy.NONE, Remedy.NONE
    ]  # fmt: skip
