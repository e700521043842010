from acutance.server.sessions.headroom import SessionLoad, refusal_reason

CALM = SessionLoad(age=60, student=0.6, received=30, returned=30)
PASSING = SessionLoad(age=60, student=0.0, received=30, returned=30)
NEW = SessionLoad(age=1, student=0.0, received=0, returned=0)


def test_the_first_session_is_always_admitted() -> None:
    assert refusal_reason([], without_students=2.0, own=0.0, cpus=2) is None


def test_processors_of_students_count_as_available_for_another_session() -> None:
    # Full, but 1.2 of 2 processors belong to students.
    assert refusal_reason([CALM, CALM], without_students=0.8, own=1.8, cpus=2) is None


def test_no_session_is_admitted_beyond_the_capacity_for_decoding_and_encoding() -> None:
    why = refusal_reason([PASSING] * 3, without_students=1.8, own=1.4, cpus=2)
    assert why is not None
    assert "3 running" in why


def test_sessions_that_have_just_begun_are_counted_before_they_show() -> None:
    assert refusal_reason([PASSING], without_students=0.4, own=0.4, cpus=2) is None
    assert refusal_reason([PASSING, NEW, NEW, NEW], without_students=0.4, own=0.4, cpus=2) is not None


def test_no_session_is_admitted_while_another_is_too_slow() -> None:
    suffering = SessionLoad(age=60, student=0, received=30, returned=20)
    why = refusal_reason([CALM, suffering], without_students=0.4, own=0.3, cpus=2)
    assert why is not None
    assert "20 of its 30" in why
    assert refusal_reason([CALM, SessionLoad(1, 0, 30, 20)], without_students=0.4, own=0.3, cpus=2) is None, (
        "it only begins"
    )
    yielding = SessionLoad(age=60, student=0.6, received=30, returned=20, can_yield=True)
    assert refusal_reason([CALM, yielding], without_students=0.4, own=1.5, cpus=2) is None, (
        "its governor is about to step down"
    )
