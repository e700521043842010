"""A call whose connection becomes poor: frames that were sent well, and then frames that were not."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from acutance.model.memory.call_memory import CallMemory
from acutance.model.memory.observed import Observed
from acutance.training.data.planes import Planes
from acutance.training.degradation.degrade import Degradation, DegradedFrame, degrade_frames


def degrade_drop(
    before: Sequence[Planes],
    after: Sequence[Planes],
    good: Degradation,
    poor: Degradation,
    memory: CallMemory,
    wanted: Collection[int],
) -> list[DegradedFrame]:
    """Degrade both parts of a call, and return the frames after the drop with what is remembered of those before it.

    Each part begins with a keyframe. The memory sees all frames in order, as in the server.

    Args:
        before: Frames before the drop, of one even size.
        after: Frames after it, of the same size.
        good: The degradation before the drop.
        poor: The degradation after it.
        memory: The memory of the call, used up by this.
        wanted: Indices in `after` of the frames that need planes; the others get none.

    Raises:
        DataError: The codec failed.
    """
    return remember(degrade_frames(before, good), degrade_frames(after, poor), memory, wanted)


def remember(
    before: Sequence[DegradedFrame], after: Sequence[DegradedFrame], memory: CallMemory, wanted: Collection[int]
) -> list[DegradedFrame]:
    """Return the frames after a drop with what `memory` holds, see `degrade_drop`."""
    for frame in before:
        memory.observe(Observed(frame.luma, frame.hints))
    frames = list(after)
    for index, frame in enumerate(after):
        observed = Observed(frame.luma, frame.hints)
        if memory.observe(observed):
            # Alignment follows from frame to frame, so every frame is offered the plate.
            planes = memory.offer(observed)
            if index in wanted:
                frames[index] = replace(frame, planes=planes)
    return frames
