"""`python -m acutance.server.workers.processes.worker FD`: a worker process, which the accepting process starts.

It ends with the accepting process, at its request or when the connection closes. Signals of the terminal and of systemd
reach all processes of the server, so a worker ignores them: the accepting process says when to stop.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys

from acutance.model.engine.engine import EngineError
from acutance.model.engine.gpu.device import DEVICE
from acutance.model.engine.providers import TRAITS
from acutance.model.processors import usable_processors
from acutance.server import logs
from acutance.server.assembly import memory, session_parts
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.http.local_door import LocalDoor
from acutance.server.sessions.memory_trim import limit_arenas
from acutance.server.students.ladder import Ladder
from acutance.server.workers.processes.figures import HostReporter
from acutance.server.workers.processes.frames import read_frame
from acutance.server.workers.processes.measured import Measured
from acutance.server.workers.processes.messages import Failed, Ready
from acutance.server.workers.processes.serving import Serving, send
from acutance.server.workers.processes.setup import Setup
from acutance.server.workers.share import inferences_of, threads_of, use_gpu

log = logging.getLogger(__name__)


def main() -> None:
    """Run the worker."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # First, because the limit counts only for threads that start later.
    limit_arenas()
    overdue = asyncio.run(_main(socket.socket(fileno=int(sys.argv[1]))))
    if overdue or DEVICE.lost is not None:
        # As in `serve`: threads and destructors of a device that has failed may hang or abort.
        if overdue:
            log.error("ending with %d inference(s) that have hung", overdue)
        logging.shutdown()
        os._exit(0)


async def _main(connection: socket.socket) -> int:
    reader, writer = await asyncio.open_connection(sock=connection)
    message = await read_frame(reader)
    if message is None:
        return 0
    setup = Setup.model_validate_json(message)
    options = setup.options
    use_gpu(setup.gpu)
    logs.set_up(options.log_level, options.log_format, options.log_addresses, setup.name)
    try:
        # In a thread: whether the accepting process has ended meanwhile shows afterwards.
        ladder, encoders = await asyncio.to_thread(_open, setup)
    except EngineError as error:
        send(writer, Failed(message=str(error)))
        await writer.drain()
        return 0
    on_gpu = TRAITS[ladder.best.provider].staged
    inferences = inferences_of(ladder.best.at_once, setup.workers, on_gpu)
    door = LocalDoor(session_parts.worker_host(options, ladder, encoders, inferences), setup.forwarding)
    # Objects that exist now live until the process ends: later garbage collections need not visit them. Before the lag
    # of the event loop is measured: it counts for fifteen seconds, and would keep sessions away from a new worker.
    gc.collect()
    gc.freeze()
    await door.start()
    try:
        send(writer, Ready(measured=Measured(students=dict(ladder.known), encoders=encoders).model_dump_json()))
        await Serving(door, HostReporter(door.host), reader, writer).run()
    finally:
        await door.close()
        writer.close()
    return door.host.context.inference.overdue


def _open(setup: Setup) -> tuple[Ladder, EncoderChoice]:
    options, measured = setup.options, setup.measured
    threads = threads_of(options.threads, setup.workers, usable_processors())
    remembers = memory.available(options.memory)
    known = measured.students if measured is not None else None
    ladder = Ladder.open(options.student, options.provider, threads, memory=remembers, known=known)
    return ladder, measured.encoders if measured is not None else EncoderChoice.measure(usable_processors())


if __name__ == "__main__":
    main()
