from acutance.server.encoding.forwarding.decoding_gate import DecodingGate


def test_a_decoder_that_missed_frames_continues_with_a_keyframe() -> None:
    gate = DecodingGate()
    frames = [(True, True), (True, False), (False, False), (True, False), (True, True), (True, False)]
    assert [gate.admits(*frame) for frame in frames] == [True, True, False, False, True, True]
    assert not gate.admits(False, True), "nobody needs it"
