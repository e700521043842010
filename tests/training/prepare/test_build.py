import hashlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from acutance.training.data.dataset import TrainingSet
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import as_array, to_planes
from acutance.training.prepare.build import Prepared, Settings, prepare_set
from acutance.training.prepare.gate import Gate
from tests.training.conftest import draw

GATE = Gate(smallest=64, sharpness=0.46, blockiness=9.0, jpeg_quality=60.0, reduced_least=100)


@contextmanager
def silent(what: str) -> Iterator[object]:
    yield lambda done, total: None


def settings(source: Path, *val: Path, **changes: object) -> Settings:
    own = Settings((source,), val, 0.2, 0, "", GATE, apart=12, clip_segments=3, segment_frames=8)
    return replace(own, **changes)  # type: ignore[arg-type]


def prepare(how: Settings, out: Path, processes: int = 1) -> Prepared:
    return prepare_set(how, out, processes, silent)  # type: ignore[arg-type]


def write_clip(
    path: Path, frames: int, size: tuple[int, int] = (128, 96), seed: int = 5, picture: np.ndarray | None = None
) -> None:
    """Write a lossless clip that pans over a picture (by default a drawn one)."""
    picture = np.asarray(draw(seed, size)) if picture is None else picture
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(np.roll(picture, 2 * index, axis=1)), format="rgb24"
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def digests(out: Path) -> dict[str, str]:
    """The content of a set without the files that are needed only to make it."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in (".lock", "inspections.jsonl")
    }


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Eight pictures in two categories, and a clip."""
    folder = tmp_path / "source"
    for index in range(8):
        category = folder / ("text" if index < 4 else "people")
        category.mkdir(parents=True, exist_ok=True)
        # Odd sizes, which a set makes even.
        draw(index, (131, 101)).save(category / f"{index}.png")
    write_clip(folder / "screen-scroll.mp4", 30)
    return folder


def test_pictures_and_clips_become_a_set(source: Path, tmp_path: Path) -> None:
    (tmp_path / "CATALOG.tsv").write_text("path\tlicence\tclass\nsource/text/0.png\tCC0\tA\n")
    made = prepare(settings(source), tmp_path / "set")
    opened = TrainingSet.open(tmp_path / "set")
    assert opened == made.set
    names = {item.name: item for item in opened.items}
    assert set(names) == {*(f"text/{i}" for i in range(4)), *(f"people/{i}" for i in range(4, 8))} | {
        f"screen/screen-scroll#{i}" for i in range(3)
    }
    picture = names["text/0"]
    assert (picture.width, picture.height, picture.frames) == (130, 100, 1)
    assert (picture.licence, picture.licence_class) == ("CC0", "public domain or CC0")
    assert names["text/1"].licence == "not catalogued"
    truth = as_array(to_planes(np.asarray(draw(0, (131, 101)))).y)[:100, :130]
    assert np.array_equal(opened.luma(picture), truth)
    clip = [names[f"screen/screen-scroll#{i}"] for i in range(3)]
    assert [item.frames for item in clip] == [8, 8, 8]
    # Segments begin at frames 0, 11 and 22 of 30, and the clip pans by two pixels per frame.
    first, later = opened.luma(clip[0]), opened.luma(clip[1], 3)
    assert np.array_equal(later[:, 2 * 14 + 4 : -4], first[:, 4 : -2 * 14 - 4])
    assert sum(item.split == "val" for item in opened.items if item.frames == 1) == 2
    assert {path.name for path in made.sheets} == {"people.jpg", "screen.jpg", "text.jpg"}


