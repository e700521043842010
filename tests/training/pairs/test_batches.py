from pathlib import Path

import numpy as np
import torch

from acutance.model.hints import COUNT
from acutance.training.pairs.batches import Batches
from acutance.training.pairs.pairs import Pairs


def numbered(count: int, side: int, folder: Path) -> Pairs:
    """Every pixel of pair i has the value i, its truth 100 + i, its hints i."""
    patches = np.empty((count, 2, side, side), np.uint8)
    patches[:, 0] = np.arange(count)[:, None, None]
    patches[:, 1] = patches[:, 0] + 100
    return Pairs(patches, np.repeat(np.arange(count, dtype=np.uint8)[:, None], COUNT, 1), "numbered", folder)


def seen(tensor: torch.Tensor) -> list[int]:
    return [round(float(value) * 255) for value in tensor.flatten(1)[:, 0]]


def test_every_epoch_sees_every_pair_once_in_another_order(tmp_path: Path) -> None:
    batches = Batches(numbered(10, 32, tmp_path), None, batch=4, crop=16, margin=0, seed=1)
    order = [pair for step in range(5) for pair in seen(batches.draw(step).degraded)]
    assert sorted(order[:10]) == sorted(order[10:]) == list(range(10))
    assert order[:10] != order[10:]


def test_degraded_truth_hints_and_label_belong_together(tmp_path: Path) -> None:
    labels = np.repeat(np.arange(10, dtype=np.uint8) + 200, 32 * 32).reshape(10, 32, 32)
    batch = Batches(numbered(10, 32, tmp_path), labels, batch=8, crop=16, margin=4, seed=1).draw(3)
    assert batch.label is not None
    pairs = seen(batch.degraded)
    assert [value - 100 for value in seen(batch.truth)] == pairs
    assert [value - 200 for value in seen(batch.label)] == pairs
    assert seen(batch.hints) == pairs
    assert batch.degraded.shape == (8, 1, 16, 16)
    assert batch.hints.shape == (8, COUNT)


def test_parts_of_two_processes_are_the_batch_of_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pairs = Pairs(rng.integers(0, 256, (6, 2, 40, 40), np.uint8), np.zeros((6, COUNT), np.uint8), "", tmp_path)
    one = Batches(pairs, None, batch=4, crop=16, margin=0, seed=1)
    two = [Batches(pairs, None, batch=4, crop=16, margin=0, seed=1, rank=rank, ranks=2) for rank in range(2)]
    for step in (0, 7):
        parts = [batches.draw(step) for batches in two]
        assert torch.equal(one.draw(step).degraded, torch.cat([part.degraded for part in parts]))
        assert torch.equal(one.draw(step).truth, torch.cat([part.truth for part in parts]))


def test_crops_turn_and_keep_to_even_corners_inside_the_margin(tmp_path: Path) -> None:
    side, crop, margin = 40, 16, 8
    rows = np.arange(side, dtype=np.uint8)
    patches = np.stack([np.broadcast_to(rows[:, None], (side, side)), np.broadcast_to(rows, (side, side))])[None]
    pairs = Pairs(patches, np.zeros((1, COUNT), np.uint8), "", tmp_path)
    batches = Batches(pairs, None, batch=16, crop=crop, margin=margin, seed=1)
    corners, orientations = set(), set()
    for step in range(20):
        batch = batches.draw(step)
        for y, x in zip((batch.degraded * 255).round(), (batch.truth * 255).round(), strict=True):
            corners.add((int(y.min()), int(x.min())))
            orientations.add(
                (float(y[0, 0, 0] - y[0, 0, -1]), float(y[0, 0, 0] - y[0, -1, 0]), float(x[0, 0, 0] > x[0, -1, -1]))
            )
            assert y.min() >= margin
            assert y.max() < side - margin
    assert all(top % 2 == left % 2 == 0 for top, left in corners)
    assert {top for top, _ in corners} == set(range(margin, side - margin - crop + 1, 2))
    assert len(orientations) == 8


def test_the_inside_of_a_batch_is_without_the_border_of_each_plane(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(0, 256, (10, 32, 32), np.uint8)
    batch = Batches(numbered(10, 32, tmp_path), labels, batch=2, crop=16, margin=0, seed=1).draw(0)
    inside = batch.inside(3)
    assert batch.label is not None
    assert inside.label is not None
    assert torch.equal(inside.label, batch.label[..., 3:13, 3:13])
    assert inside.degraded.shape == inside.truth.shape == (2, 1, 10, 10)
    assert torch.equal(inside.hints, batch.hints)


def test_the_planes_of_a_plate_turn_with_the_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    patches = rng.integers(0, 100, (10, 1, 32, 32), np.uint8) + np.arange(0, 160, 40, dtype=np.uint8)[:, None, None]
    labels = patches[:, 0] + 10
    pairs = Pairs(patches, np.zeros((10, COUNT), np.uint8), "", tmp_path)
    batch = Batches(pairs, labels, batch=8, crop=16, margin=4, seed=1).draw(3)
    assert batch.plate is not None
    assert batch.label is not None
    assert batch.plate.shape == (8, 2, 16, 16)
    codes = (batch.degraded * 255).round()
    assert torch.equal((batch.truth * 255).round(), codes + 40)
    assert torch.equal((batch.plate * 255).round(), torch.cat([codes + 80, codes + 120], dim=1))
    assert torch.equal((batch.label * 255).round(), codes + 10)
    inside = batch.inside(3)
    assert inside.plate is not None
    assert torch.equal(inside.plate, batch.plate[..., 3:13, 3:13])


def test_chroma_is_cropped_and_turned_with_its_luma(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    half = rng.integers(0, 256, (6, 2, 2, 20, 20), np.uint8)
    # Each pixel of luma has the value of the pixel of U below it.
    patches = half[:, :, 0].repeat(2, 2).repeat(2, 3)
    pairs = Pairs(patches, np.zeros((6, COUNT), np.uint8), "", tmp_path, half)
    batches = Batches(pairs, None, batch=4, crop=16, margin=0, seed=1)
    for step in range(5):
        batch = batches.draw(step)
        assert batch.chroma is not None
        assert batch.true_chroma is not None
        assert batch.chroma.shape == (4, 2, 8, 8)
        for luma, chroma in ((batch.degraded, batch.chroma), (batch.truth, batch.true_chroma)):
            assert torch.equal(luma[:, :, ::2, ::2], chroma[:, :1])
        inside = batch.inside(4)
        assert inside.chroma is not None
        assert torch.equal(inside.degraded[:, :, ::2, ::2], inside.chroma[:, :1])


def test_frames_around_are_cropped_and_turned_with_their_pair(tmp_path: Path) -> None:
    patches = np.random.default_rng(0).integers(0, 256, (6, 2, 40, 40), np.uint8)
    pairs = Pairs(patches, np.zeros((6, COUNT), np.uint8), "", tmp_path, around=patches[:, :1].repeat(4, 1))
    batch = Batches(pairs, None, batch=4, crop=16, margin=0, seed=1).draw(2)
    assert batch.around is not None
    assert torch.equal(batch.around, batch.degraded.expand(-1, 4, -1, -1))
