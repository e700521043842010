"""A staged device: ONNX Runtime on the CPU with the rules of CUDA graphs, so that tests need no GPU."""

from dataclasses import replace

import onnxruntime as ort

from acutance.model.engine import providers
from acutance.model.engine.engine import Engine
from acutance.model.engine.gpu.device_buffers import NO_GRAPH
from acutance.model.engine.runtime import OnnxRuntime

STAGED = replace(providers.TRAITS["CUDA"], place="cpu")
LOST = "CUDA failure 719: unspecified launch failure"


class Session:
    """A session that keeps graphs by number, records its runs, and loses its device on request.

    Attributes:
        graphs: the number of the graph of each run, or `NO_GRAPH`.
        captured: the binding of each graph that exists: its addresses.
        stale: whether a graph was replayed with other addresses than those that it was captured with.
        failing: the error of each run, or None.
    """

    def __init__(self, real: Engine) -> None:
        self._real = ort.InferenceSession(str(real.student.file), providers=["CPUExecutionProvider"])
        self.graphs: list[int] = []
        self.captured: dict[int, ort.IOBinding] = {}
        self.stale = False
        self.failing: str | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def run_with_iobinding(self, binding: ort.IOBinding, options: ort.RunOptions) -> None:
        graph = int(options.get_run_config_entry("gpu_graph_id"))
        self.graphs.append(graph)
        if self.failing is not None:
            raise RuntimeError(self.failing)
        if graph != NO_GRAPH:
            self.stale = self.stale or self.captured.setdefault(graph, binding) is not binding
        self._real.run_with_iobinding(binding, options)

    def release_captured_graph(self, number: int) -> None:
        del self.captured[number]


def staged(engine: Engine, session: Session, traits: providers.ProviderTraits = STAGED) -> Engine:
    """An engine that takes the staged device for CUDA."""
    return Engine(engine.student, OnnxRuntime(session, traits), "CUDA", None, traits)  # type: ignore[arg-type]
