"""`python -m acutance.training.adaptation.live --from STUDENT...`: learns a running call for `acutance serve --learn`.

It speaks the protocol of `acutance.model.learning.messages` over its standard input and output, keeps frames in memory
only, and writes no file. It runs with the lowest priority, on one thread.
"""

import argparse
import os
import queue
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from acutance.model.learning.messages import Message, ProtocolError, read

_WAITING = 4
"""Messages that may wait while a round runs; the server then waits too."""
_NEEDED = ("cv2", "onnx", "pytorch_optimizer", "torch")


def main() -> int:
    """Run until the input ends. With `--check`, only tell by the exit code whether the packages are there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="starts", type=Path, nargs="+", default=())
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        print(f"missing: {', '.join(missing)}", file=sys.stderr)
        return 1
    if options.check:
        return 0
    if hasattr(os, "nice"):
        os.nice(19)
    inbox = Inbox(sys.stdin.buffer)
    # After the two, because importing torch takes seconds.
    from acutance.training.adaptation.learning_loop import CallLearner, learn
    from acutance.training.adaptation.student_learner import Budget

    learner = CallLearner(options.starts, Budget(), inbox.hold)
    learn(learner, inbox, lambda message: _write(sys.stdout.buffer, message))
    return 0


class Inbox:
    """The messages of the server, read by a thread. The process ends with its input, in the middle of a round too."""

    def __init__(self, stream: BinaryIO) -> None:
        self._messages: queue.Queue[Message] = queue.Queue(_WAITING)
        self._runs = threading.Event()
        self._runs.set()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def take(self, *, wait: bool) -> Message | None:
        """Return the next message; None if there is none now and `wait` is false."""
        try:
            return self._messages.get(block=wait)
        except queue.Empty:
            return None

    def hold(self) -> None:
        """Wait while the server has paused this process."""
        self._runs.wait()

    def _read(self, stream: BinaryIO) -> None:
        try:
            while (message := read(stream)) is not None:
                if message.type == "pause":
                    self._runs.clear()
                elif message.type == "resume":
                    self._runs.set()
                else:
                    self._messages.put(message)
        except ProtocolError as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(2)
        os._exit(0)


def _write(stream: BinaryIO, message: Message) -> None:
    stream.write(message.encoded())
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
