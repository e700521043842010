from acutance.server.video.frame_limits import FrameLimits


def test_a_frame_that_is_too_large_ends_the_stream_with_its_size() -> None:
    reasons: list[str] = []
    limits = FrameLimits(1280 * 720, 60, reasons.append)
    assert not limits.exceeded_by(1280, 720, 0.0)
    assert limits.exceeded_by(1282, 720, 1.0)
    assert reasons == ["frames of 1282x720 are larger than this server accepts"]


def test_a_faster_stream_is_thinned_to_the_limit_and_jitter_is_tolerated() -> None:
    limits = FrameLimits(10**6, 30, lambda reason: None)
    taken = sum(not limits.exceeded_by(64, 64, number / 120) for number in range(1200))
    assert 300 <= taken <= 310
    limits = FrameLimits(10**6, 30, lambda reason: None)
    late = [number / 30 + (0.05 if number % 7 == 0 else 0.0) for number in range(300)]
    assert not any(limits.exceeded_by(64, 64, now) for now in sorted(late))
