"""The schedule of a recipe: the source picture or clip of each clip of the pairs."""

from collections.abc import Sequence

import numpy as np

from acutance.training.data.dataset import Item, TrainingSet
from acutance.training.data.motion import MARGIN
from acutance.training.data.pictures import DataError
from acutance.training.recipes.recipe import PairsSection

_MOVING = "\0moving"
"""Name of the group of real clips, impossible as the name of a category."""


def schedule(items: Sequence[Item], section: PairsSection, seed: int) -> list[Item]:
    """Choose the item of each clip: a share `moving` of real clips, evenly spread; the rest are pictures.

    Categories of pictures take turns, so that 15 animals are used as often as 250 other pictures. Within a category,
    and among real clips, all items are used once in random order before any is repeated.
    """
    rng = np.random.default_rng([seed, 0x5C4ED])
    rounds: dict[str, list[Item]] = {}
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(_MOVING if item.frames > 1 else item.category, []).append(item)
    stills = sorted(name for name in groups if name != _MOVING)
    share = section.moving if stills and _MOVING in groups else float(_MOVING in groups)
    order: list[Item] = []
    pictures = 0
    for index in range(section.clips):
        if int((index + 1) * share) > int(index * share):
            name = _MOVING
        else:
            name = stills[pictures % len(stills)]
            pictures += 1
        if not rounds.get(name):
            rounds[name] = [groups[name][i] for i in rng.permutation(len(groups[name]))]
        order.append(rounds[name].pop())
    return order


def usable_items(source: TrainingSet, section: PairsSection) -> list[Item]:
    """Items of the training split that are large enough for a patch.

    Raises:
        DataError: There is none.
    """
    items = [
        item
        for item in source.split("train")
        if min(item.width, item.height) >= section.patch + (0 if item.frames > 1 else 2 * MARGIN)
    ]
    if not items:
        raise DataError(f"{source.folder} has no picture or clip large enough for patches of {section.patch} px")
    return items
