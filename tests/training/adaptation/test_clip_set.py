from pathlib import Path

import numpy as np
import pytest

from acutance.training.adaptation.clip_set import write_clip_set
from acutance.training.data.clips import read_clip
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import as_array
from tests.training.adaptation.recorded import record


def test_the_last_part_is_kept_aside_and_frames_are_those_of_the_clip(tmp_path: Path) -> None:
    clip = record(tmp_path / "call.mp4", 120)
    (tmp_path / "set").mkdir()
    made = write_clip_set(clip, tmp_path / "set", share=1.0, kept=0.25, most=1000)
    (learned,), (aside,) = made.split("train"), made.split("val")
    assert (learned.frames, aside.frames) == (90, 30)
    frames = read_clip(clip, 120, 1.0)
    np.testing.assert_array_equal(made.luma(learned, 7), as_array(frames[7].y))
    np.testing.assert_array_equal(made.luma(aside, 29), as_array(frames[119].y))


def test_a_share_is_used_from_the_start_and_its_last_frames_if_they_are_too_many(tmp_path: Path) -> None:
    clip = record(tmp_path / "call.mp4", 120)
    (tmp_path / "set").mkdir()
    made = write_clip_set(clip, tmp_path / "set", share=0.75, kept=0.3, most=80)
    frames = read_clip(clip, 120, 1.0)
    assert sum(item.frames for item in made.items) == 80
    np.testing.assert_array_equal(made.luma(made.split("train")[0], 0), as_array(frames[10].y))


def test_long_calls_have_segments_of_at_most_five_seconds(tmp_path: Path) -> None:
    clip = record(tmp_path / "call.mp4", 400, (64, 48))
    (tmp_path / "set").mkdir()
    made = write_clip_set(clip, tmp_path / "set", share=1.0, kept=0.1, most=1000)
    segments = made.split("train")
    assert [item.frames for item in segments] == [120, 120, 120]
    np.testing.assert_array_equal(made.luma(segments[2], 119), as_array(read_clip(clip, 400, 1.0)[359].y))


def test_a_clip_that_is_too_short_is_refused(tmp_path: Path) -> None:
    clip = record(tmp_path / "call.mp4", 40)
    (tmp_path / "set").mkdir()
    with pytest.raises(DataError, match="gives 40 frames, too few to fit a student: 48 are needed"):
        write_clip_set(clip, tmp_path / "set", share=1.0, kept=0.2, most=1000)
