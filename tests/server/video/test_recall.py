import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from acutance.model.engine import catalog
from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes, no_plate
from acutance.model.planes import Chroma, Plane
from acutance.server.frames.planes import plane_view
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import PASS, REMEMBER, Recalls, Rung
from acutance.server.telemetry.memory import MemorySnapshot
from acutance.server.video.enhancer import Enhanced, Enhancer, Prepared, Treatment
from acutance.server.video.recall import Recall
from acutance.server.video.remembered_mask import RememberedMask
from tests.frames import frame_of
from tests.model.memory.scenes import COARSE, SHARP, poor, room


@dataclass
class Copying:
    """Shows the plate wherever it is offered."""

    student: catalog.Student = field(default_factory=lambda: catalog.find("nano"))
    at_once: int = 1
    provider: str = "CPU"
    note: str | None = None
    threads: set[int] = field(default_factory=set)

    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = UNCODED,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane:
        assert plate is not None
        assert out is not None
        out[:] = plate.plate
        return out

    def release_memory(self) -> None:
        """Nothing is kept."""


@dataclass
class Filling(Copying):
    """Like `Copying`, and without a plate it leaves the frame as it is."""

    ran: int = 0

    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = UNCODED,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane:
        self.ran += 1
        return super().sharpen(
            luma, np.empty_like(luma) if out is None else out, hints, strength, plate or no_plate(luma)
        )


class Broken(Copying):
    """A student that fails."""

    def sharpen(self, *given: object, **named: object) -> Plane:
        raise RuntimeError("out of memory")


SMALL = Treatment("small")
ALONE = Rung(REMEMBER, recalls=Recalls.ALIGNED)


@pytest.fixture
def scene() -> Plane:
    return room(320, 192)


def luma_of(enhancer: Enhancer, luma: Plane, hints: Hints, treatment: Treatment = SMALL) -> Plane:
    enhanced = enhancer.enhance(frame_of(luma), treatment, hints)
    return plane_view(enhanced.frame, 0).copy()


def error(one: Plane, other: Plane) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_detail_seen_earlier_is_restored_after_the_student(ladder: Ladder, scene: Plane) -> None:
    enhancer = Enhancer(ladder, Recall(Copying()))
    blind = luma_of(Enhancer(ladder), poor(scene), COARSE)
    luma_of(enhancer, scene, SHARP)
    restored = luma_of(enhancer, poor(scene), COARSE)
    assert error(restored, scene) < 0.5 * error(blind, scene)
    assert enhancer.recall is not None
    snapshot = enhancer.recall.snapshot
    assert snapshot.share > 0.8
    assert snapshot.age == 1


def test_frames_that_pass_through_are_remembered_too(ladder: Ladder, scene: Plane) -> None:
    enhancer = Enhancer(ladder, Recall(Copying()))
    passed = luma_of(enhancer, scene, SHARP, Treatment(None))
    np.testing.assert_array_equal(passed, scene)
    assert error(luma_of(enhancer, poor(scene), COARSE), scene) < 0.5 * error(poor(scene), scene)


def test_while_the_connection_is_good_the_student_alone_works(ladder: Ladder, scene: Plane) -> None:
    enhancer = Enhancer(ladder, Recall(Broken()))
    for _ in range(3):
        np.testing.assert_array_equal(luma_of(enhancer, scene, SHARP), luma_of(Enhancer(ladder), scene, SHARP))
    assert enhancer.recall is not None
    assert enhancer.recall.snapshot == MemorySnapshot()


def test_switched_off_it_forgets(ladder: Ladder, scene: Plane) -> None:
    enhancer = Enhancer(ladder, Recall(Copying()))
    blind = luma_of(Enhancer(ladder), poor(scene), COARSE)
    luma_of(enhancer, scene, SHARP)
    np.testing.assert_array_equal(luma_of(enhancer, poor(scene), COARSE, Treatment("small", remember=False)), blind)
    np.testing.assert_array_equal(luma_of(enhancer, poor(scene), COARSE), blind)


def test_a_memory_that_fails_leaves_the_frame_to_the_student(
    ladder: Ladder, scene: Plane, caplog: pytest.LogCaptureFixture
) -> None:
    enhancer = Enhancer(ladder, Recall(Broken()))
    luma_of(enhancer, scene, SHARP)
    blind = luma_of(Enhancer(ladder), poor(scene), COARSE)
    for _ in range(2):
        np.testing.assert_array_equal(luma_of(enhancer, poor(scene), COARSE), blind)
    assert [record.message for record in caplog.records].count("the memory failed on a frame") == 1


def test_a_frame_is_prepared_before_the_one_before_is_finished(ladder: Ladder, scene: Plane) -> None:
    frames = [(scene, SHARP), *[(poor(np.roll(scene, step, 1)), COARSE) for step in (0, 1, 2)]]
    alone, overlapping = (Enhancer(ladder, Recall(Copying())) for _ in range(2))
    in_turn = [luma_of(alone, luma, hints) for luma, hints in frames]
    finished: list[Enhanced] = []
    waiting: list[Prepared] = []
    for luma, hints in frames:
        prepared = overlapping.prepare(frame_of(luma), SMALL, hints)
        assert isinstance(prepared, Prepared)
        finished += [overlapping.finish(one) for one in waiting]
        waiting = [prepared]
    finished += [overlapping.finish(one) for one in waiting]
    for one, other in zip(in_turn, finished, strict=True):
        np.testing.assert_array_equal(one, plane_view(other.frame, 0))
    assert [one.recalled for one in finished] == [False, True, True, True]
    assert [one.memory > 0 for one in finished] == [False, True, True, True]


