import pytest

from acutance.server.bench.material import Plan, prepare
from acutance.server.encoding.forwarding.coded import CodedStream

START = b"\0\0\0\1"


@pytest.fixture(scope="module", params=["H264", "VP8"])
def plan(request: pytest.FixtureRequest) -> Plan:
    return Plan((426, 240), request.param, count=3)


def test_keyframes_and_their_size_are_read(plan: Plan) -> None:
    stream = CodedStream()
    assert stream.refusal_reason is not None
    packets = prepare(None, plan).packets
    assert [stream.read(plan.codec, packet) for packet in packets] == [
        (True, packets[0]),
        (False, packets[1]),
        (False, packets[2]),
    ]
    assert stream.size == (426, 240), "the cropped size"
    assert stream.refusal_reason is None


def _units(data: bytes) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1") if unit.rstrip(b"\0")]


def test_a_keyframe_without_parameter_sets_gets_those_sent_before() -> None:
    plan = Plan((320, 240), "H264", count=2)
    first, other = prepare(None, plan).packets
    sets = [unit for unit in _units(first) if unit[0] & 31 in (7, 8)]
    bare = b"".join(START + unit for unit in _units(first) if unit[0] & 31 == 5)
    stream = CodedStream()
    stream.read("H264", first)
    stream.read("H264", other)
    is_keyframe, data = stream.read("H264", bare)
    assert is_keyframe
    assert _units(data) == [*sets, *_units(bare)]


def test_parameter_sets_sent_alone_make_no_keyframe() -> None:
    first = prepare(None, Plan((320, 240), "H264", count=1)).packets[0]
    sets = b"".join(START + unit for unit in _units(first) if unit[0] & 31 in (7, 8))
    stream = CodedStream()
    assert stream.read("H264", sets) == (False, sets)
    assert stream.size == (320, 240)


@pytest.mark.parametrize("profile", [77, 100])
def test_a_profile_that_receivers_have_not_negotiated_is_not_forwarded(profile: int) -> None:
    first = prepare(None, Plan((320, 240), "H264", count=1)).packets[0]
    sps = next(unit for unit in _units(first) if unit[0] & 31 == 7)
    stream = CodedStream()
    stream.read("H264", first.replace(sps[:2], bytes([sps[0], profile])))
    assert stream.refusal_reason is not None


def test_another_codec_is_not_forwarded() -> None:
    stream = CodedStream()
    assert stream.read("AV1", b"\x12\0") == (False, b"\x12\0")
    assert stream.refusal_reason is not None


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\0\1", b"\0\0\1\x67", b"\0\0\1\x68", START + b"\x67" + b"\xff" * 300, START + b"\x67\x42" + b"\0" * 90],
)
def test_broken_parameter_sets_are_no_error(data: bytes) -> None:
    stream = CodedStream()
    assert not stream.read("H264", data)[0]
    assert stream.refusal_reason is not None


def test_the_sets_of_a_malicious_sender_do_not_fill_memory() -> None:
    stream = CodedStream()
    for number in range(1, 200):
        # A picture parameter set: its id is an Exp-Golomb code of 15 bits.
        stream.read("H264", START + b"\x68" + (((number + 1) << 1) | 1).to_bytes(2, "big"))
    assert len(stream._sets) <= 16
