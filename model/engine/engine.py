"""The engine runs one student: a luma plane in, a sharpened one out; with colour, chroma too."""

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from acutance.model.engine import catalog, parity, providers
from acutance.model.engine.batching import BATCHES, Collector
from acutance.model.engine.buffers import BatchShape, Frame, FrameBuffers, InputLayout
from acutance.model.engine.gpu.device import DEVICE
from acutance.model.engine.gpu.errors import Failure, classify
from acutance.model.engine.openvino_runtime import OpenVino
from acutance.model.engine.pool import BufferPool
from acutance.model.engine.runtime import SMALLEST, OnnxRuntime, Runtime
from acutance.model.engine.student_file import EngineError as EngineError
from acutance.model.engine.student_file import check_interface, find
from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Chroma, Plane, Size
from acutance.model.processors import usable_threads

log = logging.getLogger(__name__)

LARGEST_SIDES = (4096, 2304)


class UnsupportedSizeError(ValueError):
    """A plane is smaller than 16x16 or larger than 4096x2304, in either orientation."""


class Engine:
    """One student on one provider. ``sharpen`` may be called from several threads at once.

    Attributes:
        student: the student that it runs.
        provider: a key of `providers.TRAITS`, such as ``CUDA``, ``CPU`` or ``OpenVINO``.
        note: why no better provider is used, in one sentence; None if this is the best one.
        at_once: useful number of simultaneous calls of ``sharpen``.
        graphs: the CUDA graphs of its session; None in a library without any.
    """

    def __init__(
        self,
        student: catalog.Student,
        runtime: Runtime,
        provider: str,
        note: str | None,
        traits: providers.ProviderTraits,
    ):
        self.student = student
        self.provider = provider
        self.note = note
        self.at_once = traits.at_once
        self.graphs = runtime.graphs
        self._runtime = runtime
        self._traits = traits
        self._collector = Collector(self._run) if traits.batched else None
        self._pool = BufferPool(lambda shape: runtime.buffers(shape), traits.memory)
        # Kept until the process ends: on a device that has failed, releasing a graph may end the process.
        self._failed: list[FrameBuffers] = []

    def __del__(self) -> None:
        # Closing a session frees memory of the device, which would end a capture of another student.
        traits = getattr(self, "_traits", None)
        if traits is not None and traits.staged:
            DEVICE.discard((self._pool, self._runtime))

    @classmethod
    def open(
        cls,
        student: str | Path = catalog.DEFAULT,
        provider: providers.Request = "auto",
        threads: int = 0,
        graphs: bool = True,
    ) -> Self:
        """Open a student and check it with some small planes.

        Args:
            student: a name of the catalogue or the path of an ONNX file, see `acutance.model.nets.export.to_onnx`.
            provider: ``auto`` (CUDA, else CPU), ``tensorrt``, ``cuda``, ``cpu``, ``openvino`` or ``openvino-bf16``. If
                one does not run here, the next one of `providers.LADDER` is used; ``note`` says why.
            threads: CPU threads of one inference; 0 for half of the usable processors, because the others decode
                and encode, and a thread without a processor delays the whole inference.
            graphs: whether to use CUDA graphs where they work.

        Raises:
            EngineError: there is no such student, or its file does not have the interface of a student.
        """
        found = find(student)
        failures: dict[str, str] = {}
        for name in providers.LADDER[provider]:
            traits = providers.TRAITS[name]
            if traits.staged and DEVICE.lost is not None:
                failures[name] = DEVICE.lost
                continue
            # A GPU on which graphs cannot be captured may still compute.
            without, failure = None, ""
            for allowed in (traits.graphs, 0) if traits.graphs and graphs else (0,):
                try:
                    note = "; ".join(filter(None, [_summary(failures), without]))
                    engine = cls._open_on(found, name, threads, replace(traits, graphs=allowed), note or None)
                except providers.ProviderError as error:
                    failure = str(error)
                    if allowed:
                        without = f"{name} runs without CUDA graphs: {failure}"
                    continue
                if without is not None:
                    log.warning("%s", without)
                return engine
            failures[name] = failure
        raise EngineError(f"cannot open the student: {found.file} does not load. {_summary(failures)}")

    @classmethod
    def open_on(
        cls, student: str | Path, name: str, threads: int, note: str | None = None, *, graphs: bool = True
    ) -> Self:
        """Open a student on one provider.

        Args:
            student: see `open`.
            name: a key of `providers.TRAITS`.
            threads: see `open`.
            note: why no better provider is used.
            graphs: whether a GPU captures CUDA graphs.

        Raises:
            EngineError: there is no such student, or its file does not have the interface of a student.
            ProviderError: the provider does not run here, or not with the results of ONNX Runtime.
        """
        traits = providers.TRAITS[name]
        return cls._open_on(find(student), name, threads, traits if graphs else replace(traits, graphs=0), note)

    @classmethod
    def _open_on(
        cls, student: catalog.Student, name: str, threads: int, traits: providers.ProviderTraits, note: str | None
    ) -> Self:
        threads = threads or max(1, usable_threads() // 2)
        onnx_provider = "CPU" if name in providers.OPENVINO else name
        # Opening takes longer than a capture waits.
        with DEVICE.lock.shared(long=True) if traits.staged else nullcontext():
            session = providers.open_session(
                student.file, onnx_provider, providers.session_options(threads), traits.graphs > 0
            )
        check_interface(student.file, session)
        engine = reference = cls(student, OnnxRuntime(session, traits), onnx_provider, note, traits)
        if name in providers.OPENVINO:
            engine = cls(student, OpenVino(student.file, name, threads, InputLayout.of(session)), name, note, traits)
        try:
            probe(engine)
            if traits.staged:
                reference = cls._open_on(student, "CPU", threads, providers.TRAITS["CPU"], None)
            refusal_reason = None
            if engine is not reference:
                refusal_reason = parity.refusal_reason(engine, reference, gate=student.takes_plate)
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise providers.ProviderError(f"it opens, but does not run: {providers.first_line(error)}") from error
        if refusal_reason is not None:
            raise providers.ProviderError(refusal_reason)
        return engine

    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = UNCODED,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane:
        """Sharpen a plane and return the result.

        Args:
            luma: uint8 [H, W] of any row stride, 16x16 to 4096x2304 in either orientation; sides may be odd.
            out: uint8 [H, W] of any row stride for the result; None to allocate it.
            hints: hints of the frame; ignored by a student that takes none.
            strength: factor of the correction: 0 none, 1 as trained.
            plate: what is remembered, of the size of ``luma``; None for a frame without a plate; ignored by a student
                that takes none.
            chroma: U and V of the frame, of any row strides: a student with colour corrects them in place, others leave
                them as they are; None for a grey frame.

        Returns:
            uint8 [H, W]: ``out`` if it was given.

        Raises:
            UnsupportedSizeError: the plane is too small or too large.
        """
        height, width = luma.shape
        if min(height, width) < SMALLEST or not _fits(height, width):
            raise UnsupportedSizeError(
                f"a frame of {width}x{height} is outside {SMALLEST}x{SMALLEST} to {LARGEST_SIDES[0]}x{LARGEST_SIDES[1]}"
            )
        if out is None:
            out = np.empty_like(luma, order="C")
        size = self._padded(height, width)
        frame = Frame(luma, out, hints, strength, plate, chroma)
        if self._collector is None:
            self._run(size, [frame])
        else:
            self._collector.submit(size, frame)
        return out

    def sharpen_batch(self, frames: Sequence[Frame]) -> None:
        """Sharpen frames of one size in one batch, without waiting for others.

        Args:
            frames: 1, 2, 4 or 8 frames; 1 on a provider that is not batched.

        Raises:
            Exception: an error of ONNX Runtime.
        """
        height, width = frames[0].luma.shape
        self._run(self._padded(height, width), frames)

    def release_memory(self) -> None:
        """Return unused memory to the operating system, see `Runtime.release_memory`."""
        if self._traits.staged:
            return
        self._pool.clear()
        self._runtime.release_memory()

    def warm_up(self, sizes: Sequence[Size]) -> None:
        """Plan and capture what frames of these sizes need on a device, for each number of frames in a batch.

        Otherwise the first frames of a size take longer, and TensorRT builds its engines in a call. On the CPU there is
        nothing to do.

        Args:
            sizes: width and height of frames.

        Raises:
            Exception: any error of `sharpen`.
        """
        if not self._traits.staged:
            return
        for width, height in sizes:
            luma = np.zeros((height, width), np.uint8)
            frame = Frame(luma, np.empty_like(luma), UNCODED, 1.0)
            for count in BATCHES if self._traits.batched else (1,):
                self.sharpen_batch([frame] * count)

    def _padded(self, height: int, width: int) -> tuple[int, int]:
        # The grid needs whole cells: odd sizes are padded to the next multiple.
        grid = self.student.grid
        return -(-height // grid) * grid, -(-width // grid) * grid

    def _run(self, size: tuple[int, int], frames: Sequence[Frame]) -> None:
        shape: BatchShape = (len(frames), *size)
        buffers = self._pool.take(shape)
        try:
            buffers.sharpen(frames)
        except Exception as error:
            # They are not used again: their contents are undefined.
            if self._traits.staged and classify(error) is not Failure.OUT_OF_MEMORY:
                self._failed.append(buffers)
            else:
                buffers.close()
            raise
        self._pool.give_back(shape, buffers)


def _summary(failures: dict[str, str]) -> str:
    """Return why each provider does not run; one that repeats the reason of the one before is left out."""
    said: dict[str, str] = {}
    for name, why in failures.items():
        if not (name == "CUDA fp32" and said.get("CUDA") == why):
            said[name] = why
    return "; ".join(f"{name}: {why}" for name, why in said.items())


def probe(engine: Engine) -> None:
    """Check that results depend only on the input: a captured graph may reuse an earlier input.

    Raises:
        RuntimeError: they do not.
        Exception: any error of `Engine.sharpen`.
    """
    one, other = np.random.default_rng(0).integers(0, 256, (2, SMALLEST, SMALLEST), np.uint8)
    first, second, again = (engine.sharpen(luma).astype(np.int16) for luma in (one, other, one))
    if np.abs(first - again).max() > 1 or np.array_equal(first, second):
        raise RuntimeError("its results do not depend on its input alone")


def _fits(height: int, width: int) -> bool:
    return max(height, width) <= LARGEST_SIDES[0] and min(height, width) <= LARGEST_SIDES[1]
