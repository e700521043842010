"""Graphs and buffers on a staged device: every shape keeps its graph, and memory does not grow."""

import random
from dataclasses import replace

import numpy as np
import pytest

from acutance.model.engine.batching import BATCHES
from acutance.model.engine.buffers import Frame
from acutance.model.engine.engine import Engine
from acutance.model.engine.gpu.device_buffers import NO_GRAPH
from acutance.model.hints import UNCODED
from tests.model.engine.gpu.staged import STAGED, Session, staged

SIZES = [(height, width) for height in (16, 24, 32) for width in (16, 32, 48)]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open("nano", provider="cpu", threads=1)


def batch(size: tuple[int, int], count: int) -> list[Frame]:
    luma = np.full(size, 90, np.uint8)
    return [Frame(luma, np.empty_like(luma), UNCODED, 1.0)] * count


def test_nine_sizes_in_four_counts_in_random_order_all_run_with_graphs(engine: Engine) -> None:
    session = Session(engine)
    device = staged(engine, session)
    order = random.Random(0)
    with_graph, sizes = [], []
    for _ in range(2000):
        device._run(size := order.choice(SIZES), batch(size, order.choice(BATCHES)))
        with_graph.append(session.graphs[-1] != NO_GRAPH)
        sizes.append((device._pool.size, len(session.captured)))
    assert np.mean(with_graph[100:]) >= 0.99
    assert sizes[-1] == sizes[len(sizes) // 2], "memory is flat"
    assert sizes[-1][1] <= len(SIZES) * len(BATCHES)
    assert not session.stale


def test_buffers_beyond_the_limit_are_dropped_with_their_graphs_and_these_numbers_are_used_again(
    engine: Engine,
) -> None:
    session = Session(engine)
    device = staged(engine, session, replace(STAGED, memory=4 << 20, graphs=6))
    for turn in range(40):
        size = SIZES[turn % len(SIZES)]
        device._run(size, batch(size, 1))
        assert device._pool.size <= 4 << 20
    assert len(session.captured) <= 4
    assert session.graphs[-1] != NO_GRAPH
    assert max(session.graphs) <= 6
    assert not session.stale


def test_a_runtime_that_cannot_release_graphs_goes_on_without_further_ones(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    class Older(Session):
        release_captured_graph = None

    session = Older(engine)
    device = staged(engine, session, replace(STAGED, memory=2 << 20, graphs=3))
    for turn in range(12):
        size = SIZES[turn % 6]
        device._run(size, batch(size, 1))
    assert set(session.graphs) == {NO_GRAPH, 1, 2, 3}
    assert not session.stale
    assert len([record for record in caplog.records if "no CUDA graph is left" in record.message]) == 1


def test_after_warming_up_every_frame_has_a_graph(engine: Engine) -> None:
    session = Session(engine)
    device = staged(engine, session)
    device.warm_up([(48, 32), (33, 17)])
    assert sorted(session.captured) == list(range(1, 9))
    session.graphs.clear()
    for size in ((32, 48), (18, 34)):
        for count in BATCHES:
            device._run(size, batch(size, count))
    assert NO_GRAPH not in session.graphs


def test_there_is_nothing_to_warm_up_on_the_cpu(engine: Engine) -> None:
    before = engine._pool.size
    engine.warm_up([(4096, 2304)])
    assert engine._pool.size == before
