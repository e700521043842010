"""The quantiser step that is read from a stream is the step that its encoder was set to."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest

from acutance.model.bitstream.bits import Bits
from acutance.model.bitstream.h264_header import ParameterSets
from acutance.model.bitstream.quantiser import QuantiserReader
from acutance.model.bitstream.unreadable import UnreadableError
from tests.model.streams import encoded

H264_LAYOUTS = {
    "baseline": {"profile": "baseline"},
    "cabac, weights, slices, references": {
        "profile": "high",
        "x264-params": "ipratio=1:cabac=1:weightp=2:slices=3:ref=4:scenecut=0:b-adapt=0",
    },
    "lists reordered, b-frames": {
        "tune": "film",
        "bf": "3",
        "x264-params": "ipratio=1:pbratio=1:b-pyramid=normal:ref=4",
    },
    "interlaced": {"x264-params": "ipratio=1:interlaced=1"},
    "4:4:4-capable scaling lists": {"profile": "high", "x264-params": "ipratio=1:cqm=jvt"},
}


@pytest.mark.parametrize("layout", H264_LAYOUTS)
@pytest.mark.parametrize("qp", [4, 23, 45])
def test_h264_steps_follow_the_slices_qp(layout: str, qp: int) -> None:
    reader = QuantiserReader("h264")
    steps = [reader.read(frame) for frame in encoded("h264", quantiser=qp, count=6, options=H264_LAYOUTS[layout])]
    assert steps == [pytest.approx(0.625 * 2 ** (qp / 6))] * 6


def test_vp8_steps_grow_with_the_quantiser_and_span_the_codecs_range() -> None:
    steps = []
    for quantiser in (0, 10, 20, 40, 63):
        reader = QuantiserReader("vp8")
        own = {reader.read(frame) for frame in encoded("vp8", quantiser=quantiser, count=4)}
        assert len(own) == 1
        steps += list(own)
    assert steps[0] == 2.0
    assert steps[-1] == 142.0
    assert all(a is not None and b is not None and a < b for a, b in pairwise(steps))


@pytest.mark.parametrize("options", [{"error-resilient": "1"}, {"slices": "4"}, {"static-thresh": "1000"}])
def test_vp8_headers_of_other_settings_are_read(options: dict[str, str]) -> None:
    reader = QuantiserReader("vp8")
    steps = {reader.read(frame) for frame in encoded("vp8", quantiser=32, count=5, options=options)}
    assert steps == {23.5}


def test_both_codecs_measure_by_one_scale() -> None:
    """At equal steps both codecs lose about as much, so that the step is a hint for both."""
    steps = {}
    for codec, quantiser in (("h264", 28), ("vp8", 22)):
        reader = QuantiserReader("h264" if codec == "h264" else "vp8")
        steps[codec] = [reader.read(frame) for frame in encoded(codec, quantiser=quantiser, count=3)][-1]
    assert steps["h264"] == pytest.approx(steps["vp8"], rel=0.15)


def test_a_slice_without_its_parameter_sets_has_no_quantiser() -> None:
    frames = encoded("h264", quantiser=30, count=3)
    assert QuantiserReader("h264").read(frames[1]) is None


def _damaged() -> Iterator[tuple[str, bytes]]:
    rng = np.random.default_rng(0)
    for codec in ("h264", "vp8"):
        for frame in encoded(codec, quantiser=30, count=3):
            for _ in range(150):
                torn = bytearray(frame[: int(rng.integers(len(frame)))][:200])
                for _ in range(int(rng.integers(4))):
                    if torn:
                        torn[int(rng.integers(len(torn)))] = int(rng.integers(256))
                yield codec, bytes(torn)
    for length in (0, 1, 2, 3, 10, 100):
        yield "h264", b"\0\0\1" + rng.bytes(length)
        yield "vp8", rng.bytes(length)


def test_damaged_frames_have_a_quantiser_or_none() -> None:
    readers = {"h264": QuantiserReader("h264"), "vp8": QuantiserReader("vp8")}
    for codec, data in _damaged():
        step = readers[codec].read(data)
        assert step is None or np.isfinite(step)


def _exp_golomb(value: int) -> str:
    code = format(value + 1, "b")
    return "0" * (len(code) - 1) + code


def _unit(kind: int, *codes: int, prefix: bytes = b"") -> bytes:
    bits = "".join(_exp_golomb(code) for code in codes) + "1"
    bits += "0" * (-len(bits) % 8)
    payload = int(bits, 2).to_bytes(len(bits) // 8, "big")
    # Emulation prevention, H.264 section 7.4.1.
    for last in range(4):
        payload = payload.replace(bytes([0, 0, last]), bytes([0, 0, 3, last]))
    return b"\0\0\0\1" + bytes([0x60 | kind]) + prefix + payload


def _sps(number: int) -> bytes:
    return _unit(7, number, *[0] * 12, prefix=b"\x42\xc0\x1f")


def _pps(number: int, sps: int = 0) -> bytes:
    return _unit(8, number, sps, *[0] * 12)


def test_parameter_sets_are_kept_by_the_ids_that_there_are() -> None:
    sets = ParameterSets()
    for number in range(3000):
        for unit in (_sps(number), _pps(number)):
            with suppress(UnreadableError):
                sets.slice_qp(unit)
    assert len(sets) == 32 + 256  # H.264, sections 7.4.2.1.1 and 7.4.2.2


def test_one_frame_leaves_few_parameter_sets() -> None:
    sets = ParameterSets()
    with suppress(UnreadableError):
        sets.slice_qp(b"".join(_pps(number % 256) for number in range(3000)))
    assert len(sets) <= 16


def test_a_frame_of_many_units_costs_no_more_than_one_of_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    take = Bits.take

    def counted(bits: Bits, count: int) -> int:
        nonlocal reads
        reads += 1
        return take(bits, count)

    monkeypatch.setattr(Bits, "take", counted)
    # pic_order_cnt_type 1 with as many offsets as there may be, each code one bit long.
    longest = _unit(7, 0, 0, 1, 0, 0, 0, 255, *[0] * 255, 0, 0, 0, 0, 0, prefix=b"\x42\xc0\x1f")
    reader = QuantiserReader("h264")
    assert reader.read(longest) is None
    once, reads = reads, 0
    assert once > 255
    assert reader.read(longest * 1000) is None
    assert once < reads <= 2001, "about 2 ms"


def test_a_slice_far_behind_is_not_searched() -> None:
    frames = encoded("h264", quantiser=30, count=1)
    sei = b"\0\0\0\1\x06" + b"\x55" * 100
    assert QuantiserReader("h264").read(sei + frames[0]) is not None
    assert QuantiserReader("h264").read(sei * 1000 + frames[0]) is None
    assert QuantiserReader("h264").read(b"\0\0\0\1\x06" + b"\x55" * 100_000 + frames[0]) is None
