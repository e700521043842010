import sys

import pytest

from acutance.server.learning.process import LearnerProcess, environment

STUBBORN = "import signal, sys, time; print('x' * 3); signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def test_the_process_gets_no_option_of_the_server() -> None:
    given = {"PATH": "/bin", "ACUTANCE_TOKEN": "secret", "acutance_remember_key": "secret", "OMP_NUM_THREADS": "8"}
    kept = environment(given)
    assert kept["PATH"] == "/bin"
    assert "secret" not in kept.values()
    assert kept["OMP_NUM_THREADS"] == "1"


@pytest.mark.process
async def test_a_process_that_does_not_end_with_its_input_is_killed() -> None:
    process = await LearnerProcess.start([sys.executable, "-c", STUBBORN])
    assert await process.receive() is None
    await process.end()
    assert process._process.returncode is not None
