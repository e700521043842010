"""`acutance serve`: opens the student, listens until a signal comes, closes every peer."""

import asyncio
import gc
import ipaddress
import logging
import signal
import socket
import sys

import psutil
from aiohttp import web

from server.app import create_app
from server.config import ServeOptions
from server.encoder_choice import EncoderChoice
from server.host import Host
from server.ladder import Ladder

log = logging.getLogger(__name__)

# Open HTTP requests get this long after a signal; peers are closed meanwhile. All is over within 5 s.
_SHUTDOWN_S = 2.0


class ServeError(RuntimeError):
    """The server cannot start; the message says why and what to do."""


def run(options: ServeOptions) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        EngineError: the student does not open.
        ServeError: the address cannot be listened on.
    """
    logging.basicConfig(
        level=options.log_level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    # Both tell of each candidate pair and packet at INFO.
    for chatty in ("aioice", "aiortc", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # FFmpeg's own lines ("deprecated pixel format used") say nothing to whoever runs a server.
    logging.getLogger("libav").setLevel(logging.CRITICAL)
    ladder = Ladder.open(options.student, options.provider, options.threads)
    encoders = EncoderChoice.measure(psutil.cpu_count() or 1)
    asyncio.run(_serve(options, ladder, encoders))


async def _serve(options: ServeOptions, ladder: Ladder, encoders: EncoderChoice) -> None:
    stop = asyncio.Event()
    _on_signals(stop)
    host = Host(
        ladder,
        options.limits,
        options.max_sessions,
        options.admission,
        encoders,
        network=options.network,
        max_viewers=options.max_viewers,
        redirect=options.redirect,
        forward=options.ingest,
    )
    runner = web.AppRunner(create_app(host), shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await _listen(runner, options)
        _greet(runner, options, host)
        # What there is now stays: collecting the garbage of a session that ended need not look through it.
        gc.collect()
        gc.freeze()
        await stop.wait()
        log.info("stopping: closing %d session(s)", host.session_count)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, options: ServeOptions) -> None:
    try:
        await web.TCPSite(runner, options.host, options.port).start()
    except OSError as error:
        raise ServeError(
            f"cannot listen on {options.host}:{options.port} ({error.strerror or error}): "
            "end what uses it or choose another --port or --host"
        ) from error


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":  # no loop.add_signal_handler there
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(number, stop.set)


def _greet(runner: web.AppRunner, options: ServeOptions, host: Host) -> None:
    ladder, best = host.ladder, host.ladder.best
    why = f" ({best.note})" if best.note else ""
    log.info("student%s %s on %s%s", "s" * (len(ladder.engines) > 1), ", ".join(ladder.engines), best.provider, why)
    log.info("encoder %s", "NVENC" if host.encoders.nvenc else f"x264 ({host.encoders.note})")
    port = runner.addresses[0][1]
    local = _is_loopback(options.host)
    log.info("open http://%s:%d", "localhost" if local else options.host, port)
    if not local:
        log.warning(
            "listening on %s: whoever reaches this port can use the server, and browsers elsewhere give it no "
            "camera without HTTPS; put a reverse proxy with TLS and a login in front",
            options.host,
        )


def _is_loopback(host: str) -> bool:
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)
