from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acutance.training.data.pictures import DataError
from acutance.training.judge.flicker import flicker
from acutance.training.judge.judge import MEASURES, Options, choose, jod_stretch, judge, protocol
from acutance.training.judge.video import Video, read_video
from tests.training.judge.videos import blurred, moving, write_lossless


def test_a_video_equals_itself_by_every_measure() -> None:
    video = moving()
    figures = judge(video, video)
    assert list(figures) == list(MEASURES)
    assert figures["jod"] == pytest.approx(10)
    assert figures["ssim_y"] == 1
    assert figures["flicker"] == 0
    assert [figures[name] for name in ("psnr_y", "psnr_u", "psnr_v")] == [99, 99, 99]
    assert figures["vmaf"] > 95


def test_every_measure_of_luma_falls_with_blur_and_chroma_stays() -> None:
    video = moving()
    little, much = (judge(video, blurred(video, sigma)) for sigma in (0.7, 1.5))
    for name in ("jod", "vmaf", "vmaf_neg", "psnr_y", "ssim_y"):
        assert much[name] < little[name], name
    assert little["psnr_u"] == 99


def test_wrong_colour_lowers_jod_and_the_psnr_of_its_plane_alone() -> None:
    video = moving()
    figures = judge(video, replace(video, u=np.clip(video.u.astype(int) + 20, 0, 255).astype(np.uint8)))
    assert figures["jod"] < 9.9
    assert (figures["psnr_y"], figures["psnr_v"]) == (99, 99)
    assert figures["psnr_u"] == pytest.approx(20 * np.log10(255 / 20), abs=0.1)


def test_vmaf_rewards_contrast_and_vmaf_neg_does_not() -> None:
    video = moving()
    contrast = replace(video, y=np.clip((video.y.astype(float) - 128) * 1.15 + 128, 0, 255).astype(np.uint8))
    figures = judge(blurred(video), blurred(contrast), ("vmaf", "vmaf_neg"))
    assert figures["vmaf"] > figures["vmaf_neg"] + 1


def test_flicker_is_the_change_where_the_source_stands_still() -> None:
    source = moving(6).y
    blinking = source.copy()
    blinking[1::2] += 3  # the still half changes by 3 grey levels at every frame, and so does the moving one
    assert flicker(source, source) == 0
    assert flicker(source, blinking) == pytest.approx(3)


def test_flicker_is_absent_where_nothing_stands_still() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3, 96, 160), np.uint8)
    chroma = np.zeros((3, 48, 80), np.uint8)
    assert "flicker" not in judge(*[Video(noise, chroma, chroma, 25)] * 2, ("flicker", "psnr_y"))


def test_measures_are_chosen_by_name_in_one_order() -> None:
    assert choose(("psnr_y", "jod")) == ("jod", "psnr_y")
    assert choose((), ("jod", "vmaf")) == tuple(name for name in MEASURES if name not in ("jod", "vmaf"))
    with pytest.raises(DataError, match="'psnr' is not a measure of videos; choose from jod"):
        choose(("psnr",))
    with pytest.raises(DataError, match="no measure is left"):
        choose(("jod",), ("jod",))
    assert "JOD" not in protocol(("psnr_y",), Options())


def test_jod_judges_a_stretch_from_the_middle_or_from_where_it_is_told() -> None:
    assert jod_stretch(100, Options(jod_frames=24)) == (38, 24)
    assert jod_stretch(100, Options(jod_frames=24, jod_start=0)) == (0, 24)
    assert jod_stretch(10, Options(jod_frames=24)) == (0, 10)
    assert jod_stretch(100, Options(jod_frames=0)) == (0, 100)
    video = moving(12)
    late = replace(video, y=np.concatenate([video.y[:9], blurred(video).y[9:]]))
    assert judge(video, late, ("jod",), Options(jod_frames=4, jod_start=0))["jod"] == pytest.approx(10)
    assert judge(video, late, ("jod",), Options(jod_frames=4, jod_start=8))["jod"] < 9.9


def test_videos_of_different_lengths_or_sizes_are_refused() -> None:
    with pytest.raises(DataError, match="160x96 with 12 frames and 160x96 with 11 frames cannot be compared"):
        judge(moving(12), moving(11), ("psnr_y",))
    with pytest.raises(DataError, match="no yuv420p video"):
        Video(np.zeros((1, 4, 6), np.uint8), np.zeros((1, 2, 2), np.uint8), np.zeros((1, 2, 3), np.uint8), 25)


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    video = moving(4)
    read = read_video(write_lossless(tmp_path / "clip.mkv", video))
    for ours, theirs in ((read.y, video.y), (read.u, video.u), (read.v, video.v)):
        np.testing.assert_array_equal(ours, theirs)
    assert read.fps == 25
    assert len(read_video(tmp_path / "clip.mkv", most=2)) == 2
    half = read.halved()
    assert (half.size, half.u.shape) == ((80, 48), (4, 24, 40))
    (tmp_path / "torn.mkv").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"torn\.mkv cannot be read"):
        read_video(tmp_path / "torn.mkv")
