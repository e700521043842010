from acutance.server.encoding.forwarding.state import REPEAT_S, Forwarding, Mode, Step


def _step(state: Forwarding, wanted: bool, key: bool = False, decoded: bool = True, now: float = 0.0) -> Step:
    return state.step(wanted, key, decoded, now)


def test_to_forwarding_at_a_keyframe_that_is_requested_once_while_encoding_goes_on() -> None:
    state = Forwarding()
    assert [_step(state, True) for _ in range(3)] == [Step(False, asks=True), Step(False), Step(False)]
    assert state.mode is Mode.WAITING
    assert _step(state, True, key=True) == Step(True)
    assert _step(state, True, decoded=False) == Step(True)
    assert state.mode is Mode.FORWARDING


def test_a_request_that_was_not_answered_is_repeated_after_ten_seconds() -> None:
    state = Forwarding()
    asked = [now for now in range(25) if _step(state, True, now=now).asks]
    assert asked == [0, REPEAT_S, 2 * REPEAT_S]


def test_a_keyframe_that_comes_unasked_serves_too() -> None:
    assert _step(Forwarding(), True, key=True) == Step(True)


def test_back_to_encoding_at_any_frame_that_is_decoded() -> None:
    state = Forwarding()
    _step(state, True, key=True)
    assert _step(state, False) == Step(False, resumes=True)
    assert _step(state, False) == Step(False)
    assert state.mode is Mode.ENCODING


def test_without_a_decoder_forwarding_goes_on_up_to_the_next_decoded_frame() -> None:
    state = Forwarding()
    _step(state, True, key=True)
    assert [_step(state, False, decoded=False) for _ in range(2)] == [Step(True)] * 2
    assert state.mode is Mode.LEAVING
    assert state.active
    assert _step(state, False, key=True) == Step(False, resumes=True)


def test_who_changes_his_mind_while_leaving_goes_on_forwarding() -> None:
    state = Forwarding()
    _step(state, True, key=True)
    _step(state, False, decoded=False)
    assert _step(state, True, decoded=False) == Step(True)
    assert state.mode is Mode.FORWARDING


def test_pixels_are_needed_unless_the_next_frame_is_forwarded() -> None:
    state = Forwarding()
    assert state.needs_pixels(True, False)
    assert not state.needs_pixels(True, True)
    _step(state, True, key=True)
    assert not state.needs_pixels(True, False)
    assert state.needs_pixels(False, True)


def test_the_end_of_forwarding_is_immediate() -> None:
    state = Forwarding()
    assert not state.end()
    _step(state, True, key=True)
    assert state.end()
    assert not state.active
