from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper

from acutance.model.engine import catalog, providers
from acutance.model.engine.engine import Engine, EngineError, UnsupportedSizeError
from acutance.model.hints import Hints
from acutance.model.sharpness import detail_ratio
from tests.frames import lumas, soft


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(provider="cpu")


def _write_model(file: Path, element: int, shape: list[object], strength: bool = True) -> Path:
    planes, sharpened = (helper.make_tensor_value_info(name, element, shape) for name in ("planes", "sharpened"))
    inputs = [planes, helper.make_tensor_value_info("strength", TensorProto.FLOAT, ["N", 1, 1, 1])]
    node = helper.make_node("Identity", ["planes"], ["sharpened"])
    graph = helper.make_graph([node], "identity", inputs if strength else inputs[:1], [sharpened])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)
    return file


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    file = tmp_path_factory.mktemp("models") / "identity.onnx"
    return Engine.open(_write_model(file, TensorProto.UINT8, ["N", 1, "H", "W"]), provider="cpu")


@pytest.mark.parametrize(
    "size", [(16, 16), (17, 16), (16, 17), (17, 31), (360, 640), (361, 641), (2304, 16), (4096, 2304), (2304, 4096)]
)
def test_any_size_is_returned_unchanged(identity: Engine, size: tuple[int, int]) -> None:
    luma = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    assert np.array_equal(identity.sharpen(luma), luma)


@pytest.mark.parametrize("size", [(15, 640), (360, 15), (4097, 100), (2305, 2305)])
def test_other_sizes_are_refused_by_name(engine: Engine, size: tuple[int, int]) -> None:
    with pytest.raises(UnsupportedSizeError, match=f"{size[1]}x{size[0]}"):
        engine.sharpen(np.zeros(size, np.uint8))


def test_padded_rows_give_what_packed_rows_give(engine: Engine) -> None:
    padded = np.random.default_rng(1).integers(0, 256, (90, 192), np.uint8)
    view = padded[:, :161]
    packed_result = engine.sharpen(np.ascontiguousarray(view))
    target = np.zeros((90, 256), np.uint8)
    returned = engine.sharpen(view, out=target[:, :161])
    assert np.array_equal(target[:, :161], packed_result)
    assert np.shares_memory(returned, target)
    assert not target[:, 161:].any()


def test_an_odd_size_is_sharpened_like_the_even_one_around_it(engine: Engine) -> None:
    luma = next(lumas(160, 120, 1))
    even = np.vstack([np.hstack([luma[:119, :159], luma[:119, 158:159]]), np.zeros((1, 160), np.uint8)])
    even[119] = even[118]
    assert np.array_equal(engine.sharpen(luma[:119, :159]), engine.sharpen(even)[:119, :159])


def test_switching_sizes_back_and_forth_gives_the_same_output(engine: Engine) -> None:
    frames = [next(lumas(64 + 16 * step, 48, 1)) for step in range(7)]
    first = [engine.sharpen(luma) for luma in frames]
    assert all(np.array_equal(engine.sharpen(p), f) for p, f in zip(frames, first, strict=True))


def test_a_soft_picture_becomes_closer_to_the_sharp_one(engine: Engine) -> None:
    crisp = next(lumas(320, 240, 1))
    blurred = soft(crisp)
    error_before = np.mean((blurred.astype(float) - crisp) ** 2)
    known = Hints(step=8, bits=0.1, sharpness=detail_ratio(blurred))
    error_after = np.mean((engine.sharpen(blurred, hints=known).astype(float) - crisp) ** 2)
    assert error_after < 0.9 * error_before


def test_a_sharp_picture_is_not_changed(engine: Engine) -> None:
    crisp = next(lumas(320, 240, 1))
    known = Hints(sharpness=detail_ratio(crisp))
    changed = np.mean((engine.sharpen(crisp, hints=known).astype(float) - crisp) ** 2)
    assert 10 * np.log10(255**2 / max(changed, 1e-9)) >= 45


def test_calls_from_several_threads_do_not_mix(engine: Engine) -> None:
    frames = list(lumas(96, 64, 16))
    alone = [engine.sharpen(luma) for luma in frames]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(engine.sharpen, frames))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_the_shipped_student_is_the_one_of_its_card(engine: Engine) -> None:
    assert engine.student == catalog.shipped()[catalog.DEFAULT]
    assert engine.provider == "CPU"
    assert engine.note is None


