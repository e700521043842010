from pathlib import Path

import numpy as np
import pytest

from training.data import DataError, PictureFile, find_pictures
from training.pairs import make_pairs, schedule, smallest_picture
from training.quality import psnr
from training.recipe import Recipe


@pytest.fixture
def found(pictures: Path, recipe: Recipe) -> list[PictureFile]:
    return find_pictures([pictures], smallest_picture(recipe.pairs))[0]


def made(found: list[PictureFile], recipe: Recipe, folder: Path, processes: int = 1) -> tuple[np.ndarray, list[int]]:
    done: list[int] = []
    pairs = make_pairs(found, recipe, folder, processes=processes, progress=lambda now, _: done.append(now))
    return np.array(pairs), done


def test_pairs_depend_on_the_seed_and_not_on_processes_or_interruptions(
    found: list[PictureFile], recipe: Recipe, tmp_path: Path
) -> None:
    pairs, done = made(found, recipe, tmp_path / "one")
    assert pairs.shape == (12, 2, 48, 48)
    assert done == list(range(7))
    np.testing.assert_array_equal(made(found, recipe, tmp_path / "two", processes=2)[0], pairs)

    flags = np.load(tmp_path / "one" / "done.npy", mmap_mode="r+")
    spoilt = np.load(tmp_path / "one" / "pairs.npy", mmap_mode="r+")
    flags[3], spoilt[6:8] = 0, 0
    del flags, spoilt
    again, done = made(found, recipe, tmp_path / "one")
    assert done == [5, 6]
    np.testing.assert_array_equal(again, pairs)


def test_a_pair_is_two_versions_of_one_picture(found: list[PictureFile], recipe: Recipe, tmp_path: Path) -> None:
    pairs, _ = made(found, recipe, tmp_path)
    for index, (spoiled, truth) in enumerate(pairs):
        others = [psnr(spoiled, other) for position, other in enumerate(pairs[:, 1]) if position // 2 != index // 2]
        assert psnr(spoiled, truth) > max(others)
    assert any((spoiled != truth).any() for spoiled, truth in pairs)


def test_pairs_of_another_recipe_are_not_taken_for_these(
    found: list[PictureFile], recipe: Recipe, tmp_path: Path
) -> None:
    made(found, recipe, tmp_path)
    with pytest.raises(DataError, match="holds pairs of other pictures or settings"):
        made(found, recipe.model_copy(update={"seed": 4}), tmp_path)


def test_small_categories_are_not_drowned() -> None:
    people = [PictureFile(Path(f"{i}.png"), "people", 200, 200) for i in range(90)]
    animals = [PictureFile(Path(f"a{i}.png"), "animals", 200, 200) for i in range(3)]
    order = schedule([*people, *animals], 60, seed=1)
    assert sum(p.category == "animals" for p in order) == 30
    assert {p.path.name for p in order if p.category == "animals"} == {"a0.png", "a1.png", "a2.png"}
    assert len({p.path for p in order if p.category == "people"}) == 30
