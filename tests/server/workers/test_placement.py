from acutance.server.workers.placement import Candidate, ordered


def best(*candidates: Candidate) -> str:
    return ordered(candidates)[0].name


def test_the_carrier_with_fewer_sessions_is_chosen_among_equals() -> None:
    assert best(Candidate("a", sessions=2), Candidate("b", sessions=1)) == "b"
    assert best(Candidate("a", sessions=2, loop=0.01), Candidate("b", sessions=1, loop=0.05)) == "b", "noise"


def test_each_kind_of_load_counts() -> None:
    idle = Candidate("idle", sessions=3)
    assert best(Candidate("lag", lag_ms=20), idle) == "idle"
    assert best(Candidate("loop", loop=0.5), idle) == "idle"
    assert best(Candidate("gpu", gpu=0.5), idle) == "idle"
    assert best(Candidate("processors", processors=0.5), idle) == "idle"


def test_a_loop_that_was_late_once_still_gets_its_share_of_a_burst() -> None:
    assert best(Candidate("late", lag_ms=10), Candidate("first", sessions=1, recent=1)) == "late"


def test_what_is_used_most_decides() -> None:
    full, even = Candidate("full", lag_ms=1, loop=0.2, gpu=0.9), Candidate("even", lag_ms=15, loop=0.6, gpu=0.6)
    assert best(full, even) == "even"


def test_sessions_that_have_just_begun_count_before_they_are_measured() -> None:
    burst, busy = Candidate("burst", sessions=4, recent=4), Candidate("busy", sessions=3, loop=0.3)
    assert best(burst, busy) == "busy"
    assert best(Candidate("few", recent=2, share=1.0), Candidate("many", recent=2, sessions=1, share=8.0)) == "many", (
        "two calls are a smaller part of eight processors"
    )
