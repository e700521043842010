"""What failed is remembered for all calls, by rung and size, within bounds."""

from acutance.server.students.failures import Failures


def test_waits_grow_with_each_failed_try_and_are_bounded() -> None:
    failures, at, waits = Failures(), 0.0, []
    for _ in range(5):
        failures.note_failed_try("nano", 100, at, load=3000, busy=0.5)
        begun = at
        while failures.predict_failure("nano", at, 3000, 0.5):
            at += 1
        waits.append(at - begun)
    assert waits == [60, 240, 960, 960, 960]
    assert failures.failed == 5


def test_after_an_overload_in_use_the_wait_is_short_unless_a_try_has_just_passed() -> None:
    for rose_before, wait in ((None, 5), (300.0, 5), (2.0, 60)):
        failures = Failures()
        failures.note_overload("nano", 100, 0.0, 1000, rose_before)
        assert failures.predict_failure("nano", wait - 1, 3000, 0.0)
        assert not failures.predict_failure("nano", wait + 1, 3000, 0.0)


def test_a_load_that_was_carried_is_not_predicted_to_fail_at_any_size() -> None:
    failures = Failures()
    failures.note_overload("nano", 100, 0.0, carried=1500, rose_before=None)
    assert failures.predict_failure("nano", 1, 1600, 0.5)
    assert not failures.predict_failure("nano", 1, 1400, 0.5)
    assert not failures.predict_failure("small", 1, 1600, 0.5)


def test_sizes_are_remembered_side_by_side() -> None:
    failures = Failures()
    failures.note_failed_try("nano", 100, 0.0, load=3000, busy=0.5)
    failures.note_overload("nano", 10, 50.0, carried=200, rose_before=None)
    assert failures.predict_failure("nano", 56, 3000, 0.5), "the wait of the large size goes on"
    assert not failures.predict_failure("nano", 56, 300, 0.5)


def test_the_memory_is_bounded() -> None:
    failures = Failures()
    for size in range(1000):
        failures.note_failed_try("nano", size, 0.0, load=1e9 - size, busy=0.5)
    assert len(failures._last) == 64


def test_tries_of_several_calls_do_not_overlap() -> None:
    failures = Failures()
    assert failures.reserve(0.0)
    assert not failures.reserve(1.0)
    assert failures.reserve(2.5)