def test_two_threads_may_give_frames_at_once(ladder: Ladder, scene: Plane) -> None:
    recall = Recall(Copying())
    enhancer = Enhancer(ladder, recall)
    treatments = (SMALL, Treatment(None))
    threads = [
        threading.Thread(target=lambda t=treatment: [luma_of(enhancer, scene, SHARP, t) for _ in range(5)])
        for treatment in treatments
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert error(luma_of(enhancer, poor(scene), COARSE), scene) < 0.5 * error(poor(scene), scene)


def test_the_memory_alone_restores_where_it_has_something_and_passes_the_rest(ladder: Ladder, scene: Plane) -> None:
    enhancer, alone = Enhancer(ladder, Recall(Filling())), Treatment(None, recalled=ALONE)
    passed = enhancer.enhance(frame_of(scene), alone, SHARP)
    np.testing.assert_array_equal(plane_view(passed.frame, 0), scene)
    assert passed.passed_reason == "nothing sharper is remembered"
    assert error(luma_of(enhancer, poor(scene), COARSE, alone), scene) < 0.5 * error(poor(scene), scene)


def test_where_something_is_remembered_another_student_works_beside_it(ladder: Ladder, scene: Plane) -> None:
    enhancer = Enhancer(ladder, Recall(Filling()))
    both = Treatment(ladder.best.student.name, recalled=ALONE)
    seen = luma_of(enhancer, scene, SHARP, both)
    np.testing.assert_array_equal(seen, luma_of(Enhancer(ladder), scene, SHARP, Treatment(ladder.best.student.name)))
    restored = luma_of(enhancer, poor(scene), COARSE, both)
    assert error(restored, scene) < 0.5 * error(poor(scene), scene)


def test_a_rung_without_a_memory_goes_on_seeing_what_could_be_remembered(ladder: Ladder, scene: Plane) -> None:
    """So that the frames still count as those for which a memory may be tried, and the plate stays up to date."""
    recall = Recall(Broken())
    enhancer, blind = Enhancer(ladder, recall), Treatment("small", recalled=Rung("small"))
    luma_of(enhancer, scene, SHARP, blind)
    assert not recall.has_offered
    np.testing.assert_array_equal(
        luma_of(enhancer, poor(scene), COARSE, blind), luma_of(Enhancer(ladder), poor(scene), COARSE)
    )
    assert recall.has_offered
    passed = enhancer.enhance(frame_of(poor(scene)), Treatment(None, recalled=Rung(PASS)), COARSE)
    np.testing.assert_array_equal(plane_view(passed.frame, 0), poor(scene))


def test_a_timed_frame_leaves_the_memory_alone_and_takes_its_student(ladder: Ladder, scene: Plane) -> None:
    student = Filling()
    enhancer = Enhancer(ladder, Recall(student))
    luma_of(enhancer, scene, SHARP)
    student.ran = 0
    for rung in (ALONE, Rung("small + memory", recalls=Recalls.AS_IT_LIES, before="small")):
        timed = enhancer.enhance(frame_of(poor(scene)), Treatment(rung.student, remember=None, recalled=rung), COARSE)
        assert timed.passed_reason is None
    assert student.ran == 2
    assert enhancer.recall is not None
    assert enhancer.recall.snapshot == MemorySnapshot()


def test_passed_frames_tell_whether_something_is_remembered(scene: Plane) -> None:
    recall = Recall(Copying())
    recall.observe(scene, SHARP)
    assert not recall.has_offered
    recall.observe(poor(scene), COARSE)
    assert recall.has_offered
    recall.forget()
    assert not recall.has_offered


def test_the_mask_shows_the_places_that_come_from_memory(ladder: Ladder, scene: Plane) -> None:
    recall = Recall(Copying())
    enhancer = Enhancer(ladder, recall)
    luma_of(enhancer, scene, SHARP)
    assert recall.mask() == RememberedMask(), "while the connection is good"
    luma_of(enhancer, poor(scene), COARSE)
    mask = recall.mask()
    assert (mask.columns, mask.rows) == (20, 12)
    share = np.unpackbits(np.frombuffer(mask.cells, np.uint8)).sum() / 240
    assert share == pytest.approx(recall.snapshot.share, abs=0.1)
    recall.forget()
    assert recall.mask() == RememberedMask()


def test_to_forget_waits_for_no_frame(ladder: Ladder, scene: Plane) -> None:
    entered, leaves = threading.Event(), threading.Event()

    class Slow(Copying):
        def sharpen(self, *given: Any, **named: Any) -> Plane:
            entered.set()
            assert leaves.wait(20)
            return super().sharpen(*given, **named)

    recall = Recall(Slow())
    enhancer = Enhancer(ladder, recall)
    leaves.set()
    luma_of(enhancer, scene, SHARP)  # the first frame of a size is also used to prepare the student
    entered.clear()
    leaves.clear()
    restoring = threading.Thread(target=luma_of, args=(enhancer, poor(scene), COARSE))
    restoring.start()
    assert entered.wait(20)
    recall.forget()
    leaves.set()
    restoring.join()
    assert recall.snapshot == MemorySnapshot()
    blind = luma_of(Enhancer(ladder), poor(scene), COARSE)
    np.testing.assert_array_equal(luma_of(enhancer, poor(scene), COARSE), blind)
