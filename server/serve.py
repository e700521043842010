"""`acutance serve`: opens the students, listens until a signal, and closes every session."""

import asyncio
import gc
import logging
import os
from collections.abc import Callable

from aiohttp import web

from acutance.model.engine.gpu.device import DEVICE
from acutance.model.processors import usable_processors
from acutance.server import logs
from acutance.server.assembly import learning, memory, session_parts
from acutance.server.assembly.http_parts import HttpParts, http_parts
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.http.app import create_door_app
from acutance.server.http.bodies import BodyLimits
from acutance.server.http.connections import make_runner
from acutance.server.http.local_door import LocalDoor
from acutance.server.options.server import ServeOptions
from acutance.server.security.access import is_loopback
from acutance.server.security.tls import Certificate
from acutance.server.sessions.host import Host
from acutance.server.sessions.memory_trim import limit_arenas
from acutance.server.signalling.door import Door
from acutance.server.stopping import Stopping
from acutance.server.students.ladder import Ladder
from acutance.server.workers.fleet import fleet
from acutance.server.workers.processes.linked import StartError

log = logging.getLogger(__name__)

# HTTP requests in progress may take this long while sessions are closed, so that the whole shutdown takes under 5 s.
_SHUTDOWN_S = 2.0


class ServeError(RuntimeError):
    """The server cannot start; the message says why and what to do."""


def run(options: ServeOptions) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        AssemblyError: a token, an origin or a certificate of the options cannot be used.
        EngineError: a student does not open.
        ServeError: the server cannot listen on the address, or a worker process cannot start.
    """
    # First, because opening the students takes seconds: a mistake in the options is reported at once.
    parts = http_parts(options)
    learning.check(options)
    limit_arenas()
    logs.set_up(options.log_level, options.log_format, options.log_addresses)
    workers = fleet(options, parts)
    if workers is not None:
        asyncio.run(serve_door(options, parts, workers, workers.log_start))
        return
    remembers = memory.available(options.memory)
    ladder = Ladder.open(options.student, options.provider, options.threads, memory=remembers)
    encoders = EncoderChoice.measure(usable_processors())
    overdue = asyncio.run(_serve_here(options, parts, ladder, encoders))
    if overdue or DEVICE.lost is not None:
        # Python would wait for their threads, and a device that hangs may never return. Destructors of sessions on a
        # device that has failed may abort the process.
        if overdue:
            log.error("ending with %d inference(s) that have hung", overdue)
        logging.shutdown()
        os._exit(0)


async def _serve_here(options: ServeOptions, parts: HttpParts, ladder: Ladder, encoders: EncoderChoice) -> int:
    """Serve with sessions in this process; return the number of inferences that have hung."""
    host = session_parts.host(options, ladder, encoders)
    door = LocalDoor(host, parts.forwarding, parts.guard.refusals)
    await serve_door(options, parts, door, lambda: _log_host(host))
    return host.context.inference.overdue


async def serve_door(options: ServeOptions, parts: HttpParts, door: Door, log_sessions: Callable[[], object]) -> None:
    """Serve until a signal.

    Args:
        options: all options of `acutance serve`.
        parts: the parts of the HTTP server.
        door: takes the requests for sessions; it starts and closes with the server.
        log_sessions: called when the server listens.

    Raises:
        ServeError: the server cannot listen on the address, or the door cannot start.
    """
    runner = make_runner(
        create_door_app(door, parts.guard, BodyLimits(options.max_body, options.body_timeout)), _SHUTDOWN_S
    )
    try:
        await runner.setup()
    except StartError as error:
        raise ServeError(str(error)) from error
    # Not earlier: a signal while workers start ends the server at once.
    stopping = Stopping()
    stopping.listen()
    watch = None
    try:
        await _listen(runner, options, parts.certificate)
        log_sessions()
        _log_start(runner, options, parts.certificate)
        watch = asyncio.create_task(parts.certificate.watch()) if parts.certificate is not None else None
        # Objects that exist now live until the process ends: later garbage collections need not visit them.
        gc.collect()
        gc.freeze()
        await stopping.drain(door.begin_draining, door.wait_for_last_publisher, options.drain)
        log.info("stopping: closing %d session(s)", door.publisher_count())
    finally:
        if watch is not None:
            watch.cancel()
        await runner.cleanup()


async def _listen(runner: web.AppRunner, options: ServeOptions, certificate: Certificate | None) -> None:
    context = certificate.context if certificate is not None else None
    try:
        await web.TCPSite(runner, options.host, options.port, ssl_context=context).start()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ServeError(
            f"cannot listen on {options.host}:{options.port} ({why}): "
            "stop the program that uses it, or choose another --port or --host"
        ) from error


def _log_host(host: Host) -> None:
    ladder, best = host.context.ladder, host.context.ladder.best
    why = f" ({best.note})" if best.note else ""
    log.info("student%s %s on %s%s", "s" * (len(ladder.engines) > 1), ", ".join(ladder.engines), best.provider, why)
    log.info("encoder %s", "NVENC" if host.context.encoders.nvenc else f"x264 ({host.context.encoders.note})")


def _log_start(runner: web.AppRunner, options: ServeOptions, certificate: Certificate | None) -> None:
    local = is_loopback(options.host)
    scheme = "https" if certificate is not None else "http"
    log.info("open %s://%s:%d", scheme, "localhost" if local else options.host, runner.addresses[0][1])
    if certificate is not None:
        log.info("certificate valid until %s, SHA-256 %s", f"{certificate.expires:%Y-%m-%d}", certificate.fingerprint)
    if local:
        return
    if options.open:
        log.warning("anyone who can reach %s can use this server (--open)", options.host)
    if certificate is None:
        log.warning(
            "browsers on other machines grant no camera access without HTTPS: give --tls-cert and --tls-key, or "
            "--self-signed, or use a reverse proxy with TLS"
        )
