"""The regimes of a call, each judged by itself, and the files of its frames."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from acutance.server.bench.errors import BenchError
from acutance.server.bench.judge.frame_sets import COLUMNS, REFERENCE, FrameSet
from acutance.server.bench.judge.lossless import LosslessFile
from acutance.server.bench.material import Plan

# After a start or a resize, as `steady` in `acutance-train evaluate`.
_SETTLED_S = 2
# Fewer show no motion to judge.
_LEAST_FRAMES = 8


@dataclass
class Regime:
    """A part of the call.

    Attributes:
        name: ``first_second`` (after the keyframe at the start), ``steady`` (from second 2 on) or ``shrunk`` (from two
            seconds after the sender has reduced its frames on).
        numbers: of its frames.
        files: its frames that were returned, by `REFERENCE` and `COLUMNS`.
        frames: number of frames in each file.
        bytes: of these frames by `COLUMNS`, as they were coded.
    """

    name: str
    numbers: range
    files: dict[str, Path] = field(default_factory=dict)
    frames: int = 0
    bytes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))


def regimes(plan: Plan, most: int) -> list[Regime]:
    """Return the regimes of a stream, each with at most ``most`` frames."""
    full_size = plan.count if plan.reduced is None else plan.reduced_at
    parts = [Regime("first_second", range(plan.rate)), Regime("steady", range(_SETTLED_S * plan.rate, full_size))]
    if plan.reduced is not None:
        parts.append(Regime("shrunk", range(plan.reduced_at + _SETTLED_S * plan.rate, plan.count)))
    return [Regime(part.name, part.numbers[:most]) for part in parts if part.numbers]


def write(parts: Iterable[Regime], sets: Iterable[FrameSet], plan: Plan, folder: Path) -> list[Regime]:
    """Write the frames of each regime to files in ``folder``, without the rows of the bar code.

    Frames that were returned at another size than that of the plan are left out.

    Returns:
        The regimes that have enough frames to judge, with their files.

    Raises:
        BenchError: there is none, or a file cannot be written.
    """
    found = list(parts)
    end = max(part.numbers.stop for part in found)
    width, height = plan.size
    with ExitStack() as stack:
        files: dict[Path, LosslessFile] = {}
        for part in found:
            part.files = {name: folder / f"{part.name}-{name}.mkv" for name in (REFERENCE, *COLUMNS)}
            for path in part.files.values():
                files[path] = stack.enter_context(LosslessFile(path, width, height - 2 * plan.block, plan.rate))
        for one in sets:
            if one.number >= end:
                break
            returned = one.videos["returned"]
            for part in found:
                if one.number in part.numbers and (returned.width, returned.height) == plan.size:
                    part.frames += 1
                    for name, path in part.files.items():
                        files[path].write(one.videos[name])
                    for name, size in one.bytes.items():
                        part.bytes[name] += size
    enough = [part for part in found if part.frames >= _LEAST_FRAMES]
    if not enough:
        raise BenchError(f"--judge needs {_LEAST_FRAMES} frames that were returned at {width}x{height} in one regime")
    return enough
