"""The figures of a run, computed from the records of its peers and of the server's process: pure functions."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from acutance.model.planes import Plane
from acutance.server.bench.material import Material
from acutance.server.bench.peers.round_trip import PeerError, Trip
from acutance.server.bench.server import Usage

# The first seconds hold the keyframe, the filling of the jitter buffer and the first bandwidth estimate.
_WARM_UP_S = 2.0
# aiortc's jitter buffers deliver a frame only with the first packet of the next one.
_TAIL_S = 0.5
_DRIFT_WINDOW_S = 5.0
# Before this frame number, the rate controls of both directions have only just started.
_SETTLED = 60


def measure(trip: Trip, rate: int) -> dict[str, Any]:
    """Return frame rate, drops, latency percentiles and drift of a trip of at least ten seconds at ``rate`` frames/s.

    The first two seconds and the last half second are left out. Latency is the time from passing the encoded frame to
    the sender until the returned frame is decoded, in milliseconds; drift is the median latency of the last five
    seconds minus that of the first five.

    Raises:
        PeerError: no frame was returned.
    """
    end = len(trip.sent) - _TAIL_S * rate
    warm = {number: at for number, at in trip.sent.items() if _WARM_UP_S * rate <= number < end}
    back = [(number, at) for number, at in trip.returned if number in warm]
    if not back and trip.unequal:
        raise PeerError("the server coded every frame anew: with --no-decode, only forwarded frames can be measured")
    if not back:
        raise PeerError("the server returned no frame")
    latency = np.array([at - warm[number] for number, at in back]) * 1000
    sent_at = np.array([warm[number] for number, _ in back])
    first = latency[sent_at < sent_at[0] + _DRIFT_WINDOW_S]
    last = latency[sent_at > sent_at[-1] - _DRIFT_WINDOW_S]
    numbers = [number for number, _ in back]
    returned = len(set(numbers))
    return {
        "sent": len(warm),
        "returned": returned,
        "dropped": len(warm) - returned,
        "frame_rate": round(returned / (len(warm) / rate), 2),
        "in_order": numbers == sorted(numbers),
        "latency_ms": {f"p{q}": round(float(np.percentile(latency, q)), 1) for q in (50, 95, 99)},
        "drift_ms": round(float(np.median(last) - np.median(first)), 1),
    }


def quality(material: Material, trip: Trip) -> dict[str, Any]:
    """Return SSIM and PSNR of the luma of the uplink and of the returned video, against the pristine frames.

    The uplink is what the server received. Frames that the sender scaled down are left out; see `after_resize`. Of a
    peer that did not decode, only the share of frames that returned as they were sent is known.
    """
    if trip.unequal is not None:
        share = round(len(trip.returned) / (len(trip.returned) + trip.unequal), 4)
        return {"equal_share": share, "ssim": "not measured: the peer did not decode"}
    plan = material.plan
    last = plan.count if plan.reduced is None else plan.reduced_at
    return _compared(material, trip, range(_SETTLED, last), "uplink")


def after_resize(material: Material, trip: Trip) -> dict[str, Any]:
    """Return frame rate, sizes and quality of the returned frames that were sent scaled down.

    For comparison, ``bicubic`` is the quality of the uplink after a bicubic enlargement, as in a player. Empty for a
    sender that keeps its size.
    """
    plan = material.plan
    if plan.reduced is None:
        return {}
    end = len(trip.sent) - _TAIL_S * plan.rate
    of_reduced = {
        number: size
        for (number, _), size in zip(trip.returned, trip.sizes, strict=True)
        if plan.reduced_at <= number < end
    }
    sizes = [f"{width}x{height}" for width, height in of_reduced.values()]
    return {
        "after_resize": {
            "frame_rate": round(len(of_reduced) / (end - plan.reduced_at) * plan.rate, 2),
            "returned_sizes": {size: sizes.count(size) for size in dict.fromkeys(sizes)},
            **_compared(material, trip, range(plan.reduced_at + _SETTLED, plan.count), "bicubic"),
        }
    }


def _compared(material: Material, trip: Trip, among: range, baseline: str) -> dict[str, Any]:
    # Imported here: only this needs the `bench` extra.
    try:
        from skimage.metrics import peak_signal_noise_ratio, structural_similarity
    except ImportError:
        return {"ssim": "not measured: pip install 'acutance[bench]'"}
    shape = (material.plan.size[1], material.plan.size[0])
    numbers = sorted(
        number
        for number, luma in trip.lumas.items()
        if number in among and number in material.uplink and luma.shape == shape
    )
    if not numbers:
        return {"ssim": "not measured: no frame to compare was returned"}

    # Wang 2004: 11x11 Gaussian with sigma 1.5, K 0.01 and 0.03, population variance. The bar code is left out.
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    rows = material.plan.compared_rows

    def mean(metric: Callable[[Plane, Plane], float], lumas: dict[int, Plane]) -> float:
        return float(np.mean([metric(material.pristine[number][rows], lumas[number][rows]) for number in numbers]))

    def both(metric: Callable[[Plane, Plane], float], digits: int) -> dict[str, float]:
        sent, returned = mean(metric, material.uplink), mean(metric, trip.lumas)
        return {
            baseline: round(sent, digits),
            "returned": round(returned, digits),
            "gain": round(returned - sent, digits),
        }

    return {
        "compared_frames": len(numbers),
        # Decoders of both codecs are exact: equal frames were coded alike.
        "equal_share": round(
            float(np.mean([np.array_equal(material.uplink[number], trip.lumas[number]) for number in numbers])), 4
        ),
        "ssim": both(lambda one, other: float(structural_similarity(one, other, data_range=255, **wang)), 5),
        "psnr_y": both(lambda one, other: float(peak_signal_noise_ratio(one, other, data_range=255)), 2),
    }


def summarise(statistics: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the last statistics that the server sent for a session, the worst loop lag and the seconds per student.

    Empty for a server that sends none.
    """
    if not statistics:
        return {}
    last = statistics[-1]
    frames = last.get("frames") or {}
    processed = sum(frames.get(outcome, 0) for outcome in ("enhanced", "passed", "forwarded"))
    students = [message.get("student") for message in statistics]
    kept = ("student", "rung_reason", "passed_reason", "encoder", "bitrate", "size_in", "size_out", "frames", "stages")
    return {
        "enhanced_share": round(frames.get("enhanced", 0) / processed, 4) if processed else None,
        "forwarded_share": round(frames.get("forwarded", 0) / processed, 4) if processed else None,
        "seconds_with": {str(student): students.count(student) for student in dict.fromkeys(students)},
        "loop_lag_ms_worst": max(message.get("loop_lag_ms", 0.0) for message in statistics),
        **{name: last[name] for name in kept if name in last},
    }


