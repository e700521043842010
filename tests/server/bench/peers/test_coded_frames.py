from acutance.server.bench.peers.coded_frames import SentFrames

LONG, SHORT = b"\x00\x00\x00\x01", b"\x00\x00\x01"
SPS, PPS, KEY, OTHER = b"\x67\x42", b"\x68\xce", b"\x65\x88\x80", b"\x41\x9a\x01"


def test_h264_frames_are_recognised_whatever_their_start_codes_and_parameter_sets() -> None:
    frames = SentFrames([LONG + SPS + LONG + PPS + SHORT + KEY, LONG + OTHER], "H264")
    assert frames.index(LONG + KEY) == 0
    assert frames.index(SHORT + SPS + SHORT + PPS + LONG + KEY) == 0
    assert frames.index(SHORT + OTHER) == 1
    assert frames.index(LONG + OTHER + b"\x01") is None


def test_vp8_frames_are_recognised_if_every_byte_is_equal() -> None:
    frames = SentFrames([b"abc", b"abd", b"abc"], "VP8")
    assert [frames.index(frame) for frame in (b"abd", b"abc", b"ab")] == [1, 0, None]
