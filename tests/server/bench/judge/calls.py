"""Calls without a network: what a server would return for a material, and what it would report."""

from collections.abc import Callable, Collection
from typing import Any

from av import VideoFrame
from av.video.reformatter import VideoReformatter

from acutance.server.bench.material import Material, decoded_frames, enlarged
from acutance.server.bench.peers.round_trip import Trip
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder_choice import ENCODERS
from acutance.server.frames.planes import copy_of

RATE = 30


def returned(
    material: Material,
    bitrates: Callable[[int], int],
    student: Callable[[VideoFrame], VideoFrame] = lambda frame: frame,
    dropped: Collection[int] = (),
    keyframes: Collection[int] = (),
) -> Trip:
    """The trip of a material through a server.

    Args:
        material: that is sent.
        bitrates: the maximum bit rate by frame number.
        student: changes each frame.
        dropped: numbers of the frames that are not returned.
        keyframes: numbers of the frames that a receiver requests as keyframes.
    """
    control, seconds = RateControl(bitrates(0)), 0.0
    encoder = ENCODERS[material.plan.codec](control, lambda: seconds)
    trip, scaler = Trip(), VideoReformatter()
    for number, frame in enumerate(decoded_frames(material.plan, material.packets)):
        seconds = number / RATE
        if number not in dropped:
            control.maximum = bitrates(number)
            if number in keyframes:
                encoder.request_keyframe()
            trip.coded.append(bytes(encoder.encode(student(copy_of(enlarged(scaler, frame, material.plan))))))
        if number % RATE == RATE - 1:
            trip.statistics.append(report(len(trip.coded), encoder.bitrate, encoder.name))
    return trip


def report(returned: int, bitrate: int, encoder: str = "x264 superfast") -> dict[str, Any]:
    """A statistics message."""
    return {"type": "stats", "encoder": encoder, "bitrate": bitrate, "frames": {"returned": returned}}
