import os
import subprocess
import sys

import psutil

from acutance.training.data.process_pool import process_pool

_PROGRAM = """
import os, time
from acutance.training.data.process_pool import process_pool

if __name__ == "__main__":
    with process_pool(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


def _mark(_: object) -> None:
    os.environ["ACUTANCE_TEST_POOL"] = "begun"


def test_each_process_is_initialised() -> None:
    with process_pool(1, _mark, None) as pool:
        assert pool.submit(os.getenv, "ACUTANCE_TEST_POOL").result() == "begun"


def test_its_processes_end_with_one_that_is_killed(tmp_path) -> None:  # type: ignore[no-untyped-def]
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert psutil.wait_procs([child], timeout=30)[1] == []
