"""Figures of a round trip, from invented times and frames."""

from typing import Any

import numpy as np
import pytest

from acutance.server.bench.figures import after_resize, measure, process, quality, summarise, worst
from acutance.server.bench.material import Material, Plan
from acutance.server.bench.peers.round_trip import PeerError, Trip
from acutance.server.bench.server import Usage


def _trip(latency: float, growth: float = 0.0, drop_every: int = 0, seconds: int = 20) -> Trip:
    trip = Trip()
    for number in range(seconds * 30):
        trip.sent[number] = number / 30
        if not drop_every or number % drop_every:
            trip.returned.append((number, number / 30 + latency + growth * number / 30))
    return trip


def test_a_steady_trip_is_measured_exactly() -> None:
    figures = measure(_trip(0.080), rate=30)
    assert figures["frame_rate"] == 30.0
    assert figures["latency_ms"] == {"p50": 80.0, "p95": 80.0, "p99": 80.0}
    assert figures["drift_ms"] == 0.0
    assert figures["in_order"]


def test_drops_and_growing_latency_are_seen() -> None:
    figures = measure(_trip(0.080, growth=0.010, drop_every=10), rate=30)
    assert figures["frame_rate"] == pytest.approx(27.0, abs=0.1)
    # From the middle of the first five seconds after warm-up to the middle of the last: 12.5 s.
    assert figures["drift_ms"] == pytest.approx(125, abs=3)


def test_frames_that_were_coded_anew_are_counted_by_a_peer_that_does_not_decode() -> None:
    trip = _trip(0.080, drop_every=4)
    trip.unequal = len(trip.returned)
    figures = {**measure(trip, rate=30), **quality(None, trip)}  # type: ignore[arg-type]  # no picture is looked at
    assert figures["equal_share"] == 0.5
    assert figures["frame_rate"] == pytest.approx(22.5, abs=0.1)
    trip.returned.clear()
    with pytest.raises(PeerError, match="coded every frame anew"):
        measure(trip, rate=30)


def test_frames_out_of_order_are_seen() -> None:
    trip = _trip(0.080)
    trip.returned[100], trip.returned[101] = trip.returned[101], trip.returned[100]
    assert not measure(trip, rate=30)["in_order"]


def test_a_trip_without_returned_frames_is_an_error() -> None:
    with pytest.raises(PeerError, match="returned no frame"):
        measure(Trip(sent=_trip(0).sent), rate=30)


def test_after_a_resize_returned_sizes_and_frame_rate_are_counted() -> None:
    plan = Plan((640, 360), count=600, reduced=(320, 180), reduced_at=300)
    trip = _trip(0.080)
    trip.sizes = [(320, 180) if number < 330 and number >= 300 else (640, 360) for number, _ in trip.returned]
    del trip.returned[400:410], trip.sizes[400:410]
    figures = after_resize(Material(plan), trip)["after_resize"]
    assert figures["returned_sizes"] == {"320x180": 30, "640x360": 245}
    assert figures["frame_rate"] == pytest.approx(30 * 275 / 285, abs=0.01)
    assert after_resize(Material(Plan((640, 360))), trip) == {}


def test_returned_frames_of_the_pristine_size_are_compared() -> None:
    plan = Plan((320, 192), count=150)
    noise = np.random.default_rng(0)
    pristine = noise.integers(60, 180, (192, 320)).astype(np.uint8)
    worn = (pristine + noise.integers(-9, 10, pristine.shape)).astype(np.uint8)
    material = Material(plan, [], {75: pristine, 90: pristine}, {75: worn, 90: worn})
    nearer = ((pristine.astype(int) + worn) // 2).astype(np.uint8)
    figures = quality(material, Trip(lumas={75: nearer, 90: np.zeros((96, 160), np.uint8)}))
    assert figures["compared_frames"] == 1
    assert figures["psnr_y"]["gain"] == pytest.approx(6, abs=0.5)
    assert 0 < figures["ssim"]["gain"] < 1


def test_the_statistics_of_the_server_are_summarised() -> None:
    messages = [
        {"type": "stats", "student": "small", "loop_lag_ms": 2.0, "frames": {"enhanced": 20, "passed": 0}},
        {"type": "stats", "student": "nano", "loop_lag_ms": 9.0, "frames": {"enhanced": 40, "passed": 0}},
        {"type": "stats", "student": "nano", "loop_lag_ms": 1.0, "frames": {"enhanced": 60, "passed": 20}},
    ]
    told = summarise(messages)
    assert told["seconds_with"] == {"small": 1, "nano": 2}
    assert told["enhanced_share"] == 0.75
    assert told["loop_lag_ms_worst"] == 9.0
    assert told["student"] == "nano"
    assert summarise([]) == {}


def test_the_worst_of_several_sessions_counts() -> None:
    def session(trip: Trip, gain: float) -> dict[str, Any]:
        return {**measure(trip, rate=30), "ssim": {"gain": gain}, "compared_frames": 1}

    figures = worst([session(_trip(0.080, drop_every=10), 0.02), session(_trip(0.120, growth=0.010), -0.01)])
    assert figures["frame_rate"] == pytest.approx(27.0, abs=0.1)
    assert figures["drift_ms"] == pytest.approx(125, abs=3)
    assert figures["latency_ms"]["p50"] > 120
    assert figures["ssim"] == {"gain": -0.01}
    assert figures["dropped"] == measure(_trip(0.080, drop_every=10), rate=30)["dropped"]


def test_processor_time_is_divided_by_the_frames_received_while_the_process_was_watched() -> None:
    trip = _trip(0.080, seconds=70)
    seen = [Usage(at, 5 + at / 2, 200 + at, 8, 10) for at in range(70)] + [Usage(72, 42, 270, 7, 9)]
    figures = process(seen, [trip, trip])
    assert figures["server_cpu_ms_per_frame"] == pytest.approx(1000 / 2 / 60, abs=0.1)
    assert figures["server_cpus"] == 0.5
    assert figures["server_rss_mib"] == {"idle": 200, "minute": 260, "end": 269, "after": 270}
    assert figures["server_threads"] == {"idle": 8, "minute": 8, "end": 8, "after": 7}
    assert process([], [trip]) == {"server_cpu_ms_per_frame": None}
