from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from acutance.training.data.pictures import DataError, find_pictures, read_planes
from acutance.training.data.planes import to_planes


def save(path: Path, size: tuple[int, int] = (80, 60)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 30)).save(path)


def test_a_sub_folder_is_a_category(tmp_path: Path) -> None:
    save(tmp_path / "dogs" / "old" / "b.png")
    save(tmp_path / "cats" / "a.jpg")
    save(tmp_path / "c.webp")
    (tmp_path / "notes.txt").write_text("not a picture")
    found, skipped = find_pictures([tmp_path], 16)
    assert {(p.path.name, p.category) for p in found} == {("a.jpg", "cats"), ("b.png", "dogs"), ("c.webp", "all")}
    assert not skipped


def test_broken_and_small_pictures_are_skipped_by_name(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    save(tmp_path / "small.png", (80, 20))
    (tmp_path / "text.png").write_text("no picture at all")
    save(tmp_path / "torn.png", (400, 300))
    whole = (tmp_path / "torn.png").read_bytes()
    (tmp_path / "torn.png").write_bytes(whole[: len(whole) // 2])
    found, skipped = find_pictures([tmp_path], 32)
    assert [p.path.name for p in found] == ["good.png"]
    reasons = {s.path.name: s.reason for s in skipped}
    assert set(reasons) == {"small.png", "text.png", "torn.png"}
    assert reasons["small.png"] == "is 80x20, smaller than 32 px"
    assert "cannot be read" in reasons["torn.png"]


def test_a_folder_without_usable_files_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no usable picture .* in .*" + tmp_path.name):
        find_pictures([tmp_path], 32)
    save(tmp_path / "small.png", (20, 20))
    with pytest.raises(DataError, match=r"1 skipped, the first .*small.png is 20x20"):
        find_pictures([tmp_path], 32)
    with pytest.raises(DataError, match="gone is not a folder"):
        find_pictures([tmp_path / "gone"], 32)


def test_planes_are_limited_range_bt601() -> None:
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 0, 255]]], np.uint8)
    planes = to_planes(colours)
    # ITU-R BT.601: black, white, red, blue as Y'CbCr.
    assert np.asarray(planes.y).tolist() == [[16, 235, 81, 41]]
    assert np.asarray(planes.cb).tolist() == [[128, 128, 90, 240]]
    assert np.asarray(planes.cr).tolist() == [[128, 128, 240, 110]]


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert np.asarray(read_planes(tmp_path / "clear.png").y).min() == 235


def test_a_picture_is_read_upright_as_its_camera_says(tmp_path: Path) -> None:
    camera = Image.Exif()
    camera[0x0112] = 6  # EXIF 2.3, Orientation: the first row is the right-hand side.
    Image.new("RGB", (40, 20), (9, 9, 9)).save(tmp_path / "turned.jpg", exif=camera)
    assert read_planes(tmp_path / "turned.jpg").size == (20, 40)


def test_grey_of_16_bits_keeps_its_tones(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 0x8000, np.uint16)).save(tmp_path / "deep.png")
    # 16 + 219 * 128 / 255, ITU-R BT.601.
    assert np.unique(np.asarray(read_planes(tmp_path / "deep.png").y)).tolist() == [126]
