"""The hints that a student is trained with are those that the server computes for the same coded frames."""

import itertools
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from acutance.model.bitstream.quantiser import Codec, QuantiserReader
from acutance.model.engine.engine import Engine
from acutance.model.hints import BITS_WINDOW, UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Chroma, Plane
from acutance.server.students.ladder import Ladder
from acutance.server.video.enhancer import Enhancer, Treatment
from acutance.server.video.frame_hints import FrameHints
from acutance.training.data.motion import Motion, make_clip
from acutance.training.data.planes import Planes, to_planes
from acutance.training.degradation.codec import Received, Yuv, encode
from acutance.training.degradation.degrade import Degradation, degrade_frames
from tests.training.conftest import draw

SIZE = (256, 180)


class Recorder(Engine):
    """An engine that records the hints that it receives."""

    def __init__(self) -> None:
        self.provider = "CPU"
        self.seen: list[Hints] = []

    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = UNCODED,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane:
        self.seen.append(hints)
        return luma


@pytest.fixture(scope="module")
def clip() -> list[Planes]:
    return make_clip(to_planes(np.asarray(draw(2, (320, 240)))), SIZE, (32, 30), Motion(2, 1, 0), 6)


def in_a_call(packets: Sequence[bytes], codec: Codec) -> list[Hints]:
    """The hints that the server computes for each frame of a call at `SIZE`."""
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    recorder, known = Recorder(), FrameHints()
    ladder = Ladder.__new__(Ladder)
    ladder.engines = {"recorder": recorder}
    enhancer = Enhancer(ladder)
    for number, data in enumerate((*packets, b"")):
        packet = av.Packet(data) if data else None
        if packet is not None:
            packet.pts = number
            known.note({"h264": "H264", "vp8": "VP8"}[codec], data, number)
        for frame in decoder.decode(packet):
            frame.time_base = Fraction(1, 30)
            enhancer.enhance(frame, Treatment("recorder", SIZE), known.metadata_for(frame).hints)
    return recorder.seen


@pytest.fixture
def coded(monkeypatch: pytest.MonkeyPatch) -> list[list[bytes]]:
    """The packets of all clips that training coded."""
    kept: list[list[bytes]] = []

    def keeping(frames: Sequence[Yuv], codec: Codec, bits: float, preset: int = 0) -> list[bytes]:
        kept.append(encode(frames, codec, bits, preset))
        return kept[-1]

    monkeypatch.setattr("acutance.training.degradation.codec.encode", keeping)
    return kept


@pytest.mark.parametrize("codec", ["h264", "vp8"])
@pytest.mark.parametrize("name", ["{}-0.1", "soft2-{}-0.1", "shrunk2-{}-0.05"])
def test_training_and_server_compute_the_same_hints(
    clip: list[Planes], coded: list[list[bytes]], name: str, codec: Codec
) -> None:
    trained = [frame.hints for frame in degrade_frames(clip, Degradation.parse(name.format(codec)))]
    assert trained == in_a_call(coded[0], codec)
    assert len(trained) == len(clip)


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_a_frame_without_a_readable_quantiser_gets_the_same_hints_in_training_and_server(
    clip: list[Planes], coded: list[list[bytes]], codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = QuantiserReader.read
    unreadable: set[bytes] = set()

    def read_or_not(self: QuantiserReader, data: bytes) -> float | None:
        step = read(self, data)
        return None if data in unreadable else step

    monkeypatch.setattr(QuantiserReader, "read", read_or_not)
    how = Degradation(codec=codec, bits=0.1)
    degrade_frames(clip, how)
    unreadable |= {coded[0][0], coded[0][3]}
    trained = [frame.hints for frame in degrade_frames(clip, how)]
    assert trained == in_a_call(coded[1], codec)
    assert trained[0].step == trained[0].bits == 0
    assert trained[3].step == trained[2].step > 0
    assert trained[3].bits == trained[2].bits > 0


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_after_a_lead_in_a_clip_has_the_hints_of_the_middle_of_a_call(clip: list[Planes], codec: Codec) -> None:
    def code(lead_in: int) -> int:
        return degrade_frames(clip, Degradation(codec=codec, bits=0.1), lead_in)[-1].hints.codes[1]

    in_the_middle = code(120)
    assert abs(code(BITS_WINDOW) - in_the_middle) <= 5
    # Without a lead-in, the mean includes the keyframe and the first reaction of the rate control.
    assert abs(code(0) - in_the_middle) > 10


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_a_lead_in_meets_the_first_frame_without_a_jump(
    clip: list[Planes], frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[int] = []

    def numbers(sent: Sequence[Yuv], *_: object) -> list[Received]:
        first = [degrade_frames([frame], Degradation())[0].luma for frame in clip]
        played.extend(next(i for i, luma in enumerate(first) if (luma == yuv[: SIZE[1]]).all()) for yuv in sent)
        return [Received(yuv, UNCODED, 0) for yuv in sent]

    monkeypatch.setattr("acutance.training.degradation.degrade.encode_decode", numbers)
    result = degrade_frames(clip[:frames], Degradation(codec="vp8", bits=0.1), lead_in=7)
    assert len(result) == frames
    assert len(played) == 7 + frames
    assert played[7:] == list(range(frames))
    assert all(abs(before - after) == (frames > 1) for before, after in itertools.pairwise(played))
