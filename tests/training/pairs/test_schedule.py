from acutance.training.data.dataset import Item
from acutance.training.pairs.schedule import schedule
from acutance.training.recipes.recipe import PairsSection


def test_categories_take_turns_and_clips_have_their_share() -> None:
    people = [_item(f"people/{i}", "people") for i in range(90)]
    animals = [_item(f"animals/{i}", "animals") for i in range(3)]
    talking = [_item(f"talking_head/a#{i}", "talking_head", frames=48) for i in range(5)]
    section = PairsSection(clips=100, patches=1, patch=64, frame=(64, 64), shrink_source=0, moving=0.4)
    order = schedule([*people, *animals, *talking], section, seed=1)
    names = [item.name for item in order]
    assert sum(item.frames > 1 for item in order) == 40
    assert sum(item.category == "animals" for item in order) == 30
    assert {name for name in names if name.startswith("animals")} == {f"animals/{i}" for i in range(3)}
    assert len({name for name in names if name.startswith("people")}) == 30
    assert all(names.count(item.name) == 8 for item in talking)
    stills = schedule([*people, *animals], section, seed=1)
    assert len(stills) == 100


def _item(name: str, category: str, frames: int = 1) -> Item:
    return Item(name, category, "train", frames, 200, 200, "", "", "", "", "", 0)
