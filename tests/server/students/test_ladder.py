"""The rungs of a server, with a GPU and with a memory."""

import numpy as np
import pytest

from acutance.model.engine import providers
from acutance.model.engine.batching import BATCHES
from acutance.model.engine.buffers import Frame
from acutance.model.engine.choice import Choice, Cost
from acutance.model.engine.engine import Engine
from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import UNCODED
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import PASS, REMEMBER
from tests.model.engine.gpu.staged import STAGED


def test_a_gpu_is_prepared_for_common_sizes_before_calls_are_admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a staged device: the first frame of a call has its CUDA graph, also in a batch and for the specialist."""
    real = providers.open_session
    monkeypatch.setitem(providers.TRAITS, "CUDA", STAGED)
    monkeypatch.setattr(providers, "open_session", lambda model, name, *more: real(model, "CPU", more[0], False))
    monkeypatch.setattr("acutance.server.students.ladder.WARM_SIZES", ((64, 48), (32, 32)))
    opened: list[Engine] = []

    def kept(engine: Engine) -> None:
        if engine.provider == "CUDA":
            opened.append(engine)

    monkeypatch.setattr("acutance.model.engine.engine.probe", kept)
    ladder = Ladder.open("nano", "auto", 1)
    assert ladder.best.provider == "CUDA"
    assert [engine.student.name for engine in opened] == ["nano", "nano-enlarged"]
    for engine in opened:
        assert engine.graphs is not None
        others = engine.graphs.others
        for count in BATCHES:
            luma = np.full((48, 64), 90, np.uint8)
            engine.sharpen_batch([Frame(luma, np.empty_like(luma), UNCODED, 1.0)] * count)
        assert engine.graphs.others == others, "each batch had a graph"


def choice(engine: Sharpener, ms: float) -> Choice:
    return Choice(engine, Cost(ms * 1e-9, ms * 2e-9), {}, {})


@pytest.mark.parametrize(("ms", "rungs"), [(6.0, [REMEMBER, PASS]), (12.0, [PASS])])
def test_the_memory_alone_is_a_rung_if_it_is_cheaper_than_every_student(
    ladder: Ladder, ms: float, rungs: list[str]
) -> None:
    student = ladder.best
    with_memory = Ladder([choice(student, 10.0)], choice(student, ms))
    assert [rung.name for rung in with_memory.rungs] == [student.student.name, *rungs]
    assert with_memory.memory is student
    assert with_memory.engine(REMEMBER) is student
    assert with_memory.engine(PASS) is None


def test_without_a_memory_no_rung_has_one(ladder: Ladder) -> None:
    assert [rung.name for rung in ladder.rungs] == [*ladder.engines, PASS]
    assert ladder.engine(REMEMBER) is None
