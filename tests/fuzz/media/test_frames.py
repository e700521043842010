"""Encoded frames of a hostile peer: the parsers end soon and return a value or None."""

import math
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from acutance.model.bitstream.quantiser import QuantiserReader
from acutance.server.rtc.coded_frame import FrameScan, begins_keyframe, opens_keyframe
from tests.fuzz import mutation
from tests.fuzz.corpus import inputs
from tests.fuzz.doors import Door
from tests.fuzz.effort import share
from tests.model.streams import encoded

_CUTS = st.lists(st.integers(1, 400), max_size=6)


def _read_h264(frame: bytes) -> None:
    _check(QuantiserReader("h264").read(frame), 0.6, 230)
    begins_keyframe("H264", frame)
    opens_keyframe("H264", frame)


def _read_vp8(frame: bytes) -> None:
    _check(QuantiserReader("vp8").read(frame), 2, 142)
    begins_keyframe("VP8", frame)


def _check(step: float | None, least: float, most: float) -> None:
    assert step is None or (math.isfinite(step) and least <= step <= most), step


H264, VP8 = Door("media-h264", _read_h264, ()), Door("media-vp8", _read_vp8, ())


@cache
def _frames(codec: str) -> list[bytes]:
    return [frame[:2000] for frame in encoded(codec, quantiser=28, count=3)]


def test_frames_that_once_found_a_fault_find_none() -> None:
    for door in (H264, VP8):
        for frame in inputs(door.name).values():
            door.try_with(frame)


@share(0.02)
@given(st.data())
def test_h264_frames(data: st.DataObject) -> None:
    H264.try_with(data.draw(mutation.mutated(_frames("h264"))))


@share(0.02)
@given(st.data())
def test_vp8_frames(data: st.DataObject) -> None:
    VP8.try_with(data.draw(mutation.mutated(_frames("vp8"))))


@share(0.02)
@given(st.data(), _CUTS)
def test_a_frame_says_the_same_however_it_is_cut_into_packets(data: st.DataObject, cuts: list[int]) -> None:
    for codec in ("H264", "VP8"):
        frame = data.draw(mutation.mutated(_frames(codec.lower())))
        whole, parts = FrameScan(codec), FrameScan(codec)
        whole.add(frame)
        at = 0
        for size in (*cuts, len(frame)):
            parts.add(frame[at : at + size])
            at += size
        assert (parts.is_keyframe, parts.has_picture) == (whole.is_keyframe, whole.has_picture)
