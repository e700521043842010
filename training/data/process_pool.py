"""Processes that compute beside each other, and end with the process that started them."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from threading import Thread
from typing import Any


def process_pool(
    processes: int, initializer: Callable[..., object] | None = None, *arguments: object
) -> ProcessPoolExecutor:
    """Return a pool whose processes end even if this one is killed: `ProcessPoolExecutor` alone leaves them waiting.

    They are spawned, because a forked child would inherit locks of the threads of torch and the codecs.

    Args:
        processes: number of them.
        initializer: called once in each process.
        arguments: for it.
    """
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, spawn, _begin, (initializer, arguments))


def _begin(initializer: Callable[..., object] | None, arguments: tuple[Any, ...]) -> None:
    Thread(target=_end_with_parent, name="end with parent", daemon=True).start()
    if initializer is not None:
        initializer(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
