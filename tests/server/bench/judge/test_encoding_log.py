import pytest

from acutance.server.bench.errors import BenchError
from acutance.server.bench.judge.encoding_log import FORWARDED, EncodingLog, LoggedEncoder, encoding_log
from tests.server.bench.judge.calls import report


def test_a_new_rate_counts_from_the_keyframe_between_two_reports_or_from_their_middle() -> None:
    keyframes = [index in (0, 13) for index in range(45)]
    log = encoding_log([report(10, 800), report(20, 600), report(30, 900), report(40, 900)], keyframes)
    assert log.bitrates == [800] * 13 + [600] * 12 + [900] * 20
    assert log.keyframes == keyframes
    assert log.encoder == "x264 superfast"


def test_more_frames_reported_than_returned_are_cut_off() -> None:
    assert encoding_log([report(10, 800), report(20, 600)], [True] + [False] * 11).bitrates == [800] * 12


@pytest.mark.parametrize("messages", [[], [report(0, 0)]])
def test_a_server_that_reports_no_bit_rate_cannot_be_repeated(messages: list[dict[str, object]]) -> None:
    with pytest.raises(BenchError, match="reported no bit rate"):
        encoding_log(messages, [True])


@pytest.mark.parametrize(("codec", "name"), [("H264", "libvpx VP8"), ("VP8", "x264 superfast"), ("H264", "openh264")])
def test_an_encoder_that_is_not_known_is_named(codec: str, name: str) -> None:
    with pytest.raises(BenchError, match=f"{codec} with '{name}'"):
        LoggedEncoder(codec, EncodingLog(name, [800_000], [True]), 30)


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_forwarded_frames_are_encoded_as_the_server_encodes_others(codec: str) -> None:
    forwarded = report(10, 800) | {"encoder": "forwarded"}
    assert encoding_log([forwarded, report(20, 800)], [True] * 20).encoder == "x264 superfast"
    log = encoding_log([forwarded], [True] * 10)
    assert log.encoder == FORWARDED
    LoggedEncoder(codec, log, 30)
