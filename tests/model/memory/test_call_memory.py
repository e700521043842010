"""The memory of a call: what it keeps, replaces and drops, and the planes that a student gets."""

import cv2
import numpy as np
import pytest

from acutance.model.hints import Hints
from acutance.model.memory.alignment import Aligner
from acutance.model.memory.call_memory import CallMemory
from acutance.model.memory.observed import Observed
from acutance.model.memory.planes import Candidate
from acutance.model.memory.plate import PATIENCE, PAUSE, Change, Plate
from acutance.model.memory.reduced import Reduced
from tests.model.memory.scenes import COARSE, SHARP, SHRUNK, poor, room, with_box


def after_a_good_connection(aligned: bool = False, **size: int) -> CallMemory:
    memory = CallMemory(aligned=aligned)
    assert memory.add(room(**size), SHARP) is None
    return memory


@pytest.mark.parametrize("hints", [COARSE, SHRUNK], ids=["coarse", "shrunk"])
def test_what_was_seen_sharp_covers_the_coarse_frame(hints: Hints) -> None:
    planes = after_a_good_connection().add(poor(room()), hints)
    assert planes is not None
    assert planes.share > 0.95
    assert np.array_equal(planes.plate[planes.fit > 0], room()[planes.fit > 0])
    assert planes.fit.mean() > 180


def test_a_good_connection_needs_no_planes_and_keeps_the_newest_frame() -> None:
    memory = after_a_good_connection()
    newer = with_box(room(), 64, 64)
    assert memory.add(newer, SHARP) is None
    assert memory.plate is not None
    assert np.array_equal(memory.plate.luma, newer)
    assert (memory.plate.quality.seen == 1).all()


def test_a_coarse_frame_does_not_replace_a_sharp_one_but_a_better_one_does() -> None:
    memory = CallMemory()
    memory.add(poor(room(), 1.0), Hints(step=10.0, bits=0.1))
    memory.add(poor(room()), COARSE)
    assert memory.plate is not None
    assert np.array_equal(memory.plate.luma, poor(room(), 1.0))
    memory.add(room(), SHARP)
    assert np.array_equal(memory.plate.luma, room())
    assert (memory.plate.quality.step == SHARP.step).all()
    assert (memory.plate.quality.seen == 2).all()


def test_other_content_wins_over_the_plate_at_once() -> None:
    present = poor(with_box(room(), 128, 64))
    planes = after_a_good_connection().add(present, COARSE)
    assert planes is not None
    box = slice(64, 128), slice(128, 192)
    assert not planes.fit[box].any()
    assert np.array_equal(planes.plate[box], present[box])
    assert planes.share > 0.5


