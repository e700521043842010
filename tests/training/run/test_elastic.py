"""Runs whose processes torchrun starts, and starts again after one of them was killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch

from acutance.training.checkpoints.checkpoint import load_network
from acutance.training.checkpoints.run_record import Checkpoint
from acutance.training.data.pictures import DataError
from acutance.training.run.devices import shape
from tests.training.run.test_runs import PROGRAM, write_recipe
from tests.training.sets import write_set

STEPS, SAVED = 240, 5
UNDER_TORCHRUN = {"TORCHELASTIC_RUN_ID": "x", "LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "6"}


def test_torchrun_decides_the_numbers_of_processes_and_hosts() -> None:
    assert shape(4, 2, {}) == (4, 2)
    assert shape(1, 1, UNDER_TORCHRUN | {"TORCHELASTIC_USE_AGENT_STORE": "False"}) == (2, 3)


def test_a_store_that_would_make_the_next_start_fail_is_refused() -> None:
    with pytest.raises(DataError, match="set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"):
        shape(1, 1, UNDER_TORCHRUN | {"TORCHELASTIC_USE_AGENT_STORE": "True"})


class Agents:
    """Agents of torchrun, each as if it was a host, over one run."""

    def __init__(self, folder: Path) -> None:
        changes = {"steps": STEPS, "save_every": SAVED, "validate_every": STEPS}
        self.command = [
            *("distil", "--data", str(write_set(folder / "set"))),
            *("--recipe", write_recipe(folder / "tiny.toml", training=changes), "--accelerator", "cpu"),
            *("--processes", "1", "--resume"),
        ]
        self.folder = folder
        self.program = folder / "program.py"
        self.program.write_text(PROGRAM)
        self.out = folder / "run"
        self.started: list[subprocess.Popen[bytes]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self, hosts: str, processes: int) -> subprocess.Popen[bytes]:
        log = (self.folder / f"agent{len(self.started)}.log").open("wb")
        arguments = [f"--nnodes={hosts}", f"--nproc-per-node={processes}", "--max-restarts=3", "--rdzv-id=test"]
        arguments += ["--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{self.port}", "--local-addr=127.0.0.1"]
        environment = os.environ | {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1", "OMP_NUM_THREADS": "1"}
        self.started.append(
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "torch.distributed.run", *arguments),
                    *(str(self.program), *self.command, "--out", str(self.out)),
                ],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        )
        return self.started[-1]

    def logs(self) -> str:
        return "\n".join(file.read_text(errors="replace")[-3000:] for file in sorted(self.folder.glob("agent*.log")))

    def until_listening(self) -> None:
        """Return when the first agent listens at the endpoint."""
        deadline = time.monotonic() + 100
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.1)

    def until_saved(self, seconds: float = 200) -> None:
        """Return when there is a checkpoint to continue from."""
        deadline = time.monotonic() + seconds
        while not Checkpoint.LAST.file(self.out).exists():
            assert time.monotonic() < deadline, self.logs()
            assert all(each.poll() is None for each in self.started), self.logs()
            time.sleep(0.05)

    def check_same_weights_as_one_process(self) -> None:
        alone = self.folder / "alone"
        command = [sys.executable, str(self.program), *self.command, "--out", str(alone)]
        subprocess.run(command, check=True, capture_output=True, timeout=280)
        one, other = (load_network(Checkpoint.LAST.file(out))[0].state_dict() for out in (alone, self.out))
        apart = max(float((other[name] - tensor).abs().max()) for name, tensor in one.items())
        print(f"largest difference of a weight: {apart:.1e}")
        for name, tensor in one.items():
            torch.testing.assert_close(other[name], tensor, rtol=1e-3, atol=1e-5)


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Agents]:
    running = Agents(tmp_path)
    yield running
    for agent in running.started:
        if agent.poll() is None:
            for each in psutil.Process(agent.pid).children(recursive=True):
                each.kill()
            agent.kill()
            agent.wait()


def workers(agent: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The training processes of an agent, in the order of their ranks."""
    found = [each for each in psutil.Process(agent.pid).children() if "RANK" in each.environ()]
    return sorted(found, key=lambda each: int(each.environ()["RANK"]))


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_a_killed_process_is_started_again(agents: Agents) -> None:
    agent = agents.start("1", 2)
    agents.until_saved()
    killed = time.monotonic()
    workers(agent)[1].send_signal(signal.SIGKILL)
    assert agent.wait(300) == 0, agents.logs()
    print(f"\nkilled process: the run ended {time.monotonic() - killed:.1f} s later")
    agents.check_same_weights_as_one_process()


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_the_other_host_goes_on_alone(agents: Agents) -> None:
    survivor = agents.start("1:2", 1)
    agents.until_listening()  # the host of the endpoint must stay
    lost = agents.start("1:2", 1)
    agents.until_saved()
    killed = time.monotonic()
    for each in [*psutil.Process(lost.pid).children(recursive=True), psutil.Process(lost.pid)]:
        each.kill()
    lost.wait()
    agents.started.remove(lost)
    assert survivor.wait(400) == 0, agents.logs()
    print(f"\nkilled host: the run ended {time.monotonic() - killed:.1f} s later")
    agents.check_same_weights_as_one_process()
