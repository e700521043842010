import pytest

from acutance.server.encoding.forwarding.quality_rule import ENOUGH_BITS, FINEST_STEPS, MANY_BITS, SHARP, QualityRule


def _seen(
    rule: QualityRule,
    step: float | None,
    sharpness: float = SHARP,
    frames: int = 30,
    codec: str = "H264",
    bits: float = 0.0,
) -> bool:
    for _ in range(frames):
        rule.note_sharpness(sharpness)
        rule.note(codec, step, bits)
    return rule.is_good


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_sharp_frames_with_fine_steps_are_good(codec: str) -> None:
    finest = FINEST_STEPS[codec]
    assert _seen(QualityRule(), finest, codec=codec)
    assert not _seen(QualityRule(), 1.3 * finest, codec=codec)
    assert not _seen(QualityRule(), finest, 0.9 * SHARP, codec=codec), "a soft camera: the student restores detail"


def test_frames_that_are_good_for_their_bits_only_are_told_apart() -> None:
    rule = QualityRule()
    assert _seen(rule, FINEST_STEPS["H264"])
    assert rule.has_fine_steps
    rule = QualityRule()
    assert _seen(rule, 60.0, bits=MANY_BITS)
    assert not rule.has_fine_steps


def test_a_call_begins_as_good_until_its_first_second_is_known() -> None:
    for step, sharpness in ((2 * FINEST_STEPS["H264"], SHARP), (1.0, 0.9 * SHARP)):
        rule = QualityRule()
        assert _seen(rule, step, sharpness, frames=29)
        assert not _seen(rule, step, sharpness, frames=1)
    rule = QualityRule()
    for _ in range(60):
        rule.note("H264", 1.0)
    assert rule.is_good, "the camera counts as sharp until its sharpness is known"


def test_many_bits_are_enough_at_any_step_if_the_camera_is_sharp() -> None:
    rule = QualityRule()
    assert not _seen(rule, 60.0, bits=ENOUGH_BITS)
    assert rule.has_enough_bits
    _seen(rule, 60.0, bits=0.9 * ENOUGH_BITS)
    assert rule.has_enough_bits, "the way back is further"
    _seen(rule, 60.0, bits=0.7 * ENOUGH_BITS)
    assert not rule.has_enough_bits
    _seen(rule, 60.0, 0.9 * SHARP, bits=ENOUGH_BITS)
    assert not rule.has_enough_bits


def test_what_is_hard_to_code_is_not_taken_for_a_soft_camera() -> None:
    rule = QualityRule()
    assert _seen(rule, 2 * FINEST_STEPS["H264"], 0.9 * SHARP, bits=MANY_BITS)
    assert _seen(rule, 2 * FINEST_STEPS["H264"], 0.9 * SHARP, bits=0.9 * MANY_BITS), "the way back is further"
    assert _seen(rule, 2 * FINEST_STEPS["H264"], SHARP, bits=0.9 * MANY_BITS)
    assert not _seen(QualityRule(), FINEST_STEPS["H264"], 0.9 * SHARP, bits=MANY_BITS)


def test_later_a_second_decides() -> None:
    rule = QualityRule()
    _seen(rule, 2 * FINEST_STEPS["H264"], frames=60)
    assert not _seen(rule, 1.0, frames=15)
    assert _seen(rule, 1.0, frames=15)


def test_the_way_back_is_further() -> None:
    rule = QualityRule()
    _seen(rule, FINEST_STEPS["H264"])
    assert _seen(rule, 1.2 * FINEST_STEPS["H264"])
    assert not _seen(rule, 1.3 * FINEST_STEPS["H264"])
    assert not _seen(rule, 1.2 * FINEST_STEPS["H264"])


def test_what_cannot_be_read_is_not_good() -> None:
    rule = QualityRule()
    _seen(rule, 1.0)
    assert not _seen(rule, None, frames=1)
    assert not _seen(QualityRule(), 1.0, codec="AV1")


def test_more_bits_than_our_encoder_would_have_are_forwarded_even_of_a_soft_camera() -> None:
    rule = QualityRule()
    for _ in range(60):
        rule.note_sharpness(0.9 * SHARP)
        rule.note("VP8", FINEST_STEPS["VP8"], 0.2, usual=0.1)
    assert rule.is_good
    for _ in range(30):
        rule.note("VP8", FINEST_STEPS["VP8"], 0.07, usual=0.1)
    assert not rule.is_good
