"""Copies with page-locked memory: the contract with CUDA's runtime, and a stand-in that copies on the CPU."""

import ctypes
import gc
import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from acutance.model.engine.buffers import Frame
from acutance.model.engine.engine import Engine
from acutance.model.engine.gpu import cudart
from acutance.model.engine.gpu.copies import PageableCopies, PinnedCopies, copies_for, page_aligned
from acutance.model.engine.gpu.cudart import SIGNATURES, Cudart, CudartError
from acutance.model.engine.gpu.device import DEVICE
from acutance.model.engine.gpu.device_buffers import DeviceBuffers, Graphs
from acutance.model.hints import Hints
from tests.frames import lumas
from tests.model.engine.gpu.staged import Session, staged
from tests.model.engine.gpu.staged_runtime import Runtime


def test_the_library_of_the_wheel_has_the_functions_and_refuses_without_a_device() -> None:
    package = importlib.util.find_spec("nvidia")
    folders = package.submodule_search_locations if package is not None else None
    files = [file for folder in folders or () for file in Path(folder).glob("*/lib/libcudart.so.1[23]")]
    if not files:
        pytest.skip("no wheel with CUDA's runtime is installed")
    library = Cudart(ctypes.CDLL(str(files[0])))
    assert {name: function.argtypes for name, function in library._functions.items()} == SIGNATURES
    assert cudart.loaded() is not None, "found by its name once it is loaded"
    if Path("/dev/nvidiactl").exists():
        return
    array = page_aligned((4096,), np.uint8)
    with pytest.raises(CudartError, match="CUDA failure"):
        library.register(array.ctypes.data, array.nbytes)
    assert isinstance(copies_for(library, [array]), PageableCopies)


def test_ctypes_releases_the_interpreter_lock() -> None:
    """CDLL does, PyDLL does not: the loop must run while a copy is waited for."""
    assert ctypes.CDLL._func_flags_ & 0x4 == 0, "FUNCFLAG_PYTHONAPI"


@pytest.mark.parametrize(("shape", "element"), [((3, 5, 7), np.uint8), ((2, 1, 1, 1), np.float32)])
def test_arrays_begin_a_page_and_share_it_with_no_other(shape: tuple[int, ...], element: type) -> None:
    array, other = page_aligned(shape, element), page_aligned(shape, element)
    assert (array.shape, array.dtype, array.flags.c_contiguous) == (shape, np.dtype(element), True)
    assert array.ctypes.data % 4096 == 0
    assert array.ctypes.data // 4096 != other.ctypes.data // 4096
    assert not array.any()


def test_a_device_that_locks_too_little_memory_copies_from_pageable_memory() -> None:
    runtime = Runtime(most_locked=5000)
    arrays = [page_aligned((4096,), np.uint8) for _ in range(2)]
    assert isinstance(copies_for(Cudart(runtime), arrays), PageableCopies)
    assert runtime.locked == {}, "nothing stays locked"
    assert isinstance(copies_for(None, arrays), PageableCopies)
    assert isinstance(copies_for(Cudart(Runtime()), arrays), PinnedCopies)


class Separate(DeviceBuffers):
    """Buffers whose device memory is apart from the host's, as on a GPU."""

    def _value(self, array: np.ndarray) -> ort.OrtValue:
        return ort.OrtValue.ortvalue_from_numpy(array.copy())


def test_frames_go_through_locked_memory_and_come_back_the_same() -> None:
    engine, runtime = Engine.open("nano", provider="cpu", threads=1), Runtime()
    session = ort.InferenceSession(str(engine.student.file), providers=["CPUExecutionProvider"])
    buffers = Separate(session, (2, 48, 64), "cpu", Graphs(session, 0), lambda: Cudart(runtime))
    hints = Hints(step=20, sharpness=0.3)
    for luma in lumas(63, 47, 3):
        frames = [Frame(each, np.empty_like(each), hints, 0.5) for each in (luma, 255 - luma)]
        buffers.sharpen(frames)
        for frame in frames:
            assert np.array_equal(frame.out, engine.sharpen(frame.luma, None, hints, 0.5))
    buffers.close()
    assert (runtime.locked, runtime.pending) == ({}, {})


def test_an_error_of_a_copy_has_its_number() -> None:
    runtime = Runtime()
    array = page_aligned((4096,), np.uint8)
    copies = PinnedCopies(Cudart(runtime), [array])
    assert Cudart(runtime).free_memory() == runtime.most_locked - 4096
    runtime.error = 719
    with pytest.raises(CudartError, match=r"CUDA failure 719 in cudaMemcpyAsync"):
        copies.download(ort.OrtValue.ortvalue_from_numpy(array.copy()), array)
    copies.close()
    assert runtime.locked == {}


def test_a_student_that_is_dropped_unlocks_its_memory_in_the_thread_of_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Memory that is freed while it is locked could not be locked again."""
    runtime = Runtime()
    monkeypatch.setattr(cudart, "loaded", lambda: Cudart(runtime))
    monkeypatch.setattr(DeviceBuffers.__init__, "__defaults__", (cudart.loaded,))
    cpu = Engine.open("nano", provider="cpu", threads=1)
    device = staged(cpu, Session(cpu))
    for luma in lumas(48, 32, 2):
        device.sharpen(luma)
    assert len(runtime.locked) == 3
    del device
    gc.collect()
    assert len(runtime.locked) == 3, "not in the thread that happens to drop it"
    DEVICE.run(lambda: None)
    assert (runtime.locked, runtime.pending) == ({}, {})
