"""Failover during calls: if a device or OpenVINO fails, ONNX Runtime on the CPU takes over, and it is retried later."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from acutance.model.engine.engine import Engine, UnsupportedSizeError
from acutance.model.engine.gpu.device import DEVICE, Device
from acutance.model.engine.gpu.errors import Failure, diagnose
from acutance.model.engine.providers import TRAITS, Request, first_line
from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Chroma, Plane, Size

log = logging.getLogger(__name__)

_FIRST_RETRY_S, _LONGEST_RETRY_S = 5.0, 300.0
# Engines that have failed, until the process ends: ONNX Runtime destroys a session's graphs in a destructor, and if a
# lost device refuses that, the process ends (CudaGraphSet, microsoft/onnxruntime#32081).
_kept: list[Engine] = []


class FailoverEngine:
    """An engine that loses no frame when its device fails.

    The frame on which the device failed is sharpened on the CPU. The device is reopened in a separate thread after
    5 s, then after 10 s, 20 s and so on up to 5 minutes; no frame waits for that. After some errors of CUDA no call of
    the process can succeed: then the device is not reopened, and `Device.lost` has the reason, for `/health`.

    Attributes:
        student: the student that it runs.
        at_once: how many calls of ``sharpen`` at the same time are useful.
    """

    def __init__(
        self,
        preferred: Engine,
        reopen: Callable[[], Engine],
        open_spare: Callable[[], Engine],
        clock: Callable[[], float] = monotonic,
        device: Device = DEVICE,
    ):
        """Start with the preferred engine.

        Args:
            preferred: the engine on the best provider that runs here.
            reopen: opens the student again on the best provider.
            open_spare: opens the student on the CPU.
            clock: monotonic time in seconds.
            device: the GPU of the process.
        """
        self.student = preferred.student
        self.at_once = preferred.at_once
        self._wanted = preferred.provider
        self._preferred: Engine | None = preferred
        self._spare: Engine | None = None
        # Limits simultaneous calls, because a device allows more of them than the CPU.
        self._turns: threading.BoundedSemaphore | None = None
        self._reopen = reopen
        self._open_spare = open_spare
        self._clock = clock
        self._device = device
        self._failure: str | None = None
        self._sizes: Sequence[Size] = ()
        self._wait = _FIRST_RETRY_S
        self._retry_at = 0.0
        self._retry: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def provider(self) -> str:
        """Where the next frame runs: such as ``CUDA`` or ``CPU``, see `providers.TRAITS`."""
        return "CPU" if self._preferred is None else self._preferred.provider

    @property
    def note(self) -> str | None:
        """Why no better provider is used, in one sentence; None if the best one is."""
        return self._failure if self._preferred is None else self._preferred.note

    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = UNCODED,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane:
        """Sharpen as `Engine.sharpen` does.

        Raises:
            UnsupportedSizeError: the plane is too small or too large.
            Exception: an error of ONNX Runtime, if the CPU fails as well.
        """
        preferred = self._preferred
        if preferred is not None:
            try:
                return preferred.sharpen(luma, out, hints, strength, plate, chroma)
            except UnsupportedSizeError:
                raise
            except Exception as error:  # ONNX Runtime's errors share no base class
                self._fail(preferred, error)
        else:
            self._try_again()
        spare, turns = self._on_spare()
        with turns:
            return spare.sharpen(luma, out, hints, strength, plate, chroma)

    def warm_up(self, sizes: Sequence[Size]) -> None:
        """Prepare the device for frames of these sizes, see `Engine.warm_up`; if it fails, the CPU takes over."""
        preferred, self._sizes = self._preferred, sizes
        if preferred is None:
            return
        try:
            preferred.warm_up(sizes)
        except Exception as error:  # ONNX Runtime's errors share no base class
            self._fail(preferred, error)

    def release_memory(self) -> None:
        """Return memory that no call is using to the system, as `Engine.release_memory` does."""
        for engine in (self._preferred, self._spare):
            if engine is not None:
                engine.release_memory()

    def _fail(self, failed: Engine, error: Exception) -> None:
        with self._lock:
            if self._preferred is not failed:
                return  # another frame has failed at the same time
            self._preferred = None
            kind = self._kind(failed, error)
            if kind is Failure.STICKY:
                self._failure = (
                    f"{self._wanted} failed in a call ({_short(error)}); CUDA does not recover in a running "
                    "process: restart the server"
                )
                self._device.lost = self._failure
            else:
                self._failure = (
                    f"{self._wanted} failed in a call ({type(error).__name__}) and is tried again at intervals"
                )
            if kind is not Failure.OUT_OF_MEMORY:
                # Only a device without memory needs what it holds.
                _kept.append(failed)
            self._retry_at = self._clock() + self._wait
        log.warning("%s failed; the CPU takes over", self._wanted, exc_info=error)

    def _kind(self, failed: Engine, error: Exception) -> Failure:
        if not TRAITS[failed.provider].staged:
            return Failure.OTHER
        with self._device.lock.shared():
            return diagnose(error)

    def _on_spare(self) -> tuple[Engine, threading.BoundedSemaphore]:
        with self._lock:
            if self._spare is None or self._turns is None:
                self._spare = self._open_spare()
                self._turns = threading.BoundedSemaphore(self._spare.at_once)
            return self._spare, self._turns

    def _try_again(self) -> None:
        if self._device.lost is not None and TRAITS[self._wanted].staged:
            return
        with self._lock:
            if self._clock() < self._retry_at or (self._retry is not None and self._retry.is_alive()):
                return
            self._retry = threading.Thread(target=self._reopened, name="reopen", daemon=True)
            self._retry.start()

    def _reopened(self) -> None:
        try:
            if TRAITS[self._wanted].staged:
                self._device.run(self._device.release_discarded)
            engine = self._reopen()
            if self._sizes:
                engine.warm_up(self._sizes)
        except Exception as error:
            log.info("%s does not open yet: %s", self._wanted, error)
            engine = None
        with self._lock:
            self._wait = min(2 * self._wait, _LONGEST_RETRY_S)
            if engine is None or engine.provider != self._wanted:
                self._retry_at = self._clock() + self._wait
                return
            self._preferred, self._failure = engine, None
        log.info("%s works again", engine.provider)

    def join(self) -> None:
        """Wait for a running attempt to open the device."""
        if self._retry is not None:
            self._retry.join()


def _short(error: Exception) -> str:
    # ONNX Runtime adds the name of the host and of its source file.
    return first_line(error).split(" ; ")[0]


def open_engine(student: str | Path, provider: Request, threads: int) -> Sharpener:
    """Open a student as `Engine.open` does; where it may fail in a call, with ONNX Runtime on the CPU as a fallback.

    Raises:
        EngineError: there is no such student, or its file does not have the interface of a student.
    """
    engine = Engine.open(student, provider, threads)
    # It is reopened without CUDA graphs, because they may have caused the failure.
    return _with_fallback(engine, threads, lambda: Engine.open(student, provider, threads, graphs=False))


def open_engine_on(student: str | Path, name: str, threads: int, note: str | None = None) -> Sharpener:
    """Open a student as `Engine.open_on` does, with the same fallback as `open_engine`.

    Raises:
        EngineError: there is no such student, or its file does not have the interface of a student.
        ProviderError: the provider does not run here, or not with the results of ONNX Runtime.
    """
    engine = Engine.open_on(student, name, threads, note)
    return _with_fallback(engine, threads, lambda: Engine.open_on(student, name, threads, note))


def _with_fallback(engine: Engine, threads: int, reopen: Callable[[], Engine]) -> Sharpener:
    if engine.provider == "CPU":
        return engine
    return FailoverEngine(engine, reopen, lambda: Engine.open(engine.student.file, "cpu", threads))
