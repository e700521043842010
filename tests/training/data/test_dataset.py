import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from acutance.training.data.dataset import INDEX, TrainingSet
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import as_array, to_planes
from tests.training.conftest import draw
from tests.training.sets import write_set


def test_an_item_is_read_as_it_was_written(tmp_path: Path) -> None:
    opened = TrainingSet.open(write_set(tmp_path / "set"))
    item = opened.split("train")[1]
    truth = to_planes(np.asarray(draw(1)))
    luma = opened.luma(item)
    assert np.array_equal(luma, as_array(truth.y))
    assert not luma.flags.writeable
    planes = opened.planes(item)
    assert planes.size == (item.width, item.height)
    assert planes.cb.size == planes.cr.size == (item.width // 2, item.height // 2)
    half = truth.cr.resize((item.width // 2, item.height // 2))
    assert np.array_equal(as_array(planes.cr), as_array(half))


def test_frames_of_a_clip_follow_one_another(tmp_path: Path) -> None:
    opened = TrainingSet.open(write_set(tmp_path / "set"))
    clip = next(item for item in opened.items if item.frames > 1)
    first = opened.luma(clip)
    assert np.array_equal(opened.luma(clip, 3), np.roll(first, 3, axis=1))
    with pytest.raises(IndexError, match="has 4 frames, no frame 4"):
        opened.luma(clip, 4)


def test_a_set_that_was_read_is_sent_to_a_worker_without_its_pictures(tmp_path: Path) -> None:
    opened = TrainingSet.open(write_set(tmp_path / "set"))
    luma = opened.luma(opened.items[0])
    sent = pickle.dumps(opened)
    assert len(sent) < luma.nbytes / 4
    again: TrainingSet = pickle.loads(sent)
    assert np.array_equal(again.luma(again.items[0]), luma)


def test_a_set_that_is_not_whole_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no training set"):
        TrainingSet.open(tmp_path)
    folder = write_set(tmp_path / "set")
    shard, index = folder / "shard.bin", folder / INDEX
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1])
    with pytest.raises(DataError, match=rf"has {len(whole) - 1} bytes, not {len(whole)}: prepare the set again"):
        TrainingSet.open(folder)
    shard.unlink()
    with pytest.raises(DataError, match=r"shard.bin is missing"):
        TrainingSet.open(folder)
    content = json.loads(index.read_text())
    del content["items"][0]["offset"]
    index.write_text(json.dumps(content))
    with pytest.raises(DataError, match="is damaged"):
        TrainingSet.open(folder)
    index.write_text(json.dumps({**content, "version": 0}))
    with pytest.raises(DataError, match="not an index of version"):
        TrainingSet.open(folder)
    index.unlink()
    (folder / "settings.json").write_text("{}")
    with pytest.raises(DataError, match="is not finished: run the same prepare again"):
        TrainingSet.open(folder)


def test_planes_keep_their_proportion_when_cut_and_resized() -> None:
    planes = to_planes(np.asarray(Image.new("RGB", (64, 48), (10, 200, 30))))
    small = planes.cb.reduce(2)
    halved = type(planes)(planes.y, small, small)
    assert halved.crop(4, 6, 20, 10).cb.size == (10, 5)
    assert halved.resize((32, 24)).cr.size == (16, 12)
    assert planes.resize((32, 24)).cr.size == (32, 24)
