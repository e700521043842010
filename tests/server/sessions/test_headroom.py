from acutance.server.sessions.headroom import Process, SessionLoad, refusal_reason

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


def test_one_event_loop_serves_only_so_many_calls_however_many_processors_there_are() -> None:
    """Eight calls of 720p fill 84 % of it, on any GPU."""
    eight = [PASSING] * 8
    assert refusal_reason(eight[:7], without_students=1, own=1, cpus=64, process=Process(loop=0.73)) is None
    why = refusal_reason(eight, without_students=1, own=1, cpus=64, process=Process(loop=0.84))
    assert why == "the event loop would be busy 94 % of the time with one more"
    assert refusal_reason([NEW], without_students=1, own=1, cpus=64, process=Process(loop=0.99)) is None, (
        "no figures yet"
    )


def test_a_gpu_that_is_full_admits_no_call_unless_a_student_can_yield() -> None:
    busy = Process(loop=0.2, gpu=0.88)
    why = refusal_reason([PASSING] * 4, without_students=1, own=1, cpus=64, process=busy)
    assert why == "the GPU would be busy 110 % of the time with one more"
    yielding = SessionLoad(age=60, student=0.0, received=30, returned=30, can_yield=True)
    assert refusal_reason([PASSING, yielding] * 2, without_students=1, own=1, cpus=64, process=busy) is None
