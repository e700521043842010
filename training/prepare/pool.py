"""Run one function on many files in several processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool

from acutance.training.data.pictures import DataError
from acutance.training.data.process_pool import process_pool


def run_all[Task, Result](
    work: Callable[[Task], Result], tasks: Sequence[Task], processes: int
) -> Iterator[tuple[Task, Result]]:
    """Run all tasks and yield each with its result when it is done; in this process if one process is enough.

    Raises:
        DataError: A process was killed.
    """
    if min(processes, len(tasks)) < 2:
        for task in tasks:
            yield task, work(task)
        return
    with process_pool(min(processes, len(tasks))) as pool:
        futures = {pool.submit(work, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool:
            raise DataError(
                "a process was killed, probably for lack of memory: run prepare again with --processes 1, it continues"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)
