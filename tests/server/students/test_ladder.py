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
from acutance.model.memory.rehearsal import PlateCost
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import PASS, REMEMBER, Recalls
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


PLATE = PlateCost(Cost(2e-9, 3e-9), Cost(10e-9, 15e-9))


def test_frames_of_which_something_is_remembered_have_rungs_with_and_without_alignment(ladder: Ladder) -> None:
    student = ladder.best
    with_memory = Ladder([choice(student, 10.0)], choice(student, 6.0), PLATE)
    assert [rung.name for rung in with_memory.rungs] == ["small", PASS]
    rungs = with_memory.recalling(with_memory.rungs)
    names = ["small + memory", REMEMBER, "small + memory, not aligned", "memory, not aligned", "small", PASS]
    assert [rung.name for rung in rungs] == names
    assert [rung.student for rung in rungs[:5]] == ["small", None, "small", None, "small"]
    assert rungs[0].seconds_per_pixel == pytest.approx(26e-9)
    assert rungs[2].cpu_per_pixel == pytest.approx(35e-9)
    assert rungs[1].recalls is Recalls.ALIGNED
    assert with_memory.engine_of(rungs[1]) is with_memory.memory is student
    assert with_memory.engine_of(rungs[-1]) is None
    assert with_memory.recalling(rungs[-1:]) == [], "a session that chose pass-through recalls nothing"


def test_without_a_memory_no_rung_has_one(ladder: Ladder) -> None:
    assert [rung.name for rung in ladder.rungs] == [*ladder.engines, PASS]
    assert ladder.engine(REMEMBER) is None
    assert ladder.recalling(ladder.rungs) == []


def test_the_memory_takes_as_many_threads_for_a_frame_as_an_inference(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    monkeypatch.setattr("cv2.setNumThreads", taken.append)
    ladder = Ladder.open("nano", "cpu", 3, memory=True)
    assert taken == [3]
    names = [rung.name for rung in ladder.recalling(ladder.rungs)]
    assert names[:3] == ["nano + memory", REMEMBER, "nano + memory, not aligned"]
    assert all(rung.seconds_per_pixel > 0 for rung in ladder.recalling(ladder.rungs)[:-1]), "it was measured"
