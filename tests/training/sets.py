"""Small training sets and pairs made from drawn pictures."""

import json
from pathlib import Path

import numpy as np

from acutance.model.hints import COUNT
from acutance.training.data.dataset import INDEX, VERSION
from acutance.training.data.planes import as_array, to_planes
from acutance.training.degradation.degrade import Degradation, degrade
from acutance.training.pairs.pairs import Pairs
from acutance.training.recipes.recipe import Recipe, check_recipe
from tests.training.conftest import draw


def write_set(folder: Path, train: int = 3, val: int = 2) -> Path:
    """Make a set of drawn pictures and, in its validation split, a clip that pans over one; returns its folder."""
    folder.mkdir(parents=True)
    items = []
    with (folder / "shard.bin").open("wb") as shard:
        for index in range(train + val + 1):
            planes = to_planes(np.asarray(draw(index)))
            frames = 4 if index == train + val else 1
            half = (planes.size[0] // 2, planes.size[1] // 2)
            offset = shard.tell()
            for frame in range(frames):
                luma = np.roll(as_array(planes.y), frame, axis=1)
                for plane in (luma, as_array(planes.cb.resize(half)), as_array(planes.cr.resize(half))):
                    shard.write(plane.tobytes())
            items.append(
                {
                    "name": f"drawn/{index}" if frames == 1 else f"moving/{index}#0",
                    "category": "drawn" if frames == 1 else "moving",
                    "split": "train" if index < train else "val",
                    "frames": frames,
                    "width": planes.size[0],
                    "height": planes.size[1],
                    "source": f"{index}.png",
                    "licence": "CC0",
                    "licence_class": "A",
                    "note": "",
                    "shard": "shard.bin",
                    "offset": offset,
                }
            )
        size = shard.tell()
    index_file = {
        "version": VERSION,
        "items": items,
        "fingerprint": f"drawn-{train}-{val}",
        "dropped": [],
        "shards": [{"file": "shard.bin", "bytes": size}],
    }
    (folder / INDEX).write_text(json.dumps(index_file))
    return folder


def blurred_pairs(folder: Path, count: int = 24, side: int = 64) -> Pairs:
    """Pairs of drawn pictures, reduced and enlarged by 2."""
    planes = [to_planes(np.asarray(draw(seed, (side, side)))) for seed in range(count)]
    patches = np.stack([[degrade([p], Degradation(2.0)).luma, as_array(p.y)] for p in planes])
    return Pairs(patches, np.zeros((count, COUNT), np.uint8), "blurred", folder)


def changed(recipe: Recipe, **sections: dict[str, object]) -> Recipe:
    """The recipe with changed values in some sections."""
    tables = recipe.model_dump(mode="json", exclude_none=True)
    for name, values in sections.items():
        tables[name] = {**tables.get(name, {}), **values}
    return check_recipe({key: value for key, value in tables.items() if value}, "changed")
