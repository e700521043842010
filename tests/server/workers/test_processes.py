"""`acutance serve --workers 2` with real processes and real peers."""

import asyncio
import os
import signal
import time
from typing import Any

import psutil
import pytest
from aiohttp import ClientSession

from acutance.server.bench.server import free_port
from acutance.server.signalling.session_ids import split
from tests.server.peers import Peer, SoftCamera, until
from tests.server.processes import FAST_START, Start, health

STEADY = ("--workers", "2", "--max-sessions", "8", "--no-governor", "--no-admission", "--drain", "0")


async def _workers(client: ClientSession) -> dict[str, dict[str, Any]]:
    async with client.get("/health") as response:
        return {each["name"]: each for each in (await response.json())["workers"]}


@pytest.mark.media
async def test_a_killed_worker_takes_only_its_own_calls_and_is_replaced(start: Start) -> None:
    port = free_port()
    process = start("--port", str(port), *FAST_START, *STEADY)
    await asyncio.to_thread(health, f"http://127.0.0.1:{port}")
    peers: list[Peer] = []
    by_worker: dict[str, Peer] = {}
    async with ClientSession(f"http://127.0.0.1:{port}") as client:
        try:
            workers = await _workers(client)
            # On a busy test machine, the load may bring the first two calls to the same worker.
            while by_worker.keys() != workers.keys():
                assert len(peers) < 5
                peers.append(peer := Peer(SoftCamera(60)))
                await peer.join(client, "H264")
                await until(lambda peer=peer: len(peer.order) >= 10)
                by_worker.setdefault(split(peer.url.removeprefix("/session/"))[0], peer)
            (killed, lost), (other, kept) = by_worker.items()
            os.kill(workers[killed]["pid"], signal.SIGKILL)
            # What the page asks when nothing arrives any more.
            async with asyncio.timeout(5):
                while (await client.get(lost.url)).status != 410:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.05)
            returned = len(kept.order)
            await until(lambda: len(kept.order) >= returned + 60)
            assert (await client.get(kept.url)).status == 204
            again = Peer(SoftCamera(60))
            peers.append(again)
            await again.join(client, "H264")
            assert split(again.url.removeprefix("/session/"))[0] != killed
            await until(lambda: len(again.order) >= 10)
            async with asyncio.timeout(60):
                while len(workers := await _workers(client)) < 2:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
            assert other in workers
            assert killed not in workers
            assert (await client.delete(kept.url)).status == 200
        finally:
            for peer in peers:
                await peer.close()
    process.send_signal(signal.SIGTERM)
    _, log = await asyncio.to_thread(process.communicate, timeout=20)
    assert process.returncode == 0
    assert f"worker {killed} has ended with code -9, and " in log
    assert "Traceback" not in log
    assert not any(psutil.pid_exists(each["pid"]) for each in workers.values())


def test_workers_end_with_the_process_that_started_them(start: Start) -> None:
    port = free_port()
    process = start("--port", str(port), *FAST_START, *STEADY)
    workers: Any = health(f"http://127.0.0.1:{port}")["workers"]
    started = [psutil.Process(each["pid"]) for each in workers]
    assert len(started) == 2
    process.kill()
    process.wait(10)
    gone, alive = psutil.wait_procs(started, timeout=20)
    assert (len(gone), alive) == (2, [])


def is_worker(process: psutil.Process) -> bool:
    try:
        return any("workers.processes.worker" in word for word in process.cmdline())
    except psutil.Error:
        return False


def test_ctrl_c_while_workers_start_ends_them_all_at_once(start: Start) -> None:
    process = start("--port", str(free_port()), *FAST_START, *STEADY)
    running = psutil.Process(process.pid)
    deadline = time.monotonic() + 30
    # While it imports, it starts other programs: ctypes asks ldconfig for libraries.
    while not (workers := [each for each in running.children() if is_worker(each)]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 130, log
    assert "Traceback" not in log
    assert psutil.wait_procs(workers, timeout=20)[1] == []


def test_a_worker_that_cannot_start_is_one_line_of_error(start: Start) -> None:
    process = start("--student", "sharpest", "--workers", "2")
    _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "acutance: cannot open the student: there is no student 'sharpest'" in log
    assert "Traceback" not in log
