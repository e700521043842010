"""A server's processor time by kind of thread: `acutance bench stream --threads-table`.

Up to Python 3.13 the operating system does not know the Python names of threads. As a program,
``python -m acutance.server.bench.threads FILE MODULE [ARGUMENT …]`` runs a module like ``python -m MODULE``, with one
more thread that writes those names to a file, for another process that reads the times of the threads.
"""

import json
import runpy
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from time import sleep

_EVERY_S = 0.5
_OURS = "thread-names"
# The work of threads, by the prefix of their names.
_WORK = {
    "MainThread": "event loop: sockets, DTLS, SRTP, RTP, pipeline",
    "video-decoder": "decoding",
    "inference": "student, its calling thread",
    "prepare": "enlargement, comparison with the memory",
    "encode": "encoding",
    _OURS: "writing the names for this table",
}
# ONNX Runtime's thread pool, and the second thread of x264 or libvpx above 720p.
_UNNAMED = "threads of libraries: ONNX Runtime's others, the codecs' others"


def by_work(before: Mapping[int, float], after: Mapping[int, float], names: Mapping[int, str]) -> dict[str, float]:
    """Return processor seconds by kind of work, the largest first.

    Args:
        before: processor seconds by native thread id at the beginning, without threads that started later.
        after: the same at the end.
        names: Python's thread names by native thread id; threads without a name belong to libraries.
    """
    spent: dict[str, float] = {}
    for thread, seconds in after.items():
        name = names.get(thread, "")
        work = next((work for begin, work in _WORK.items() if name.startswith(begin)), name or _UNNAMED)
        spent[work] = spent.get(work, 0.0) + seconds - before.get(thread, 0.0)
    return dict(sorted(spent.items(), key=lambda item: -item[1]))


def read_names(file: Path) -> dict[int, str]:
    """Return the thread names by native thread id from a file of `_write_names`."""
    return {int(thread): name for thread, name in json.loads(file.read_text(encoding="utf-8")).items()}


def _write_names(file: Path) -> None:
    names: dict[int, str] = {}
    while True:
        names |= {thread.native_id: thread.name for thread in threading.enumerate() if thread.native_id is not None}
        # Renamed into place: the reader never sees half a file.
        written = file.with_suffix(".new")
        written.write_text(json.dumps(names), encoding="utf-8")
        written.replace(file)
        sleep(_EVERY_S)


def _run(file: Path, module: str, arguments: list[str]) -> None:
    threading.Thread(target=_write_names, args=(file,), name=_OURS, daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _run(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
