"""Buffers in the memory of a device, and the CUDA graphs that are captured for them."""

import logging
import threading
from collections.abc import Callable

import onnxruntime as ort

from acutance.model.engine.buffers import BatchShape, HostBuffers
from acutance.model.engine.gpu import cudart
from acutance.model.engine.gpu.copies import Array, copies_for
from acutance.model.engine.gpu.device import DEVICE
from acutance.model.planes import Plane

log = logging.getLogger(__name__)

NO_GRAPH = -1
"""Value of ONNX Runtime's run option ``gpu_graph_id`` for a run without a CUDA graph."""
_GRAPH_BYTES = 1 << 20
# An estimate that also bounds the number of graphs: nodes of a student, with their parameters, on host and device.


class Graphs:
    """The numbers of the CUDA graphs of one session.

    A graph has fixed addresses, so it belongs to one set of buffers. When these are dropped, the graph is released and
    its number is used again. ONNX Runtime before 1.31 cannot release graphs: there a number is used once, and after
    ``most`` numbers further buffers have no graph.

    Attributes:
        replays: number of batches that ran with a graph.
        others: number of batches that ran without one, the first one of each set of buffers included.
    """

    def __init__(self, session: ort.InferenceSession, most: int):
        """Start without a graph.

        Args:
            session: the session that captures the graphs.
            most: maximum number of graphs that exist at the same time; 0 for none.
        """
        self.replays = self.others = 0
        self._session = session
        self._most = most
        self._used = 0
        self._free: list[int] = []
        self._lock = threading.Lock()
        self._exhausted = False

    def take(self) -> int:
        """Return a number for new buffers, or `NO_GRAPH`."""
        with self._lock:
            if self._free:
                return self._free.pop()
            if self._used < self._most:
                self._used += 1
                return self._used
            if self._most and not self._exhausted:
                self._exhausted = True
                log.warning("no CUDA graph is left for a further size; its frames take longer")
            return NO_GRAPH

    def give_back(self, number: int, captured: bool) -> None:
        """Release the graph with this number; an error of the device is logged, not raised."""
        if number == NO_GRAPH:
            return
        if captured:
            release = getattr(self._session, "release_captured_graph", None)
            if release is None:
                return
            try:
                DEVICE.run(lambda: _gated(release, number))
            except Exception as error:  # ONNX Runtime's errors share no base class
                log.info("a CUDA graph was not released: %s", error)
                return
        with self._lock:
            self._free.append(number)


class DeviceBuffers(HostBuffers):
    """Buffers for a provider with its own memory: the same addresses for every frame, as CUDA graphs require.

    Frames are copied from and to page-locked memory on a stream of these buffers, while other batches compute; where
    CUDA's runtime is not reachable, from and to pageable memory, which holds the interpreter lock.

    Attributes:
        captured: whether a graph is replayed.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        shape: BatchShape,
        place: str,
        graphs: Graphs,
        runtime: Callable[[], cudart.Cudart | None] = cudart.loaded,
    ):
        """Make buffers for a batch.

        Args:
            session: session of a student.
            shape: number of frames, height and width.
            place: ONNX Runtime's name of the memory, such as ``cuda``.
            graphs: the graphs of the session.
            runtime: returns CUDA's runtime, or None for pageable copies.
        """
        self._place = place
        with DEVICE.lock.shared():
            super().__init__(session, shape)
            self._copies = copies_for(runtime(), [*self._inputs, self._result])
        self._graphs = graphs
        self._number = graphs.take()
        self._once, self._replay = _with_graph(NO_GRAPH), _with_graph(self._number)
        self.captured = False
        self.size += _GRAPH_BYTES if self._number != NO_GRAPH else 0

    def close(self) -> None:
        """Release the graph and unlock the host arrays."""
        self._graphs.give_back(self._number, self.captured)
        self._number = NO_GRAPH
        with DEVICE.lock.shared():
            self._copies.close()

    def _value(self, array: Array) -> ort.OrtValue:
        return ort.OrtValue.ortvalue_from_numpy(array, self._place, 0)

    def _compute(self) -> Plane:
        with DEVICE.lock.shared():
            self._copies.upload(list(zip(self._values, self._inputs, strict=True)))
        DEVICE.run(self._launch)
        with DEVICE.lock.shared():
            result: Plane = self._copies.download(self._result_value, self._result)
        return result

    def _launch(self) -> None:
        if self.captured:
            self._session.run_with_iobinding(self._binding, self._replay)
            self._graphs.replays += 1
            return
        # Outside of the gate: cuDNN plans, and ONNX Runtime allocates. Its convolutions keep the plan of the last shape
        # only, so the capture follows at once, in the only thread that launches.
        self._session.run_with_iobinding(self._binding, self._once)
        self._graphs.others += 1
        if self._number == NO_GRAPH:
            return
        with DEVICE.lock.exclusive() as alone:
            if alone:
                self._session.run_with_iobinding(self._binding, self._replay)
                self.captured = True


def _gated(call: Callable[[int], None], number: int) -> None:
    with DEVICE.lock.shared():
        call(number)


def _with_graph(number: int) -> ort.RunOptions:
    options = ort.RunOptions()
    options.add_run_config_entry("gpu_graph_id", str(number))
    return options
