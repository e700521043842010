from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from acutance.model.hints import Hints
from acutance.training.data.dataset import TrainingSet
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes, as_array
from acutance.training.metrics.psnr_ssim import psnr
from acutance.training.pairs.pairs import Pairs, make_pairs
from acutance.training.recipes.recipe import Recipe
from tests.training.sets import changed, write_set

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Three pictures and a clip to train on."""
    written = TrainingSet.open(write_set(tmp_path_factory.mktemp("sets") / "set"))
    items = tuple(replace(item, split="train") if item.frames > 1 else item for item in written.items)
    return replace(written, items=items)


def made(source: TrainingSet, recipe: Recipe, folder: Path, processes: int = 1) -> tuple[Pairs, list[int]]:
    done: list[int] = []
    pairs = make_pairs(source, recipe, folder, processes=processes, progress=lambda now, _: done.append(now))
    return pairs, done


def _shows(frame: Planes, pairs: Pairs, index: int) -> bool:
    """Whether a frame shows the truth of a pair, with its chroma at the same place."""
    assert pairs.chroma is not None
    places = sliding_window_view(as_array(frame.y), (64, 64))[::2, ::2]
    same = np.argwhere((places == pairs.patches[index, 1]).all(axis=(2, 3)))
    truth = pairs.chroma[index, 1]
    return any(
        np.array_equal(as_array(plane)[top : top + 32, left : left + 32], truth[of])
        for top, left in same
        for of, plane in enumerate((frame.cb, frame.cr))
    )


def test_pairs_depend_on_the_seed_and_not_on_processes_or_interruptions(
    source: TrainingSet, recipe: Recipe, tmp_path: Path
) -> None:
    pairs, done = made(source, recipe, tmp_path / "one")
    assert pairs.patches.shape == (12, 2, 64, 64)
    assert done == list(range(7))
    other, _ = made(source, recipe, tmp_path / "two", processes=2)
    np.testing.assert_array_equal(other.patches, pairs.patches)
    np.testing.assert_array_equal(other.hints, pairs.hints)
    assert other.fingerprint == pairs.fingerprint

    before = pairs.patches.copy()
    flags = np.load(pairs.folder / "done.npy", mmap_mode="r+")
    patches = np.load(pairs.folder / "pairs.npy", mmap_mode="r+")
    flags[3], patches[6:8] = 0, 0
    del flags, patches
    again, done = made(source, recipe, tmp_path / "one")
    assert done == [5, 6]
    np.testing.assert_array_equal(again.patches, before)


def test_a_pair_is_two_versions_of_one_picture(source: TrainingSet, recipe: Recipe, tmp_path: Path) -> None:
    patches = made(source, changed(recipe, mixture={"bits": [0.5, 1.0]}), tmp_path)[0].patches
    for index, (degraded, truth) in enumerate(patches):
        others = [psnr(degraded, other) for position, other in enumerate(patches[:, 1]) if position // 2 != index // 2]
        assert psnr(degraded, truth) > max(others)
    assert any((degraded != truth).any() for degraded, truth in patches)


def test_pairs_with_colour_have_the_same_luma_and_its_chroma(
    source: TrainingSet, recipe: Recipe, tmp_path: Path
) -> None:
    with_colour = changed(recipe, student={"colour": True}, losses={"chroma": {"weight": 1.0}})
    plain, coloured = (made(source, one, tmp_path)[0] for one in (recipe, with_colour))
    assert plain.chroma is None
    assert coloured.fingerprint != plain.fingerprint
    np.testing.assert_array_equal(coloured.patches, plain.patches)
    assert coloured.chroma is not None
    assert coloured.chroma.shape == (12, 2, 2, 32, 32)
    true = coloured.chroma[:, 1].reshape(12, 1, -1)
    for index, degraded in enumerate(coloured.chroma[:, 0].reshape(12, 1, -1)):
        others = [psnr(degraded, other) for place, other in enumerate(true) if place // 2 != index // 2]
        assert psnr(degraded, true[index]) > max(others)
    # The truth is the chroma of the true luma: pictures that do not move have both in one place.
    frames = [source.planes(item, frame) for item in source.split("train") for frame in range(item.frames)]
    found = sum(_shows(frame, coloured, index) for index in range(12) for frame in frames)
    assert found >= 6


def test_hints_say_which_pairs_were_coded_and_which_were_reduced(
    source: TrainingSet, recipe: Recipe, tmp_path: Path
) -> None:
    only = {"identity": 0.0, "bicubic": 0.0, "sharp": 0.0, "soft": 0.0, "shrunk": 0.0}
    for kind, told in (
        ("identity", (False, False, False)),
        ("bicubic", (False, False, False)),
        ("sharp", (True, True, False)),
        ("shrunk", (True, True, True)),
    ):
        pairs, _ = made(source, changed(recipe, mixture={**only, kind: 1.0}, pairs={"clips": 2}), tmp_path)
        assert (pairs.hints[:, :3] > 0).tolist() == [list(told)] * 4, kind


def test_real_clips_are_used_on_request(source: TrainingSet, recipe: Recipe, tmp_path: Path) -> None:
    moving = changed(recipe, pairs={"moving": 1.0, "clips": 3})
    patches = made(source, moving, tmp_path)[0].patches
    clip = next(item for item in source.items if item.frames > 1)
    frames = [source.luma(clip, index) for index in range(clip.frames)]
    for _, truth in patches:
        assert any(_contains(frame, truth) for frame in frames)


@pytest.mark.parametrize("moving", [0.0, 1.0])
def test_most_pairs_are_from_the_middle_of_a_call_and_some_from_after_a_keyframe(
    source: TrainingSet, recipe: Recipe, tmp_path: Path, moving: float
) -> None:
    sharp = {"identity": 0.0, "bicubic": 0.0, "sharp": 1.0, "soft": 0.0, "shrunk": 0.0, "bits": [0.1, 0.1], "h264": 1.0}
    pairs, _ = made(source, changed(recipe, mixture=sharp, pairs={"clips": 24, "moving": moving}), tmp_path)
    # After a second, the mean of bits is the target of the rate control.
    excess = pairs.hints[:, 1].astype(int) - Hints(bits=0.1).codes[1]
    assert abs(np.median(excess)) <= 6
    assert 0.05 <= np.mean(excess > 14) <= 0.5


def test_native_clips_show_more_of_a_picture_than_the_recipes_frame(
    source: TrainingSet, recipe: Recipe, tmp_path: Path
) -> None:
    def places(native: float) -> int:
        """Number of different patches of a clip with frames of the size of a patch."""
        identity = {"identity": 1.0, "bicubic": 0.0, "sharp": 0.0, "soft": 0.0, "shrunk": 0.0}
        small = {"clips": 1, "patches": 8, "frame": [64, 64], "native": native}
        pairs, _ = made(source, changed(recipe, mixture=identity, pairs=small), tmp_path)
        return len({patch.tobytes() for patch in pairs.patches[:, 1]})

    assert places(native=0.0) == 1
    assert places(native=1.0) > 4


def test_pairs_keep_the_frames_around_for_a_privileged_teacher(
    source: TrainingSet, recipe: Recipe, tmp_path: Path
) -> None:
    moving = {"moving": 1.0, "clips": 4}
    good = {"identity": 0.0, "bicubic": 1.0, "sharp": 0.0, "soft": 0.0, "shrunk": 0.0, "ratio": [1.0, 1.0]}
    plain = changed(recipe, pairs=moving, mixture=good)
    alone, kept = (made(source, changed(plain, pairs=more), tmp_path)[0] for more in ({}, {"neighbours": 2}))
    np.testing.assert_array_equal(kept.patches, alone.patches)
    assert alone.around is None
    assert kept.around is not None
    assert kept.around.shape == (8, 4, 64, 64)
    clip = next(item for item in source.items if item.frames > 1)
    frames = [source.luma(clip, index) for index in range(clip.frames)]
    for (_, truth), around in zip(kept.patches, kept.around, strict=True):
        places = [
            (number, top, left)
            for number, frame in enumerate(frames)
            for top, left in np.argwhere((sliding_window_view(frame, (64, 64)) == truth).all(axis=(2, 3)))
        ]
        assert any(
            all(
                np.array_equal(luma, frames[min(max(number + step, 0), 3)][top : top + 64, left : left + 64])
                for step, luma in zip((-2, -1, 1, 2), around, strict=True)
            )
            for number, top, left in places
        )


def test_layers_change_pairs_of_pictures_only_where_they_are_wanted(
    source: TrainingSet, recipe: Recipe, tmp_path: Path
) -> None:
    plain, layered = (made(source, changed(recipe, pairs=change), tmp_path)[0] for change in ({}, {"layered": 1.0}))
    assert layered.fingerprint != plain.fingerprint
    assert not np.array_equal(layered.patches, plain.patches)
    assert made(source, changed(recipe, pairs={"layered": 0.0}), tmp_path)[0].fingerprint == plain.fingerprint


def test_recipes_with_equal_sections_share_their_pairs(source: TrainingSet, recipe: Recipe, tmp_path: Path) -> None:
    first, _ = made(source, recipe, tmp_path)
    other, _ = made(source, recipe.model_copy(update={"seed": 4}), tmp_path)
    assert other.folder != first.folder
    longer, done = made(source, changed(recipe, training={"steps": 99}), tmp_path)
    assert longer.folder == first.folder
    assert done == [6]


def test_a_set_of_small_pictures_is_refused_in_words(source: TrainingSet, recipe: Recipe, tmp_path: Path) -> None:
    huge = changed(recipe, pairs={"patch": 640, "frame": [640, 640]})
    with pytest.raises(DataError, match="no picture or clip large enough for patches of 640 px"):
        made(source, huge, tmp_path)


def _contains(frame: np.ndarray, patch: np.ndarray) -> bool:
    windows = np.lib.stride_tricks.sliding_window_view(frame, patch.shape[1], axis=1)[:, ::2]
    rows, columns = np.nonzero((windows == patch[0]).all(-1))
    side = patch.shape[0]
    return any(
        np.array_equal(frame[r : r + side, 2 * c : 2 * c + side], patch) for r, c in zip(rows, columns, strict=True)
    )


def test_a_second_run_waits_while_the_first_makes_the_same_pairs(
    source: TrainingSet, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, started, waited = np.lib.format.open_memmap, list[Thread](), list[bool]()

    class StillWaitingError(Exception):
        """Raised by the second run when its progress stops: it would otherwise wait for the end of the first run."""

    def second() -> None:
        seen: list[int] = []

        def progress(done: int, _: int) -> None:
            if done in seen:
                raise StillWaitingError
            seen.append(done)

        try:
            make_pairs(source, recipe, tmp_path, processes=1, progress=progress)
        except StillWaitingError:
            waited.append(True)

    def open_memmap(*arguments: Any, **named: Any) -> Any:
        if not started:  # the first file that the first run creates
            started.append(Thread(target=second))
            started[0].start()
            started[0].join()
        return create(*arguments, **named)

    monkeypatch.setattr(np.lib.format, "open_memmap", open_memmap)
    first, done = made(source, recipe, tmp_path)
    assert waited, "the second run went on while the first created the files, which empties them again"
    assert done == list(range(7))
    assert (first.patches.reshape(12, -1).max(axis=1) > 0).all()