def test_broken_files_are_named_with_their_reason_and_the_rest_is_used(source: Path, tmp_path: Path) -> None:
    (source / "empty.png").touch()
    (source / "words.png").write_text("no picture")
    draw(20).save(source / "whole.jpg", quality=95)
    (source / "torn.jpg").write_bytes((source / "whole.jpg").read_bytes()[:6000])
    (source / "torn.mp4").write_bytes((source / "screen-scroll.mp4").read_bytes()[:3000])
    draw(21, (60, 200)).save(source / "small.png")
    Image.new("1", (20000, 10000)).save(source / "bomb.png")
    with av.open(str(source / "audio.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        audio = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        audio.sample_rate = 8000
        container.mux(stream.encode(audio))
    write_clip(source / "short.mp4", 3)
    made = prepare(settings(source), tmp_path / "set")
    reasons = {file.path.name: refusal.reason for file, refusal in made.refused}
    assert set(reasons) == {
        *("empty.png", "words.png", "torn.jpg", "torn.mp4", "small.png", "bomb.png", "audio.mkv", "short.mp4")
    }
    assert reasons["small.png"] == "is 60x200, smaller than 64 px"
    assert reasons["bomb.png"] == "is too large to be decoded safely"
    assert reasons["audio.mkv"] == "has no video"
    assert reasons["short.mp4"] == "has 3 frames, fewer than 8"
    assert all("cannot be read" in reasons[name] for name in ("empty.png", "words.png", "torn.jpg", "torn.mp4"))
    assert any("torn.jpg: broken: cannot be read" in line for line in made.set.dropped)
    assert "all/whole" in {item.name for item in made.set.items}


def test_soft_and_compressed_pictures_are_dropped_or_reduced(source: Path, tmp_path: Path) -> None:
    picture = draw(30)
    enlarged = picture.resize((400, 336), Image.Resampling.BICUBIC)
    enlarged.save(source / "large.png")
    draw(31, (80, 72)).resize((160, 144), Image.Resampling.BICUBIC).save(source / "soft.png")
    draw(32).save(source / "coded.jpg", quality=20)
    draw(33).save(source / "good.jpg", quality=90)
    made = prepare(settings(source), tmp_path / "set")
    kinds = {file.path.name: refusal.kind for file, refusal in made.refused}
    assert kinds == {"soft.png": "soft", "coded.jpg": "compressed"}
    items = {item.name: item for item in made.set.items}
    reduced = items["all/large"]
    assert reduced.note.startswith("reduced by")
    assert 100 <= reduced.height < 336
    assert items["all/good"].note == ""


def test_nothing_of_a_validation_folder_is_trained_on(source: Path, tmp_path: Path) -> None:
    validation = tmp_path / "validation" / "text"
    validation.mkdir(parents=True)
    draw(40).save(validation / "new.png")
    shutil.copy(source / "text" / "0.png", validation / "copy.png")
    made = prepare(settings(source, validation.parent), tmp_path / "set")
    pictures = [item for item in made.set.items if item.frames == 1]
    assert {item.name for item in pictures if item.split == "val"} == {"text/new", "text/copy"}
    assert [(file.path.name, refusal.kind) for file, refusal in made.refused] == [("0.png", "duplicate")]


def test_a_validation_folder_of_pictures_leaves_clips_to_be_held_out(source: Path, tmp_path: Path) -> None:
    validation = tmp_path / "validation" / "text"
    validation.mkdir(parents=True)
    draw(40).save(validation / "new.png")
    write_clip(source / "talking_head-a.mp4", 20, seed=6)
    made = prepare(settings(source, validation.parent), tmp_path / "set")
    sides = {item.name.partition("#")[0]: set[str]() for item in made.set.items if item.frames > 1}
    for item in made.set.items:
        if item.frames > 1:
            sides[item.name.partition("#")[0]].add(item.split)
    assert sorted(map(sorted, sides.values())) == [["train"], ["val"]]


_DIE = """
import os, pickle, signal, sys
from contextlib import contextmanager
from pathlib import Path
from acutance.training.prepare.build import prepare_set

told = 0

@contextmanager
def deadly(what):
    def tell(done, total):
        global told
        told += 1
        if told == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
    yield tell

prepare_set(pickle.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2]), 1, deadly)
"""
"""A program that kills itself, as by `kill -9`, after a number of progress reports."""


@pytest.mark.parametrize("after", [4, 11])
def test_a_killed_run_resumes_to_the_same_bytes(source: Path, tmp_path: Path, after: int) -> None:
    expected = prepare(settings(source), tmp_path / "whole")
    out = tmp_path / "set"
    (tmp_path / "settings").write_bytes(pickle.dumps(settings(source)))
    child = subprocess.run([sys.executable, "-c", _DIE, tmp_path / "settings", out, str(after)], check=False)
    assert child.returncode == -signal.SIGKILL
    with pytest.raises(DataError, match="is not finished"):
        TrainingSet.open(out)
    with (out / "inspections.jsonl").open("ab") as notes:
        notes.write(b'["half a li')
    inspected = (out / "inspections.jsonl").read_bytes()
    made = prepare(settings(source), out)
    assert (out / "inspections.jsonl").read_bytes().startswith(inspected.rpartition(b"\n")[0])
    assert made.set.fingerprint == expected.set.fingerprint
    assert digests(out) == digests(tmp_path / "whole")


def test_the_number_of_processes_does_not_matter(source: Path, tmp_path: Path) -> None:
    for processes in (1, 2):
        prepare(settings(source), tmp_path / str(processes), processes)
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


def test_a_finished_set_is_not_changed(source: Path, tmp_path: Path) -> None:
    prepare(settings(source), tmp_path / "set")
    shard = next((tmp_path / "set").glob("shard-*"))
    written = shard.stat().st_mtime_ns
    prepare(settings(source), tmp_path / "set")
    assert shard.stat().st_mtime_ns == written


def test_the_fingerprint_follows_content_not_time(source: Path, tmp_path: Path) -> None:
    first = prepare(settings(source), tmp_path / "first").set.fingerprint
    os.utime(source / "text" / "0.png", (1, 1))
    assert prepare(settings(source), tmp_path / "first").set.fingerprint == first
    assert prepare(settings(source, val_share=0.5), tmp_path / "share").set.fingerprint != first
    draw(50, (131, 101)).save(source / "text" / "0.png")
    changed = prepare(settings(source), tmp_path / "first")
    assert changed.set.fingerprint != first
    assert len(list((tmp_path / "first").glob("shard-*"))) == 1


def test_another_set_is_not_overwritten(source: Path, tmp_path: Path) -> None:
    prepare(settings(source), tmp_path / "set")
    with pytest.raises(DataError, match=r"holds a set with other settings \(seed\): name another --out"):
        prepare(settings(source, seed=1), tmp_path / "set")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(DataError, match=r"holds files that are no training set"):
        prepare(settings(source), tmp_path / "mine")


def test_a_full_disk_loses_nothing(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "set"
    with monkeypatch.context() as patched:
        usage = shutil.disk_usage(tmp_path)
        patched.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
        with pytest.raises(DataError, match=r"has 0 MB left, .* free some space and run prepare again, it continues"):
            prepare(settings(source), out)
    inspected = (out / "inspections.jsonl").read_text().count("\n")
    assert inspected == 9
    prepare(settings(source), out)
    assert (out / "inspections.jsonl").read_text().count("\n") == inspected


def test_missing_training_files_are_reported(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"no picture and no clip found in .*none"):
        prepare(settings(tmp_path / "none"), tmp_path / "set")
    with pytest.raises(DataError, match=r"gone is not a folder"):
        prepare(settings(tmp_path / "gone"), tmp_path / "set")
    (tmp_path / "none" / "words.png").write_text("no picture")
    with pytest.raises(
        DataError, match=r"none of 1 files can be used for training, the first: .*words.png cannot be read"
    ):
        prepare(settings(tmp_path / "none"), tmp_path / "set")


def test_a_source_file_that_changed_is_reported(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"

    @contextmanager
    def meddling(what: str) -> Iterator[object]:
        if what == "writing shards":
            draw(60, (131, 101)).save(source / "text" / "0.png")
        yield lambda done, total: None

    with pytest.raises(DataError, match=r"0.png changed since it was inspected: run prepare again"):
        prepare_set(settings(source), out, 1, meddling)  # type: ignore[arg-type]
    assert "text/0" in {item.name for item in prepare(settings(source), out).set.items}
    assert json.loads((out / "set.json").read_text())["settings"]["seed"] == 0


def test_a_large_clip_is_reduced_only_until_it_is_crisp(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    write_clip(folder / "studio-crisp.mp4", 8, (1080, 720))
    soft = draw(6, (360, 240)).resize((1080, 720), Image.Resampling.BICUBIC)
    write_clip(folder / "studio-soft.mp4", 8, (1080, 720), picture=np.asarray(soft))
    made = prepare(settings(folder, val_share=0.0, gate=replace(GATE, smallest=96)), tmp_path / "set")
    sizes = {item.name: (item.width, item.height) for item in made.set.items}
    # A crisp clip keeps 480 lines; a soft one is crisp only at 360 lines.
    assert sizes == {"studio/studio-crisp#0": (720, 480), "studio/studio-soft#0": (540, 360)}
    assert [item.note for item in made.set.items] == ["reduced by 1.5 to be crisp", "reduced by 2 to be crisp"]
