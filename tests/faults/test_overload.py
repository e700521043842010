"""More work than the host can do: the governor selects a cheaper student, and no call falls behind."""

import time
from time import monotonic

import numpy as np

from acutance.model.engine.engine import Engine
from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Chroma, Plane
from acutance.server.options.session_limits import Limits
from tests.faults.conftest import Stage

_OVERLOAD = 3


class _Slow:
    """A student with two threads, for which two calls are three times as much work as it can do."""

    def __init__(self, engine: Engine) -> None:
        self.student = engine.student
        self.provider, self.note, self.at_once = engine.provider, engine.note, 2

    def release_memory(self) -> None:
        """It holds none."""

    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = UNCODED,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane:
        time.sleep(_OVERLOAD / 30)  # like a busy device: no processor is used
        out = np.empty_like(luma) if out is None else out
        out[:] = luma
        return out


async def test_overload_changes_the_student_and_not_the_frame_rate(stage: Stage, engine: Engine) -> None:
    scene = await stage(_Slow(engine), limits=Limits(govern=True))
    peer = await scene.call()
    for each in (peer, scene.bystander):
        await each.is_told(student="pass-through")
        assert each.last["rung_reason"].startswith(("with nano", "nano was too slow in another call"))
    begun = monotonic()
    await peer.sees(60)
    for each in (peer, scene.bystander):
        assert each.share_seen(begun, monotonic()) > 0.8
        assert each.ended is None
