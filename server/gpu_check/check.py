"""The steps of the check in their order."""

from collections.abc import Callable
from functools import partial
from typing import Any

from acutance.server.gpu_check import calls, load, lost_device, nvenc, opening, pictures, resident, times
from acutance.server.gpu_check.steps import Deadline, Step
from acutance.server.gpu_check.target import Extent, Target

type _Measure = Callable[[Target, Extent, Deadline], dict[str, Any]]

FOR_DOCTOR = 4
"""Number of steps that `acutance doctor` runs."""


def steps(target: Target, extent: Extent, on_device: bool = False) -> list[Step]:
    """Return all steps.

    Args:
        target: the device.
        extent: how much is checked.
        on_device: whether to add a step for frames that stay on the device.
    """

    def measure(call: _Measure) -> Callable[[Deadline], dict[str, Any]]:
        return partial(call, target, extent)

    listed: list[tuple[str, Callable[[Deadline], dict[str, Any]]]] = [
        ("driver, libraries and provider", lambda _: opening.driver(target)),
        (
            "sessions with every node on the GPU",
            lambda _: opening.sessions(target, extent),
        ),
        ("CUDA graphs are captured and replayed", measure(opening.graphs)),
        ("pictures of the GPU and the CPU", measure(pictures.against_cpu)),
        ("batches of 1, 2, 4 and 8; a replay after another batch", measure(pictures.replays)),
        ("first and second frame of each size, sizes in turns", measure(times.first_runs)),
        ("upload, computation and download; lag of an event loop", measure(times.parts)),
        ("many threads, students and sizes at once", measure(load.together)),
        ("captures while sessions open and frames are encoded", measure(load.capturing)),
        ("NVENC", lambda _: nvenc.encodes()),
        ("calls over WebRTC", partial(calls.round_trips, extent)),
        ("a GPU that is lost", lambda _: lost_device.survives()),
    ]
    if on_device:
        listed.append(("frames that stay on the device", lambda _: resident.stays(target, extent, resident.nvidia())))
    return [Step(number, name, run) for number, (name, run) in enumerate(listed, 1)]
