from pathlib import Path

import av
import numpy as np
import pytest

from tests.training.conftest import draw
from training.clips import read_clip
from training.data import DataError, as_array
from training.evaluate import CODEC_GRID, Row, Sharpen, cells, expand, find_set, judge, markdown
from training.quality import unsharp


def as_it_is(luma: np.ndarray) -> np.ndarray:
    return luma


def one(sharpen: Sharpen, folder: Path, degradation: str) -> Row:
    (row,) = judge(sharpen, folder, [degradation])
    return row


def write_clip(path: Path, frames: int = 24, size: tuple[int, int] = (160, 96)) -> None:
    picture = np.asarray(draw(5, (size[0] + frames, size[1])))
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"qp": "4"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for index in range(frames):
            window = np.ascontiguousarray(picture[:, index : index + size[0]])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(window, format="rgb24")))
        container.mux(stream.encode(None))


def test_a_student_that_does_nothing_gains_nothing(pictures: Path) -> None:
    row = one(as_it_is, pictures, "bicubic2")
    assert (row.set, row.degradation, row.frames, row.worse) == (
        f"{pictures.parent.name}/{pictures.name}",
        "bicubic2",
        5,
        0,
    )
    assert row.student == row.input
    assert row.input.psnr < 40
    assert row.unsharp != row.input


def test_the_unsharp_mask_as_a_student_is_the_unsharp_column(pictures: Path) -> None:
    for name in ("bicubic2", "soft2-h264-0.2"):
        row = one(unsharp, pictures, name)
        assert row.student == row.unsharp


def test_a_student_that_spoils_is_counted_as_worse(pictures: Path) -> None:
    row = one(lambda luma: 255 - luma, pictures, "identity")
    assert row.worse == 1
    assert row.input.psnr == 99
    assert row.input.ssim == 1


def test_a_set_with_a_broken_picture_has_no_figure(tmp_path: Path) -> None:
    draw(1).save(tmp_path / "good.png")
    (tmp_path / "torn.png").write_text("no picture")
    with pytest.raises(DataError, match=r"cannot be judged: .*torn\.png"):
        judge(as_it_is, tmp_path, ["bicubic2"])


def test_clips_are_judged_after_they_settled(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4")
    row = one(as_it_is, tmp_path, "soft2-vp8-0.1")
    assert row.frames == 1
    assert 15 < row.input.psnr < 45


def test_large_clips_are_halved_and_broken_ones_named(tmp_path: Path) -> None:
    write_clip(tmp_path / "large.mp4", frames=2, size=(1280, 720))
    (frame, _) = read_clip(tmp_path / "large.mp4", 5)
    assert frame.size == frame.cb.size == (640, 360)
    (tmp_path / "torn.mp4").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"torn\.mp4 cannot be read"):
        read_clip(tmp_path / "torn.mp4", 5)


def test_luma_of_a_clip_is_what_was_coded(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", frames=3)
    with av.open(tmp_path / "clip.mp4") as container:
        expected = [frame.to_ndarray(format="yuv420p")[:96] for frame in container.decode(video=0)]
    for frame, luma in zip(read_clip(tmp_path / "clip.mp4", 5), expected, strict=True):
        np.testing.assert_array_equal(as_array(frame.y), luma)


def test_sets_are_found_by_path_or_by_a_name_that_is_unique(tmp_path: Path) -> None:
    (tmp_path / "a" / "Set5").mkdir(parents=True)
    assert find_set(str(tmp_path / "a"), Path("nowhere")) == tmp_path / "a"
    assert find_set("Set5", tmp_path) == tmp_path / "a" / "Set5"
    with pytest.raises(DataError, match="Set14 is neither a folder nor"):
        find_set("Set14", tmp_path)
    (tmp_path / "b" / "Set5").mkdir(parents=True)
    with pytest.raises(DataError, match="exactly one folder"):
        find_set("Set5", tmp_path)


def test_degradations_are_judged_each_for_itself(pictures: Path) -> None:
    together = judge(as_it_is, pictures, ["vp8-0.1", "identity", "bicubic3"])
    assert together == [one(as_it_is, pictures, name) for name in ("vp8-0.1", "identity", "bicubic3")]


def test_codec_stands_for_the_grid() -> None:
    assert expand(["bicubic2", "codec"]) == ["bicubic2", *CODEC_GRID]
    assert {"h264-0.1", "soft2-vp8-0.02"} <= set(CODEC_GRID)
    with pytest.raises(DataError, match="'mist' is no degradation"):
        expand(["mist"])


def test_a_table_has_every_column(pictures: Path) -> None:
    row = one(as_it_is, pictures, "bicubic2")
    title, rule, line = markdown([row]).splitlines()
    assert title == "| set | degradation | frames | input | unsharp | student | gain | worse |"
    assert rule.count("|") == line.count("|") == title.count("|")
    assert cells(row)[-2:] == ["+0.00 / +0.0000", "0%"]
