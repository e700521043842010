import random
from fractions import Fraction

import pytest
from aiortc.mediastreams import VIDEO_CLOCK_RATE

from acutance.server.client.peer.timeline import SenderClocks, SentAudio, SentFrames

RATES = [Fraction(24_000, 1001), Fraction(25), Fraction(30), Fraction(60)]


def _sent(rate: Fraction, count: int) -> tuple[SentFrames, list[int]]:
    frames = SentFrames()
    return frames, [frames.add(number, number / rate) for number in range(count)]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("first", [0, 1, 2, 7, 40])
def test_frames_are_matched_for_any_first_time_stamp_of_the_server(rate: Fraction, first: int) -> None:
    frames, stamps = _sent(rate, 100)
    origin = stamps[first] - 12_345
    for stamp in stamps[first:]:
        frames.returned(stamp - origin)
    assert frames.settled
    assert [frames.number(stamp - origin) for stamp in stamps[first:]] == list(range(first, 100))


def test_frames_that_are_dropped_on_the_way_do_not_matter() -> None:
    frames, stamps = _sent(Fraction(30), 200)
    kept = [number for number in range(3, 200) if random.Random(number).random() < 0.7]
    for number in kept:
        frames.returned(stamps[number] - stamps[kept[0]])
    assert [frames.number(stamps[number] - stamps[kept[0]]) for number in kept] == kept


def test_frame_marks_change_timestamps_by_less_than_a_sixth_of_a_millisecond() -> None:
    _, stamps = _sent(Fraction(30), 1000)
    assert stamps == sorted(set(stamps))
    assert all(0 <= stamp - round(number * VIDEO_CLOCK_RATE / 30) < 16 for number, stamp in enumerate(stamps))


def test_a_server_with_its_own_time_stamps_is_detected() -> None:
    frames, _ = _sent(Fraction(30), 100)
    for number in range(20):
        frames.returned(number * 3000)
    assert frames.foreign
    assert not frames.settled
    assert frames.number(3000) is None


def test_a_call_of_one_frame_is_matched_when_it_ends() -> None:
    frames, stamps = _sent(Fraction(30), 1)
    frames.returned(0)
    frames.finish()
    assert frames.number(0) == 0
    assert stamps[0] < 16


def test_audio_is_matched_by_its_bytes_but_not_by_silence() -> None:
    audio = SentAudio()
    for at, data in enumerate((b"silence", b"silence", b"word", b"other")):
        audio.add(data, at * 960)
    audio.returned(b"silence", 0)
    assert audio.offset is None
    audio.returned(b"somebody else's", 960)
    assert audio.offset is None
    audio.returned(b"word", 960)
    assert audio.offset == 960


def test_audio_and_video_are_synchronised_by_the_senders_clock() -> None:
    clocks = SenderClocks()
    picture, audio = clocks.listen("video", VIDEO_CLOCK_RATE), clocks.listen("audio", 48_000)
    picture(1000.5, 45_000)  # began at 1000.0
    assert clocks.audio_ahead is None
    audio(1001.0, 24_000)  # began at 1000.5
    assert clocks.audio_ahead == pytest.approx(0.5)
