"""A rung is timed by its two steps, of which one overlaps with the frame before."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from av import VideoFrame

from acutance.model.hints import UNCODED, Hints
from acutance.server.students.inference import Inference
from acutance.server.students.rungs import Recalls, Rung
from acutance.server.video.enhancer import Enhanced, Prepared, Treatment
from acutance.server.video.enhancing import Enhancing
from tests.frames import frame_of

RUNG = Rung("small + memory", recalls=Recalls.ALIGNED, before="small")
FRAME = frame_of(np.zeros((48, 64), np.uint8))


@dataclass
class Timed:
    """An enhancer of which both steps take as long as the test says."""

    preparing: float = 0.0
    finishing: float = 0.0
    reason: str | None = None
    now: float = 0.0
    recall: None = None
    treatments: list[Treatment] = field(default_factory=list)

    def prepare(self, frame: VideoFrame, treatment: Treatment, hints: Hints = UNCODED) -> Prepared | Enhanced:
        self.treatments.append(treatment)
        self.now += self.preparing
        return Prepared(frame, treatment, hints, frame.width)

    def finish(self, prepared: Prepared) -> Enhanced:
        self.now += self.finishing
        return Enhanced(prepared.frame, self.reason)


async def timed(enhancer: Timed, *, alone: bool = False) -> float | None:
    inference = Inference(1, patience=30)
    enhancing = Enhancing(enhancer, inference, lambda: enhancer.now)  # type: ignore[arg-type]
    try:
        return await enhancing.time_rung(RUNG, FRAME, UNCODED, alone=alone)
    finally:
        enhancing.close()
        await inference.close()


@pytest.mark.parametrize(
    ("preparing", "finishing", "counts"), [(0.02, 0.004, 0.02), (0, 0.02, 0.02), (0.02, 0.02, 0.032)]
)
async def test_a_rung_takes_as_long_as_its_slower_step_or_most_of_both(
    preparing: float, finishing: float, counts: float
) -> None:
    enhancer = Timed(preparing, finishing)
    assert await timed(enhancer) == pytest.approx(counts)
    assert enhancer.treatments == [Treatment("small", remember=None, recalled=RUNG)]


async def test_one_that_was_not_in_use_is_run_twice_and_the_second_run_counts() -> None:
    enhancer = Timed(0.02, 0.004)
    assert await timed(enhancer, alone=True) == pytest.approx(0.02)
    assert len(enhancer.treatments) == 2


async def test_a_rung_that_lets_the_frame_pass_has_no_time() -> None:
    assert await timed(Timed(0.02, 0.012, reason="the student failed")) is None
