"""Ray is started again when it ends, with the programs beside it; here it is a small program of the test."""

import asyncio
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from acutance.server.cluster.errors import ClusterError
from acutance.server.cluster.processes import ports, programs, ray_node
from acutance.server.cluster.processes.environment import start_command
from acutance.server.cluster.processes.ports import free_ports
from acutance.server.cluster.processes.programs import Daemon, Program
from acutance.server.cluster.processes.ray_node import Place, RayNode
from tests.server.cluster.test_programs import PRINTING, children, environment
from tests.server.peers import until

BESIDE = "import time\nprint('beside', flush=True)\ntime.sleep(600)\n"
AGENT_PORTS = (
    "--dashboard-agent-grpc-port",
    "--dashboard-agent-listen-port",
    "--metrics-export-port",
    "--runtime-env-agent-port",
)


@pytest.mark.parametrize("head", [None, "10.0.0.1"])
def test_ray_waits_for_no_port_of_its_agents(head: str | None) -> None:
    """It would wait for 15 s, which do not suffice on a busy host."""
    command = start_command("10.0.0.2", head, 6379, carries=True, folder=Path("/private"))
    given = [int(command[command.index(option) + 1]) for option in AGENT_PORTS]
    assert len({*given, 6379}) == 5
    assert all(20_000 <= port < 32_000 for port in given)


def test_ports_in_use_are_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        taken = listening.getsockname()[1]
        monkeypatch.setattr(ports, "_PORTS", range(taken, taken + 1))
        with pytest.raises(ClusterError, match="are free"):
            free_ports(1, without=1)


def test_ports_are_not_given_twice_before_a_program_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_PORTS", range(20_000, 20_040))
    monkeypatch.setattr(ports, "_given", deque(maxlen=200))
    given = [port for _ in range(5) for port in free_ports(4, without=1)]
    assert len(set(given)) == 20


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RayNode:
    for module in (programs, ray_node):
        monkeypatch.setattr(module, "_PAUSE_S", 0.01)
    (tmp_path / "beside.py").write_text(BESIDE)
    beside = Program("beside", [], environment() | {"PYTHONPATH": str(tmp_path)})

    async def start(command: Sequence[str], variables: Mapping[str, str], sign: str) -> Daemon:
        return await Daemon.start([sys.executable, "-c", PRINTING], variables, "ready")

    return RayNode(Place("10.0.0.1", None, carries=False), 6379, environment(), [beside], start)


async def test_ray_is_started_again_and_the_programs_beside_it_after_it(node: RayNode) -> None:
    await node.start()
    try:
        await until(lambda: children("beside"))
        (first,), (beside,) = children(PRINTING), children("beside")
        os.kill(first.pid, signal.SIGKILL)
        await until(lambda: children(PRINTING) and children(PRINTING) != [first] and not beside.is_running())
        await until(lambda: children("beside"))
    finally:
        await node.stop_keeping()
        await node.end()
    assert not children(PRINTING) + children("beside")


async def test_ray_that_does_not_start_again_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ray_node, "_PAUSE_S", 0.01)
    starts = 0

    async def start(command: Sequence[str], variables: Mapping[str, str], sign: str) -> Daemon:
        nonlocal starts
        starts += 1
        if starts in (2, 3):
            raise ChildProcessError("no route to the head")
        return await Daemon.start([sys.executable, "-c", "print('ready', flush=True)"], variables, "ready")

    node = RayNode(Place("10.0.0.2", "10.0.0.1", carries=True), 6379, environment(), (), start)
    await node.start()
    await until(lambda: starts >= 4)
    await node.stop_keeping()
    await node.end()
    assert caplog.text.count("no route to the head") == 2


async def test_a_first_start_that_is_only_slow_is_tried_again() -> None:
    answers = iter([ChildProcessError("The current node timed out during startup."), ChildProcessError("no disk")])

    async def start(command: Sequence[str], variables: Mapping[str, str], sign: str) -> Daemon:
        raise next(answers)

    node = RayNode(Place("10.0.0.1", None, carries=True), 6379, environment(), (), start)
    with pytest.raises(ClusterError, match="no disk"):
        await node.start()
    await asyncio.gather(node.stop_keeping(), node.end())


@pytest.mark.parametrize(("head", "seconds"), [(None, "0"), ("10.0.0.1", "10")])
async def test_a_head_does_not_wait_at_its_end_for_what_never_ends(head: str | None, seconds: str) -> None:
    given: list[str] = []

    async def start(command: Sequence[str], variables: Mapping[str, str], sign: str) -> Daemon:
        given.append(variables["RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"])
        return await Daemon.start([sys.executable, "-c", PRINTING], variables, "ready")

    node = RayNode(Place("10.0.0.2", head, carries=True), 6379, environment(), (), start)
    await node.start()
    await node.stop_keeping()
    await node.end()
    assert given == [seconds]
