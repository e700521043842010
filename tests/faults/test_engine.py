"""Students that fail: the video continues, and the statistics give the reason why it is not enhanced."""

import threading
from collections.abc import Callable
from time import monotonic

from acutance.model.engine.engine import Engine
from acutance.model.engine.failover import FailoverEngine
from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Chroma, Plane
from acutance.server.students.inference import PATIENCE_S
from tests.faults.conftest import Stage


class Faulty:
    """The real student, which the test can replace with a fault."""

    def __init__(self, engine: Engine) -> None:
        self.student = engine.student
        self.provider, self.note, self.at_once = engine.provider, engine.note, engine.at_once
        self.fault: Callable[[], None] = lambda: None
        self._engine = engine

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
        self.fault()
        return self._engine.sharpen(luma, out, hints, strength, plate, chroma)


async def test_an_engine_that_raises_lets_frames_through_until_it_works_again(stage: Stage, engine: Engine) -> None:
    faulty = Faulty(engine)
    scene = await stage(faulty)
    peer = await scene.call()
    await peer.sees()

    def fault() -> None:
        raise RuntimeError("CUBLAS_STATUS_ALLOC_FAILED")

    begun = monotonic()
    with scene.nobody_else_notices():
        faulty.fault = fault
        await peer.is_told(passed_reason="the student failed on CPU: RuntimeError")
        await peer.sees(20)
        faulty.fault = lambda: None
        await peer.is_told(passed_reason=None)
        await peer.sees(5)
    assert peer.order == sorted(set(peer.order))
    assert peer.longest_gap(begun) < 0.45 + peer.gap_before(begun)


async def test_an_engine_that_hangs_costs_a_moment_and_one_thread(stage: Stage, engine: Engine) -> None:
    faulty, once = Faulty(engine), threading.Lock()
    scene = await stage(faulty, patience=PATIENCE_S)
    peer = await scene.call()
    await peer.sees()
    hang = threading.Event()

    def fault() -> None:
        if once.acquire(blocking=False):
            hang.wait(3)

    begun = monotonic()
    faulty.fault = fault
    await peer.is_told(passed_reason="the student nano does not answer")
    assert scene.host.context.inference.overdue == 1
    await peer.is_told(passed_reason=None)
    assert scene.host.context.inference.overdue == 0
    # Whichever call's frame hung, both calls have a gap of at most half a second and continue.
    for each in (peer, scene.bystander):
        await each.sees(5)
        assert each.longest_gap(begun) < 0.95 + each.gap_before(begun)
        assert each.share_seen(begun, monotonic()) > 0.7 * each.share_before(begun)


async def test_calls_continue_while_all_inference_threads_hang(stage: Stage, engine: Engine) -> None:
    faulty, hang = Faulty(engine), threading.Event()
    scene = await stage(faulty, patience=PATIENCE_S)
    peer = await scene.call()
    await peer.sees()
    try:
        faulty.fault = lambda: (hang.wait(30), None)[1]
        await peer.is_told(passed_reason="the student nano does not answer")
        with scene.nobody_else_notices():
            await peer.sees(45)
        assert scene.host.context.inference.overdue in (1, 2), "no further frame goes where they hang"
    finally:
        hang.set()
    await peer.is_told(passed_reason=None)


async def test_a_lost_device_costs_no_frame_and_is_named(stage: Stage, engine: Engine) -> None:
    lost = Faulty(engine)
    lost.provider = "CUDA"

    def reopen() -> Engine:
        raise RuntimeError("CUDA_ERROR_NO_DEVICE")

    scene = await stage(FailoverEngine(lost, reopen, lambda: engine))  # type: ignore[arg-type]
    peer = await scene.call()
    await peer.sees()
    await peer.is_told(provider="CUDA")

    def fault() -> None:
        raise RuntimeError("CUDA_ERROR_DEVICE_UNAVAILABLE")

    begun = monotonic()
    with scene.nobody_else_notices():
        lost.fault = fault
        await peer.is_told(provider="CPU")
        await peer.sees(10)
    assert "CUDA failed in a call (RuntimeError)" in peer.last["provider_note"]
    assert peer.last["frames"]["passed"] == 0, "each frame was enhanced, the one it failed on, too"
    assert peer.longest_gap(begun) < 0.45 + peer.gap_before(begun)
