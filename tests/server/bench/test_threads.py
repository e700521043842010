"""Processor time by kind of thread, and a module that runs while its thread names are written to a file."""

import subprocess
import sys
from pathlib import Path

from acutance.server.bench.threads import by_work, read_names

_PROGRAM = """
import sys, threading, time
from pathlib import Path
done = threading.Event()
threading.Thread(target=done.wait, name="inference_0").start()
file = Path(sys.argv[1])
deadline = time.monotonic() + 30
while not (file.exists() and "inference_0" in file.read_text()) and time.monotonic() < deadline:
    time.sleep(0.01)
done.set()
print(__name__, sys.argv[1:])
sys.exit(3)
"""


def test_processor_time_is_summed_by_the_work_of_threads() -> None:
    names = {1: "MainThread", 2: "inference_0", 3: "encode_0", 4: "encode_0", 5: "asyncio_0"}
    spent = by_work({1: 2.0}, {1: 3.0, 2: 4.0, 3: 1.0, 4: 1.5, 5: 0.2, 99: 0.5}, names)
    assert list(spent.values()) == [4.0, 2.5, 1.0, 0.5, 0.2]
    assert spent["encoding"] == 2.5
    assert spent["asyncio_0"] == 0.2


def test_a_module_runs_as_a_program_and_its_threads_are_named(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(_PROGRAM)
    names = tmp_path / "names.json"
    command = [sys.executable, "-m", "acutance.server.bench.threads", str(names), "program", str(names)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 3, ran.stderr
    assert ran.stdout.strip() == f"__main__ {[str(names)]}"
    assert "inference_0" in read_names(names).values()
