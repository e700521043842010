from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from acutance.training.prepare.choose import Candidate, drop_duplicates, segments, split
from acutance.training.prepare.files import SourceFile
from acutance.training.prepare.gate import Gate
from acutance.training.prepare.inspection import inspect_file
from tests.training.conftest import draw

ALL = Gate(smallest=16, sharpness=0.0, blockiness=9.0, jpeg_quality=0.0, reduced_least=16)


def candidate(
    folder: Path, name: str, image: Image.Image, *, validation: bool = False, category: str = "all"
) -> Candidate:
    path = folder / name
    image.save(path)
    file = SourceFile(path, f"{category}/{path.stem}", category, False, validation, "", "")
    return Candidate(file, inspect_file(file, ALL))


def test_the_same_picture_in_another_size_brightness_or_format_is_a_duplicate(tmp_path: Path) -> None:
    picture = draw(1)
    files = [
        candidate(tmp_path, "whole.png", picture),
        candidate(tmp_path, "smaller.png", picture.resize((150, 126), Image.Resampling.BICUBIC)),
        candidate(tmp_path, "brighter.png", ImageEnhance.Brightness(picture).enhance(1.1)),
        candidate(tmp_path, "coded.jpg", picture),
        candidate(tmp_path, "other.png", draw(2)),
    ]
    kept, doubles = drop_duplicates(files, apart=12)
    names = {c.file.name for c in kept}
    assert "all/other" in names
    assert len(kept) == 2
    assert set(doubles.values()) == names - {"all/other"}
    assert "all/smaller" in doubles
    assert drop_duplicates(files, apart=0) == (sorted(files, key=lambda c: c.file.name), {})


def test_of_duplicates_the_validation_file_is_kept(tmp_path: Path) -> None:
    picture = draw(1)
    large = candidate(tmp_path, "large.png", picture)
    small = candidate(tmp_path, "small.png", picture.resize((160, 134)), validation=True)
    kept, doubles = drop_duplicates([large, small], apart=12)
    assert kept == [small]
    assert doubles == {"all/large": "all/small"}


def test_the_split_takes_a_share_of_every_category_and_follows_content_and_seed(tmp_path: Path) -> None:
    files = [
        candidate(tmp_path, f"{index}.png", draw(index, (64, 64)), category="text" if index < 10 else "people")
        for index in range(20)
    ]
    chosen = split(files, 0.2, seed=0)
    assert [
        sum(chosen[f"{c}/{i}"] == "val" for i in r) for c, r in (("text", range(10)), ("people", range(10, 20)))
    ] == [
        2,
        2,
    ]
    assert split(files[::-1], 0.2, seed=0) == chosen
    assert any(split(files, 0.2, seed=seed) != chosen for seed in range(1, 4))
    assert set(split(files, 0.0, seed=0).values()) == {"train"}


def test_a_few_pictures_still_give_one_to_validate_on(tmp_path: Path) -> None:
    files = [candidate(tmp_path, f"{index}.png", draw(index, (64, 64))) for index in range(3)]
    assert sorted(split(files, 0.08, seed=0).values()) == ["train", "train", "val"]
    assert set(split(files[:1], 0.08, seed=0).values()) == {"train"}


def test_with_a_validation_folder_of_pictures_no_other_picture_is_held_out(tmp_path: Path) -> None:
    files = [candidate(tmp_path, f"{index}.png", draw(index, (64, 64)), validation=index == 0) for index in range(5)]
    assert [split(files, 0.5, seed=0)[f"all/{index}"] for index in range(5)] == ["val", *["train"] * 4]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (30, [(0, 30)]),
        (48, [(0, 48)]),
        (60, [(6, 48)]),
        (100, [(0, 48), (52, 48)]),
        (480, [(0, 48), (216, 48), (432, 48)]),
    ],
)
def test_segments_are_spread_over_a_clip(frames: int, expected: list[tuple[int, int]]) -> None:
    assert segments(frames, 48, 3) == expected