def test_what_a_hand_covered_for_a_moment_is_still_remembered() -> None:
    memory = after_a_good_connection()
    for _ in range(PATIENCE // 2):
        memory.add(poor(with_box(room(), 128, 64)), COARSE)
    planes = memory.add(poor(room()), COARSE)
    assert planes is not None
    assert np.array_equal(planes.plate[80:112, 144:176], room()[80:112, 144:176])


def test_other_content_that_stays_replaces_the_plate() -> None:
    memory = after_a_good_connection()
    for _ in range(PATIENCE + 1):
        memory.add(poor(with_box(room(), 128, 64)), COARSE)
    planes = memory.add(poor(room()), COARSE)
    assert planes is not None
    assert not planes.fit[80:112, 144:176].any()
    assert planes.fit[:48].all()


def test_other_content_seen_a_little_worse_replaces_the_plate_at_once() -> None:
    memory = after_a_good_connection()
    newer = with_box(room(), 128, 64)
    memory.add(newer, Hints(step=6.0, bits=0.15))
    assert memory.plate is not None
    assert np.array_equal(memory.plate.luma[64:128, 128:192], newer[64:128, 128:192])
    assert memory.plate.quality.step[0, 0] == SHARP.step


def test_a_cut_drops_everything() -> None:
    memory = after_a_good_connection()
    assert memory.add(poor(room(seed=1)), COARSE) is None
    assert memory.plate is not None
    assert (memory.plate.quality.step == COARSE.step).all()
    assert memory.add(poor(room()), COARSE) is None


def test_after_a_search_in_vain_a_sudden_move_of_the_camera_is_found_at_once_and_a_slow_one_soon() -> None:
    wide, person = room(512, 384), room(128, 112, seed=6)

    def seen(shift: int) -> Observed:
        luma = wide[96:288, 96 - shift : 416 - shift].copy()
        luma[80:192, :128] = person  # so much that a move of the camera is searched
        return Observed(poor(luma), COARSE)

    def plate() -> Plate:
        plate = Plate.seen(Observed(wide[96:288, 96:416], SHARP))
        assert plate.observe(seen(0)) is Change.UPDATED
        return plate

    assert plate().observe(seen(24)) is Change.MOVED
    panned = plate()
    changes = [panned.observe(seen(shift)) for shift in range(4, 8 * PAUSE, 4)]
    assert Change.MOVED in changes


@pytest.mark.parametrize(("right", "down"), [(24, 0), (-13, 9), (16, -32)])
def test_a_move_of_the_camera_moves_the_plate(right: int, down: int) -> None:
    wide = room(512, 384)
    memory = CallMemory()
    memory.add(wide[96:288, 96:416], SHARP)
    present = wide[96 - down : 288 - down, 96 - right : 416 - right]
    planes = memory.add(poor(present), COARSE)
    assert planes is not None
    inside = np.zeros(present.shape, np.bool_)
    inside[max(down, 0) + 16 : 176 + min(down, 0), max(right, 0) + 16 : 304 + min(right, 0)] = True
    assert planes.fit[inside].mean() > 128
    covered = inside & (planes.fit > 0)
    assert np.array_equal(planes.plate[covered], present[covered])
    uncovered = slice(None), slice(0, right - 16) if right > 0 else slice(320 + right + 16, None)
    assert not planes.fit[uncovered].any()


def test_a_frame_with_no_sharper_memory_gets_no_planes() -> None:
    memory = CallMemory()
    assert memory.add(poor(room()), COARSE) is None
    assert memory.add(poor(room()), COARSE) is None


@pytest.mark.parametrize("size", [(321, 193), (318, 186), (161, 97), (16, 16), (17, 31)])
def test_any_size(size: tuple[int, int]) -> None:
    width, height = size
    for aligned in (False, True):
        memory = after_a_good_connection(aligned, width=width, height=height)
        planes = memory.add(poor(room(width, height)), COARSE)
        if planes is not None:  # what is left of a small frame may all be low-passed differences at its edges
            assert planes.plate.shape == planes.fit.shape == (height, width)


def test_frames_below_a_block_are_not_remembered() -> None:
    assert CallMemory().add(np.zeros((12, 40), np.uint8), SHARP) is None


def test_another_size_starts_a_new_plate() -> None:
    memory = after_a_good_connection()
    assert memory.add(poor(room(640, 384)), COARSE) is None
    assert memory.plate is not None
    assert memory.plate.luma.shape == (384, 640)


def test_nothing_is_left_after_forgetting() -> None:
    memory = after_a_good_connection()
    memory.forget()
    assert memory.add(poor(room()), COARSE) is None


def test_equal_frames_give_equal_planes_from_planes_of_any_stride() -> None:
    results = []
    for pad in (0, 24):
        memory = CallMemory(aligned=True)
        for luma, hints in ((room(), SHARP), (poor(with_box(room(), 40, 30)), COARSE)):
            padded = np.pad(luma, ((0, 0), (0, pad)))[:, : luma.shape[1]]
            planes = memory.add(padded, hints)
        assert planes is not None
        results.append(planes)
    assert np.array_equal(results[0].plate, results[1].plate)
    assert np.array_equal(results[0].fit, results[1].fit)


def test_a_plate_is_aligned_to_a_scene_that_has_moved() -> None:
    before = room(320, 192)
    now = np.roll(before, (3, 5), (0, 1))
    frame = Observed(poor(now), COARSE)
    still = Candidate(before, Reduced.of_luma(before), np.full((48, 80), 255, np.uint8))
    aligned = Aligner().align(still, frame)
    inside = slice(16, -16), slice(16, -16)
    far, near = (np.abs(luma[inside].astype(float) - now[inside]).mean() for luma in (before, aligned.luma))
    assert near < 0.35 * far
    assert aligned.known[4:-4, 4:-4].all()


def test_alignment_is_exact_to_a_fraction_of_a_pixel() -> None:
    before = room(320, 192)
    moved = cv2.warpAffine(before, np.array([[1, 0, 1.5], [0, 1, -0.75]], np.float32), (320, 192))
    still = Candidate(before, Reduced.of_luma(before), np.full((48, 80), 255, np.uint8))
    aligned = Aligner().align(still, Observed(moved, COARSE)).luma
    inside = slice(16, -16), slice(16, -16)
    far, near = (np.abs(luma[inside].astype(float) - moved[inside]).mean() for luma in (before, aligned))
    assert near < 0.095 * far


def test_alignment_follows_from_frame_to_frame_what_moves_too_far_for_one() -> None:
    before, alone, followed = room(640, 384), Aligner(), Aligner()
    still = Candidate(before, Reduced.of_luma(before), np.full((96, 160), 255, np.uint8))
    for shift in range(8, 97, 8):
        now = Observed(np.roll(before, shift, 1), COARSE)
        near = followed.align(still, now).luma
    inside = slice(16, -16), slice(120, -16)
    errors = [
        np.abs(luma[inside].astype(float) - now.luma[inside]).mean() for luma in (near, alone.align(still, now).luma)
    ]
    assert errors[0] < 0.5 * errors[1]
    followed.forget()
    assert np.array_equal(followed.align(still, now).luma, Aligner().align(still, now).luma)


def test_an_aligned_plate_follows_an_object_that_moves() -> None:
    room_behind, shift = room(seed=3), 5
    memory = {aligned: CallMemory(aligned=aligned) for aligned in (False, True)}
    thing = room(128, 128, seed=5)
    before, now = room_behind.copy(), room_behind.copy()
    before[32:160, 64:192], now[32:160, 64 + shift : 192 + shift] = thing, thing
    error = {}
    for aligned, one in memory.items():
        one.add(before, SHARP)
        planes = one.add(poor(now, 1.5), COARSE)
        assert planes is not None
        inside = slice(56, 136), slice(96, 168)
        error[aligned] = np.abs(planes.plate[inside].astype(float) - now[inside]).mean()
    assert error[True] < 0.5 * error[False]


def test_a_call_at_720p_takes_at_most_8_megabytes() -> None:
    memory = after_a_good_connection(width=1280, height=720)
    memory.add(poor(room(1280, 720)), COARSE)
    assert memory.plate is not None
    assert memory.plate.bytes <= 2e6


@pytest.mark.bench
@pytest.mark.parametrize("hints", [SHARP, COARSE], ids=["good", "poor"])
@pytest.mark.parametrize("aligned", [False, True], ids=["still", "aligned"])
def test_time_of_a_frame(benchmark, hints: Hints, aligned: bool) -> None:  # type: ignore[no-untyped-def]
    memory = after_a_good_connection(aligned, width=1280, height=720)
    luma = room(1280, 720) if hints is SHARP else poor(room(1280, 720))
    benchmark(memory.add, luma, hints)


@pytest.mark.bench
def test_time_of_a_frame_after_a_better_keyframe(benchmark) -> None:  # type: ignore[no-untyped-def]
    memory = after_a_good_connection(width=1280, height=720)
    benchmark(memory.add, room(1280, 720), Hints(step=5.5, bits=0.2))


def test_whether_something_fits_is_known_without_covering_the_frame() -> None:
    memory, other = after_a_good_connection(), Observed(np.full_like(room(), 16), COARSE)
    fits = Observed(poor(room()), COARSE)
    memory.observe(fits)
    assert memory.fits(fits)
    assert not memory.fits(other)
    assert not CallMemory().fits(fits)
