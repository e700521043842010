from importlib import resources
from pathlib import Path

import pytest

from acutance.model.hints import REDUCTIONS
from acutance.training.recipes.recipe import RecipeError, load_recipe, shipped

TEXT = (resources.files("acutance.training.recipes") / "published.toml").read_text()
SPECIALISTS = [name for name in shipped() if name.endswith("_enlarged")]


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_recipe_is_valid(name: str) -> None:
    assert load_recipe(name).name == name


@pytest.mark.parametrize("name", shipped())
def test_losses_of_shipped_recipes_see_a_good_part_of_each_crop(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.training.crop >= 96
    assert (1 - 2 * recipe.shape.border / recipe.training.crop) ** 2 > 0.3


def test_the_recipes_for_calls_share_their_pairs() -> None:
    for names in ([name for name in shipped() if "call" in name and "enlarged" not in name], SPECIALISTS):
        recipes = [load_recipe(name) for name in names]
        assert len(recipes) >= 3
        assert len({recipe.model_dump_json(include={"pairs", "mixture", "seed"}) for recipe in recipes}) == 1


@pytest.mark.parametrize("name", [name for name in shipped() if "call" in name])
def test_recipes_for_calls_train_on_all_reductions_that_the_server_undoes(name: str) -> None:
    assert load_recipe(name).mixture.reduction == REDUCTIONS


@pytest.mark.parametrize("name", SPECIALISTS)
def test_a_specialist_differs_from_its_general_by_what_it_sees_and_the_weights_that_validation_chose(name: str) -> None:
    specialist, general = load_recipe(name), load_recipe(name.removesuffix("_enlarged"))
    other = {"name": True, "mixture": True, "validation": True, "losses": {"harm", "bands"}}
    assert specialist.model_dump(exclude=other) == general.model_dump(exclude=other)  # type: ignore[arg-type]
    assert specialist.mixture.model_dump(exclude_defaults=True)["shrunk"] == 1
    assert specialist.mixture.reduction == general.mixture.reduction


def test_a_recipe_that_is_like_another_has_its_values_under_its_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('like = "published"\nname = "mine"\n[training]\nbatch = 3\n')
    recipe, published = load_recipe(str(mine), ["training.crop=64"]), load_recipe("published")
    assert (recipe.name, recipe.training.batch, recipe.training.crop) == ("mine", 3, 64)
    assert recipe.training.learning_rate == published.training.learning_rate
    assert recipe.losses == published.losses


def test_a_recipe_that_is_like_nothing_is_explained(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(f"like = '{other}'\n")
    other.write_text(f"like = '{one}'\n")
    with pytest.raises(RecipeError, match=r"one\.toml is like itself: .*one\.toml is like .*other\.toml is like"):
        load_recipe(str(one))
    one.write_text("like = 3\n")
    with pytest.raises(RecipeError, match="like names another recipe"):
        load_recipe(str(one))
    one.write_text("like = 'nobody'\n")
    with pytest.raises(RecipeError, match="nobody is neither a readable file nor a shipped recipe"):
        load_recipe(str(one))


def test_the_published_recipe_is_as_published() -> None:
    recipe = load_recipe("published")
    assert recipe.training.epochs == 50
    assert recipe.training.batch == 16
    assert recipe.training.learning_rate == 0.001
    assert recipe.training.optimiser == "adam"
    assert recipe.student is not None
    assert recipe.student.batch_norm
    assert recipe.losses.truth.kind == "l1"
    assert recipe.losses.teacher_features.weight > 0
    assert recipe.losses.perceptual.weight > 0
    assert recipe.losses.teacher_output.weight == recipe.losses.affinity.weight == recipe.losses.frequency.weight == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("batch = 16", "batch = 16\nbatches = 3"), "unknown key training.batches"),
        (("batch = 16", ""), "key training.batch is missing"),
        (("batch = 16", "batch = 0"), "training.batch: Input should be greater than or equal to 1"),
        (('kind = "l1"', 'kind = "l3"'), "losses.truth.kind"),
        (("crop = 96", "crop = 256"), "training.crop 256 is larger than pairs.patch 160"),
        (
            ("crop = 96", "crop = 32"),
            "the padding of r2c16n6 reaches 16 px inwards, so at least 48",
        ),
        (("ratio = [2.0, 2.0]", "ratio = [3.0, 2.0]"), "mixture: ratio must be a range"),
        (('["bicubic2"]', '["bicubic2000"]'), "'bicubic2000' is not a degradation"),
        (("seed = 1", "seed = = 1"), "is not TOML"),
        (("[student]", "[teacher]\nchannels = 8\nblocks = 1\nhinted = true\n[student]"), "either a [student] or a"),
        (("batch = 16", "batch = 16\nsteps = 3"), "training: give either steps or epochs"),
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
    with pytest.raises(RecipeError, match=r"neither a readable file nor a shipped recipe \(.*call_small"):
        load_recipe(str(tmp_path / "none.toml"))


def test_any_key_can_be_set() -> None:
    changes = [
        "training.seed=7",
        "losses.truth.kind=squared",
        "losses.affinity.weight = 0.5",
        "student.batch_norm=true",
        'validation.degradations=["identity"]',
    ]
    recipe = load_recipe("call_small", changes)
    assert recipe.training.seed == 7
    assert recipe.losses.truth.kind == "squared"
    assert recipe.losses.affinity.weight == 0.5
    assert recipe.student is not None
    assert recipe.student.batch_norm
    assert recipe.validation.degradations == ("identity",)


def test_steps_take_the_place_of_epochs() -> None:
    settings = load_recipe("published", steps=30).training
    assert (settings.steps, settings.epochs) == (30, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("training.sede=7", "unknown key training.sede"),
        ("training.seed", "sets nothing"),
        ("name.first=me", "name is a value, not a table"),
        ("losses.affinity.weight=-1", "losses.affinity.weight"),
    ],
)
def test_a_key_that_cannot_be_set_is_explained(change: str, words: str) -> None:
    with pytest.raises(RecipeError) as error:
        load_recipe("call_small", [change])
    assert words in str(error.value)


def test_a_student_that_takes_a_plate_needs_plates_to_train_on(tmp_path: Path) -> None:
    assert load_recipe("memory_nano").shape.name == "r2c16n3t1hp"
    with pytest.raises(RecipeError, match=r"add the table \[plate\]"):
        load_recipe("call_nano", ["student.plate=true"])
    with pytest.raises(RecipeError, match="plate: the shares must add up to at most 1"):
        load_recipe("memory_nano", ["plate.absent=0.9"])
    with pytest.raises(RecipeError, match="plate: bits must be a range above 0"):
        load_recipe("memory_nano", ["plate.bits=[0.2, 0.1]"])
