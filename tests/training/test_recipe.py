from pathlib import Path

import pytest

from training.recipe import RecipeError, load_recipe, shipped

TEXT = (Path(__file__).parents[2] / "training" / "recipes" / "call_first.toml").read_text()


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_recipe_is_valid(name: str) -> None:
    assert load_recipe(name).name == name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("batch = 16", "batch = 16\nbatches = 3"), "unknown key training.batches"),
        (("batch = 16", ""), "key training.batch is missing"),
        (("batch = 16", "batch = 0"), "training.batch: Input should be greater than or equal to 1"),
        (('"decibel"', '"l1"'), "training.loss"),
        (("crop = 96", "crop = 256"), "training.crop 256 is larger than pairs.patch 192"),
        (("ratio = [1.2, 3.0]", "ratio = [3.0, 1.2]"), "mixture: ratio must be a range"),
        (('"bicubic2"', '"bicubic2000"'), "'bicubic2000' is no degradation"),
        (("seed = 1", "seed = = 1"), "is not TOML"),
    ],
)
def test_a_wrong_recipe_is_explained(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    file = tmp_path / "mine.toml"
    assert change[0] in TEXT
    file.write_text(TEXT.replace(*change, 1))
    with pytest.raises(RecipeError) as error:
        load_recipe(str(file))
    assert words in str(error.value)
    assert "mine.toml" in str(error.value)


def test_an_unknown_recipe_names_the_shipped_ones(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"neither a readable file nor a shipped recipe \(.*call_first"):
        load_recipe(str(tmp_path / "none.toml"))