def worst(sessions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the worst value of each figure among the sessions of one run, and the sums of the frame counts."""
    slowest = min(sessions, key=lambda figures: figures["frame_rate"])
    measured = [figures for figures in sessions if isinstance(figures["ssim"], dict)]
    least = min(measured, key=lambda figures: figures["ssim"]["gain"], default=min(sessions, key=_equal_share))
    latencies = [figures["latency_ms"] for figures in sessions]
    return {
        **{name: sum(figures[name] for figures in sessions) for name in ("sent", "returned", "dropped")},
        "frame_rate": slowest["frame_rate"],
        "in_order": all(figures["in_order"] for figures in sessions),
        "latency_ms": {name: max(latency[name] for latency in latencies) for name in latencies[0]},
        "drift_ms": max(figures["drift_ms"] for figures in sessions),
        **{name: least[name] for name in ("compared_frames", "equal_share", "ssim", "psnr_y") if name in least},
        **{name: slowest[name] for name in ("after_resize", "server_statistics") if name in slowest},
    }


def _equal_share(figures: dict[str, Any]) -> float:
    return float(figures.get("equal_share", 1.0))


def process(usages: Sequence[Usage], trips: Sequence[Trip]) -> dict[str, Any]:
    """Return the processor time of a server during the sessions, and its memory, threads and files at four times.

    Args:
        usages: the usage before the first session, then about every second, and after the last one; empty for a remote
            server.
        trips: of the sessions.
    """
    if not usages:
        return {"server_cpu_ms_per_frame": None}
    begin, *_, end, after = usages
    frames = sum(begin.at <= at < end.at for trip in trips for at in trip.sent.values())
    minute = next((usage for usage in usages if usage.at >= begin.at + 60), None)
    at = {"idle": begin, "minute": minute, "end": end, "after": after}
    return {
        "server_cpu_ms_per_frame": round((end.cpu - begin.cpu) * 1000 / frames, 1),
        "server_cpus": round((end.cpu - begin.cpu) / (end.at - begin.at), 2),
        "server_rss_mib": {name: round(usage.rss, 1) for name, usage in at.items() if usage is not None},
        "server_threads": {name: usage.threads for name, usage in at.items() if usage is not None},
        "server_files": {name: usage.files for name, usage in at.items() if usage is not None},
    }
