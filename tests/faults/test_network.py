"""Networks with loss, jitter or an outage: frames arrive again within two seconds of the network's recovery."""

import asyncio
import random
from collections.abc import AsyncIterator
from time import monotonic

import pytest

from acutance.model.engine.engine import Engine
from tests.faults.conftest import Scene, Stage
from tests.faults.witness import Witness
from tests.server.impaired_network import ImpairedCall

_BACK_WITHIN_S = 2.0


class _Caller(ImpairedCall):
    peer: Witness


@pytest.fixture
async def scene(stage: Stage, engine: Engine) -> Scene:
    return await stage(engine)


@pytest.fixture
async def caller(scene: Scene) -> AsyncIterator[_Caller]:
    caller = _Caller(await scene.call())
    await caller.peer.sees(15)
    yield caller
    await caller.close()


async def test_a_fifth_of_all_packets_lost(scene: Scene, caller: _Caller) -> None:
    dice = random.Random(3)
    with scene.nobody_else_notices():
        begun = monotonic()
        caller.network.loses = lambda *_: dice.random() < 0.2
        await asyncio.sleep(5)
        caller.network.loses = lambda *_: False
        assert await caller.seconds_until_news() < _BACK_WITHIN_S
    assert caller.network.lost > 20
    assert caller.peer.longest_gap(begun) < _BACK_WITHIN_S, "nor does it freeze meanwhile"


async def test_packets_up_to_300_ms_late_in_any_order(scene: Scene, caller: _Caller) -> None:
    dice = random.Random(4)
    with scene.nobody_else_notices():
        begun = monotonic()
        caller.network.jitter = lambda: dice.uniform(0, 0.3)
        await asyncio.sleep(5)
        caller.network.jitter = lambda: 0.0
        assert await caller.seconds_until_news() < _BACK_WITHIN_S
    assert caller.peer.longest_gap(begun) < _BACK_WITHIN_S, "nor does it freeze meanwhile"


async def test_an_outage_of_ten_seconds(scene: Scene, caller: _Caller) -> None:
    with scene.nobody_else_notices():
        caller.network.loses = lambda *_: True
        await asyncio.sleep(10)
        caller.network.loses = lambda *_: False
        assert await caller.seconds_until_news() < _BACK_WITHIN_S
    assert caller.peer.ended is None
