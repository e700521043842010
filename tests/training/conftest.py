"""Drawn pictures, so that no test needs external data."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from acutance.training.recipes.recipe import Recipe

RECIPE = {
    "name": "tiny",
    "seed": 3,
    "student": {"channels": 8, "depth": 1, "hinted": True, "batch_norm": False},
    "pairs": {
        "clips": 6,
        "patches": 2,
        "patch": 64,
        "frame": [128, 96],
        "shrink_source": 0.0,
        "moving": 0.0,
    },
    "mixture": {
        "identity": 0.1,
        "bicubic": 0.3,
        "sharp": 0.2,
        "soft": 0.2,
        "shrunk": 0.2,
        "ratio": [1.5, 2.5],
        "bits": [0.05, 0.2],
        "h264": 0.5,
        "blur": 0.0,
        "noise": 0.0,
    },
    "training": {
        "steps": 8,
        "batch": 4,
        "crop": 32,
        "optimiser": "adam",
        "learning_rate": 2e-3,
        "warm_up": 2,
        "ema": 0.9,
        "freeze_norm": 0.5,
        "save_every": 3,
        "validate_every": 4,
    },
    "losses": {"truth": {"kind": "decibel"}},
    "validation": {"degradations": ["identity", "bicubic2"], "frame": [96, 64]},
}


def draw(seed: int, size: tuple[int, int] = (200, 168)) -> Image.Image:
    """A picture with edges of all directions, thin lines, letters and a little texture."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(int(c) for c in rng.integers(40, 200, 3)))
    pen = ImageDraw.Draw(image)
    for _ in range(40):
        x0, y0 = (int(rng.integers(side)) for side in size)
        x1, y1 = x0 + int(rng.integers(4, 60)), y0 + int(rng.integers(4, 60))
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        match int(rng.integers(4)):
            case 0:
                pen.ellipse((x0, y0, x1, y1), fill=colour)
            case 1:
                pen.rectangle((x0, y0, x1, y1), fill=colour)
            case 2:
                pen.line((x0, y0, x1, y1), fill=colour, width=int(rng.integers(1, 4)))
            case _:
                pen.text((x0, y0), "sharp", fill=colour)
    grain = rng.normal(0, 3, (size[1], size[0], 1))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Run torch on one thread: more threads would only slow tests with tensors as small as these."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures in two categories."""
    folder = tmp_path_factory.mktemp("pictures")
    for index, category in enumerate(["people", "people", "people", "text", "text"]):
        (folder / category).mkdir(exist_ok=True)
        draw(index).save(folder / category / f"{index}.png")
    return folder


@pytest.fixture
def recipe() -> Recipe:
    return Recipe.model_validate(RECIPE)
