"""From what peers and the server's process saw to the figures of a run: pure functions."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from acutance.model.planes import Plane
from acutance.server.bench.material import Material
from acutance.server.bench.peers.round_trip import PeerError, Trip
from acutance.server.bench.server import Usage

# The first seconds hold the keyframe, the jitter buffer's filling and the estimator's first guess.
_WARM_UP_S = 2.0
# aiortc's jitter buffers, here and there, give a frame away only when the next one's first packet comes.
_TAIL_S = 0.5
_DRIFT_WINDOW_S = 5.0
# The first pictures are those of a rate control that just began, on both legs.
_SETTLED = 60


def measure(trip: Trip, rate: int) -> dict[str, Any]:
    """Return frame rate, drops, latency percentiles and drift of a trip of at least ten seconds at ``rate``.

    The first two seconds and the last half one are left out. Latency is from handing the encoded frame to the
    sender to its decoded return, in milliseconds; drift is the median of the last five seconds less that of the
    first five.

    Raises:
        PeerError: nothing came back.
    """
    end = len(trip.sent) - _TAIL_S * rate
    warm = {number: at for number, at in trip.sent.items() if _WARM_UP_S * rate <= number < end}
    back = [(number, at) for number, at in trip.returned if number in warm]
    if not back:
        raise PeerError("no frame came back")
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
    """Return SSIM and PSNR of luma, of the uplink and of what came back, against the pristine pictures.

    The uplink is what the server got. Pictures that the sender reduced are not among these; see `after_resize`.
    """
    plan = material.plan
    last = plan.count if plan.reduced is None else plan.reduced_at
    return _compared(material, trip, range(_SETTLED, last), "uplink")


def after_resize(material: Material, trip: Trip) -> dict[str, Any]:
    """Return what came back of the frames that were sent reduced: how many a second, of which sizes, how good.

    Beside it, as ``bicubic``, the reduced picture enlarged by the receiver: what everyone sees who leaves it to the
    player. Empty for a sender that keeps its size.
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


def _compared(material: Material, trip: Trip, among: range, before: str) -> dict[str, Any]:
    # Imported here: only this needs the `bench` extra.
    try:
        from skimage.metrics import peak_signal_noise_ratio, structural_similarity
    except ImportError:
        return {"ssim": "not measured: pip install 'acutance[bench]'"}
    shape = (material.plan.size[1], material.plan.size[0])
    numbers = sorted(
        number
        for number, picture in trip.pictures.items()
        if number in among and number in material.uplink and picture.shape == shape
    )
    if not numbers:
        return {"ssim": "not measured: no picture to compare came back"}

    # Wang 2004: 11x11 Gaussian of sigma 1.5, K .01/.03, population variance; the bar code's rows are left out.
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    rows = material.plan.picture

    def mean(metric: Callable[[Plane, Plane], float], pictures: dict[int, Plane]) -> float:
        return float(np.mean([metric(material.pristine[number][rows], pictures[number][rows]) for number in numbers]))

    def both(metric: Callable[[Plane, Plane], float], digits: int) -> dict[str, float]:
        was, returned = mean(metric, material.uplink), mean(metric, trip.pictures)
        return {
            before: round(was, digits),
            "returned": round(returned, digits),
            "gain": round(returned - was, digits),
        }

    return {
        "pictures": len(numbers),
        "ssim": both(lambda one, other: float(structural_similarity(one, other, data_range=255, **wang)), 5),
        "psnr_y": both(lambda one, other: float(peak_signal_noise_ratio(one, other, data_range=255)), 2),
    }


def said(statistics: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what a server told of a session on its data channel: the last of it, the worst loop lag, its students.

    Empty for a server that tells nothing.
    """
    if not statistics:
        return {}
    last = statistics[-1]
    frames = last.get("frames") or {}
    treated = frames.get("enhanced", 0) + frames.get("passed", 0)
    students = [message.get("student") for message in statistics]
    kept = ("student", "rung_reason", "passed_reason", "encoder", "bitrate", "size_in", "size_out", "frames", "stages")
    return {
        "enhanced_share": round(frames.get("enhanced", 0) / treated, 4) if treated else None,
        "seconds_with": {str(student): students.count(student) for student in dict.fromkeys(students)},
        "loop_lag_ms_worst": max(message.get("loop_lag_ms", 0.0) for message in statistics),
        **{name: last[name] for name in kept if name in last},
    }


def worst(sessions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the worst of each figure among sessions of one run; frames are added up."""
    slowest = min(sessions, key=lambda figures: figures["frame_rate"])
    measured = [figures for figures in sessions if isinstance(figures["ssim"], dict)]
    least = min(measured, key=lambda figures: figures["ssim"]["gain"], default=sessions[0])
    latencies = [figures["latency_ms"] for figures in sessions]
    return {
        **{name: sum(figures[name] for figures in sessions) for name in ("sent", "returned", "dropped")},
        "frame_rate": slowest["frame_rate"],
        "in_order": all(figures["in_order"] for figures in sessions),
        "latency_ms": {name: max(latency[name] for latency in latencies) for name in latencies[0]},
        "drift_ms": max(figures["drift_ms"] for figures in sessions),
        **{name: least[name] for name in ("pictures", "ssim", "psnr_y") if name in least},
        **{name: slowest[name] for name in ("after_resize", "server_said") if name in slowest},
    }


def process(seen: Sequence[Usage], trips: Sequence[Trip]) -> dict[str, Any]:
    """Return what a server's process used while peers were there, and what it had before, then and after they left.

    Args:
        seen: before the first peer, then about every second, last when all had left; empty for a server elsewhere.
        trips: of the peers.
    """
    if not seen:
        return {"server_cpu_ms_per_frame": None}
    begin, *_, end, after = seen
    frames = sum(begin.at <= at < end.at for trip in trips for at in trip.sent.values())
    minute = next((usage for usage in seen if usage.at >= begin.at + 60), None)
    at = {"idle": begin, "minute": minute, "end": end, "after": after}
    return {
        "server_cpu_ms_per_frame": round((end.cpu - begin.cpu) * 1000 / frames, 1),
        "server_cpus": round((end.cpu - begin.cpu) / (end.at - begin.at), 2),
        "server_rss_mib": {name: round(usage.rss, 1) for name, usage in at.items() if usage is not None},
        "server_threads": {name: usage.threads for name, usage in at.items() if usage is not None},
        "server_files": {name: usage.files for name, usage in at.items() if usage is not None},
    }
