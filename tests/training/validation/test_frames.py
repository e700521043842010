import json
from dataclasses import replace

import numpy as np
import pytest

from acutance.model.hints import BITS_WINDOW
from acutance.model.memory.call_memory import CallMemory
from acutance.training.data.dataset import INDEX, TrainingSet
from acutance.training.data.planes import as_array
from acutance.training.degradation.degrade import Degradation, degrade_frames
from acutance.training.validation.frames import drop_frames, validation_frames, validation_items
from tests.training.sets import write_set

CODED = Degradation.parse("vp8-0.1")
SIZE = (96, 64)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Two pictures, and a clip of 26 frames in two segments of 24 and 2, in the validation split."""
    folder = write_set(tmp_path_factory.mktemp("sets") / "set")
    index = json.loads((folder / INDEX).read_text())
    moving = index["items"][-1]
    frame = moving["width"] * moving["height"] * 3 // 2
    with (folder / "shard.bin").open("r+b") as shard:
        shard.seek(moving["offset"])
        four = shard.read()
        for _ in range(5):
            shard.write(four)
        shard.write(four[: 2 * frame])
        index["shards"][0]["bytes"] = shard.tell()
    moving["frames"] = 24
    other = moving | {"name": moving["name"].replace("#0", "#1"), "frames": 2, "offset": moving["offset"] + 24 * frame}
    index["items"].append(other)
    (folder / INDEX).write_text(json.dumps(index))
    return TrainingSet.open(folder)


def test_categories_alternate_and_each_clip_contributes_one_segment(source: TrainingSet) -> None:
    names = ["drawn/3", "moving/5#0", "drawn/4"]
    assert [item.name for item in validation_items(source)] == names
    assert [item.name for item in validation_items(source, 2)] == names[:2]
    assert [item.name for item in validation_items(source, clips_first=True)] == ["moving/5#0"]
    still = replace(source, items=tuple(item for item in source.items if item.frames == 1))
    assert [item.name for item in validation_items(still, clips_first=True)] == ["drawn/3", "drawn/4"]


def test_a_clip_is_evaluated_in_the_steady_state_of_a_call(source: TrainingSet) -> None:
    clip = next(item for item in validation_items(source) if item.frames > 1)
    frames = validation_frames(source, clip, CODED, SIZE, seed=0)
    assert [frame.source for frame in frames] == ["moving/5#0"] * 2
    top, left = (clip.height - 64) // 4 * 2, (clip.width - 96) // 4 * 2
    for frame, index in zip(frames, (5, 15), strict=True):
        np.testing.assert_array_equal(frame.truth, source.luma(clip, index)[top : top + 64, left : left + 96])
    # A clip that begins with a keyframe has other hints: the keyframe takes a large part of the bits.
    planes = [source.planes(clip, index).crop(left, top, 96, 64) for index in range(clip.frames)]
    begun = degrade_frames(planes, CODED)[5]
    settled = degrade_frames(planes, CODED, lead_in=BITS_WINDOW)[5]
    assert frames[0].degraded.hints == settled.hints
    assert frames[0].degraded.hints.bits < begun.hints.bits


def test_a_stretch_is_the_last_frames_of_a_clip(source: TrainingSet) -> None:
    clip = next(item for item in validation_items(source) if item.frames > 1)
    every_tenth = validation_frames(source, clip, CODED, SIZE, seed=0)
    stretch = validation_frames(source, clip, CODED, SIZE, seed=0, stretch=9)
    assert len(stretch) == 9
    # Frame 15 of 24 is in both.
    np.testing.assert_array_equal(stretch[0].truth, every_tenth[1].truth)
    np.testing.assert_array_equal(stretch[0].degraded.luma, every_tenth[1].degraded.luma)
    assert len(validation_frames(source, clip, Degradation(), SIZE, seed=0, stretch=99)) == 24


def test_a_clip_that_is_too_short_gives_its_last_frame(source: TrainingSet) -> None:
    short = replace(next(item for item in source.items if item.frames > 1), frames=3)
    (frame,) = validation_frames(source, short, Degradation(), (1000, 1000), seed=0)
    np.testing.assert_array_equal(frame.truth, source.luma(short, 2))
    np.testing.assert_array_equal(frame.degraded.luma, frame.truth)


def test_a_picture_gives_one_frame_at_rest(source: TrainingSet) -> None:
    picture = validation_items(source)[0]
    (coded,) = validation_frames(source, picture, CODED, SIZE, seed=1)
    (plain,) = validation_frames(source, picture, Degradation(), SIZE, seed=1)
    np.testing.assert_array_equal(coded.truth, plain.truth)
    top, left = (picture.height - 64) // 2, (picture.width - 96) // 2
    np.testing.assert_array_equal(plain.truth, as_array(source.planes(picture).y)[top : top + 64, left : left + 96])
    assert coded.degraded.hints.step > 0


def test_after_a_drop_the_second_half_of_a_clip_remembers_the_first(source: TrainingSet) -> None:
    clip = next(item for item in validation_items(source) if item.frames > 1)
    frames = drop_frames(source, clip, Degradation.parse("shrunk2-h264-1"), SIZE, [CallMemory()])[0]
    assert len(frames) == 1
    np.testing.assert_array_equal(frames[0].truth.shape, SIZE[::-1])
    assert frames[0].degraded.planes is not None
    assert frames[0].degraded.planes.plate.shape == frames[0].truth.shape


def test_the_last_second_ends_with_the_clip(source: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.training.validation.frames.MOST_AFTER", 4)
    clip = next(item for item in validation_items(source) if item.frames == 24)
    first, last = (
        drop_frames(source, clip, Degradation.parse("shrunk2-h264-1"), SIZE, [CallMemory()], every=True, last=last)[0]
        for last in (False, True)
    )
    top, left = (clip.height - 64) // 2, (clip.width - 96) // 2
    for frames, numbers in ((first, range(12, 16)), (last, range(20, 24))):
        assert len(frames) == 4
        for frame, number in zip(frames, numbers, strict=True):
            whole = as_array(source.planes(clip, number).y)
            np.testing.assert_array_equal(frame.truth, whole[top : top + 64, left : left + 96])
