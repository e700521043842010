"""Encoded frames and audio are written as they are, each at its time, and read back; without a server."""

from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest

from acutance.server.client.peer.recording import Recording, RecordingError, check
from acutance.server.client.peer.source import VideoReader, audio_packets, file, pattern
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder_choice import ENCODERS


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "H264"), (".webm", "VP8"), (".mkv", "VP8")])
def test_a_recording_has_its_frames_and_audio_at_their_times(tmp_path: Path, suffix: str, codec: str) -> None:
    path = tmp_path / f"back{suffix}"
    encoder, reader = ENCODERS[codec](RateControl(300_000)), VideoReader(pattern("160x96", 25))
    recording = Recording(path, has_audio=False, rate=Fraction(25))
    for time, frame in islice(reader, 20):
        recording.frame(time, codec, bytes(encoder.encode(frame)))
    recording.close()
    reader.close()
    assert recording.frames == 20
    assert recording.end == Fraction(20, 25)
    returned = VideoReader(file(path))
    assert returned.size == (160, 96)
    assert [round(float(time), 2) for time, _ in returned] == [round(number / 25, 2) for number in range(20)]
    returned.close()


def test_the_audio_of_a_file_is_followed_by_silence(tmp_path: Path) -> None:
    path = tmp_path / "tone.mkv"
    with av.open("sine=frequency=440:duration=0.2", format="lavfi") as tone, av.open(str(path), "w") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="stereo")
        for frame in tone.decode(audio=0):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    packets = list(islice(audio_packets(file(path), Fraction(0)), 20))
    assert [after - before for (before, *_), (after, *_) in pairwise(packets)] == [960] * 19
    tails = [is_tail for *_, is_tail in packets]
    assert tails == sorted(tails), "silence comes last"
    assert not tails[8]
    assert tails[-1]


def test_the_name_of_the_file_decides_the_codec(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="there is no folder"):
        check(tmp_path / "nowhere" / "back.mp4", None)
    with pytest.raises(RecordingError, match="contains VP8 with Opus only"):
        check(tmp_path / "back.webm", "H264")
    assert check(tmp_path / "back.webm", None) == "VP8"
    assert check(tmp_path / "back.mkv", None) == "H264"
