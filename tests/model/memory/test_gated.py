"""What the engine computes with a plate is what torch computes, for every size."""

from pathlib import Path

import numpy as np
import pytest

from acutance.model.engine.engine import Engine
from acutance.model.hints import Hints
from acutance.model.memory.gated import GatedStudent
from acutance.model.memory.opening import with_gate
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.nets.export import to_onnx
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student, fold, sharpen
from acutance.model.planes import Plane
from tests.model.memory.scenes import room
from tests.model.students import lived_in

HINTS = Hints(step=20)


@pytest.fixture(scope="module", params=["r2c8n1hp", "r2c8n2t1p"])
def student(request: pytest.FixtureRequest) -> Student:
    return lived_in(StudentShape.parse(request.param))


@pytest.fixture(params=[False, True], ids=["single", "half"])
def engine(request: pytest.FixtureRequest, student: Student, tmp_path: Path) -> GatedStudent:
    file = tmp_path / "remembers.onnx"
    file.write_bytes(to_onnx(student, {}, half=request.param))
    return GatedStudent(Engine.open(file, provider="cpu", threads=1))


def remembered(luma: Plane) -> PlatePlanes:
    """A plate that differs everywhere, and fits less and less from left to right."""
    fit = np.broadcast_to(np.linspace(255, 0, luma.shape[1]).astype(np.uint8), luma.shape)
    return PlatePlanes(luma[::-1].copy(), fit.copy())


@pytest.mark.parametrize("size", [(64, 48), (96, 64), (70, 46), (67, 45)])
def test_the_engine_agrees_with_torch(student: Student, engine: GatedStudent, size: tuple[int, int]) -> None:
    luma = room(*size)
    plate = remembered(luma)
    padding = tuple((0, -side % 4) for side in luma.shape)
    padded, padded_plate, padded_fit = (np.pad(one, padding, mode="edge") for one in (luma, plate.plate, plate.fit))
    wanted = sharpen(fold(student), padded, HINTS, PlatePlanes(padded_plate, padded_fit))
    ours = engine.sharpen(luma, hints=HINTS, plate=plate)
    height, width = luma.shape
    assert np.abs(ours.astype(int) - wanted[:height, :width]).max() <= 2
    assert np.abs(ours.astype(int) - luma).max() > 2


def test_without_a_plate_and_with_strength_0_a_frame_stays_as_it_is(engine: GatedStudent) -> None:
    luma = room(64, 48)
    np.testing.assert_array_equal(engine.sharpen(luma, hints=HINTS), luma)
    np.testing.assert_array_equal(engine.sharpen(luma, hints=HINTS, strength=0.0, plate=remembered(luma)), luma)


def test_half_the_strength_changes_less(engine: GatedStudent) -> None:
    luma = room(64, 48)
    half, full = (engine.sharpen(luma, hints=HINTS, strength=s, plate=remembered(luma)).astype(int) for s in (0.5, 1.0))
    assert (np.abs(half - luma) <= np.abs(full - luma) + 1).all()
    assert np.abs(half - luma).sum() < 0.9 * np.abs(full - luma).sum()


def test_the_frame_may_be_changed_in_place(engine: GatedStudent) -> None:
    luma = room(64, 48)
    plate, kept = remembered(luma), luma.copy()
    wanted = engine.sharpen(kept, hints=HINTS, plate=plate)
    np.testing.assert_array_equal(luma, kept)
    engine.sharpen(kept, kept, HINTS, 1.0, plate)
    np.testing.assert_array_equal(kept, wanted)


def test_other_students_are_opened_as_they_are() -> None:
    engine = Engine.open("nano", provider="cpu", threads=1)
    assert with_gate(engine) is engine


def test_where_a_plate_fits_badly_less_of_it_is_taken() -> None:
    """Nothing up to a tenth, and from nine tenths on what the gate says: as in torch."""
    luma = np.full((48, 64), 100, np.uint8)
    taken = []
    for fit in (0, 25, 128, 230, 255):
        plate = PlatePlanes(luma + 40, np.full_like(luma, fit))
        taken.append(int(open_gate(plate, luma)[24, 32]) - 100)
    assert taken == [0, 0, 20, 40, 40]


def open_gate(plate: PlatePlanes, luma: Plane) -> Plane:
    class Open:
        def sharpen(self, luma: Plane, *_: object) -> Plane:
            return np.full_like(luma, 255)

        student, at_once = None, 1

    return GatedStudent(Open()).sharpen(luma, plate=plate)  # type: ignore[arg-type]