def test_auto_says_in_words_why_it_is_not_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_DEVICE_FILES", ())
    engine = Engine.open(provider="auto")
    assert engine.provider == "CPU"
    assert engine.note in (
        "CUDA: this host has no NVIDIA GPU, or no driver for it",
        "CUDA: this build of ONNX Runtime does not contain it",
    )


def test_tensorrt_asked_for_falls_to_what_runs_and_says_why_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_DEVICE_FILES", ())
    engine = Engine.open(provider="tensorrt")
    assert engine.provider == "CPU"
    assert engine.note is not None
    assert engine.note.startswith("TensorRT: ")
    assert "; CUDA: " in engine.note


def test_gpus_run_the_fp16_file_beside_a_student_and_the_cpu_never(tmp_path: Path) -> None:
    model, half = tmp_path / "large.onnx", tmp_path / "large.fp16.onnx"
    model.touch()
    assert providers.file_for(model, "CUDA") == model
    half.touch()
    assert [providers.file_for(model, name) for name in ("TensorRT", "CUDA", "CPU")] == [half, half, model]


def test_an_unknown_student_names_those_that_ship() -> None:
    with pytest.raises(EngineError, match=f"no student 'sharpest'.*{catalog.DEFAULT}"):
        Engine.open("sharpest")


def test_a_file_that_is_no_model_is_an_error_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "junk.onnx"
    file.write_bytes(b"junk")
    with pytest.raises(EngineError, match=r"junk\.onnx does not load"):
        Engine.open(file, provider="cpu")


@pytest.mark.parametrize(
    ("element", "shape"),
    [
        (TensorProto.FLOAT, ["N", 1, "H", "W"]),
        (TensorProto.UINT8, ["N", 5, "H", "W"]),
        (TensorProto.UINT8, ["N", 1, 360, 640]),
        (TensorProto.UINT8, ["H", "W"]),
    ],
)
def test_a_model_of_another_interface_is_refused(tmp_path: Path, element: int, shape: list[object]) -> None:
    with pytest.raises(EngineError, match="is not a student"):
        Engine.open(_write_model(tmp_path / "other.onnx", element, shape), provider="cpu")


def test_a_model_without_a_strength_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="is not a student"):
        Engine.open(_write_model(tmp_path / "old.onnx", TensorProto.UINT8, ["N", 1, "H", "W"], False), provider="cpu")


@pytest.mark.cuda
def test_cuda_gives_what_the_cpu_gives(engine: Engine) -> None:
    on_device = Engine.open(provider="cuda")
    if on_device.provider != "CUDA":
        pytest.skip(f"no CUDA here: {on_device.note}")
    for width, height in ((640, 360), (641, 361), (1280, 720), (640, 360)):
        luma = next(lumas(width, height, 1))
        difference = np.abs(on_device.sharpen(luma).astype(int) - engine.sharpen(luma))
        assert difference.max() <= 1


@pytest.mark.bench
@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080)], ids="{0[0]}x{0[1]}".format)
def test_time_of_a_frame(benchmark, engine: Engine, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    luma = next(lumas(*size, 1))
    benchmark(engine.sharpen, luma)


def test_a_file_that_is_not_what_its_card_describes_is_refused(tmp_path: Path) -> None:
    shipped = catalog.find("nano").file
    for suffix in (".onnx", ".json"):
        (tmp_path / "mine").with_suffix(suffix).write_bytes(shipped.with_suffix(suffix).read_bytes())
    file = tmp_path / "mine.onnx"
    Engine.open(file, provider="cpu")
    file.write_bytes(file.read_bytes()[:-64])
    with pytest.raises(EngineError, match=r"mine\.onnx is not what its card describes"):
        Engine.open(file, provider="cpu")


def test_memory_of_large_frames_is_returned() -> None:
    engine, process = Engine.open("nano", "cpu", 1), psutil.Process()
    luma = np.zeros((1080, 1920), np.uint8)
    before = process.memory_info().rss
    engine.sharpen(luma)
    used = process.memory_info().rss - before
    assert used > 64 << 20, "otherwise there is nothing to return"
    engine.release_memory()
    assert process.memory_info().rss - before < used / 2
    assert engine.sharpen(luma).shape == luma.shape, "it works on"
