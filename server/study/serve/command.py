"""`acutance study serve STUDY.toml`."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import CliPositionalArg

from acutance.server import logs
from acutance.server.http.connections import make_runner
from acutance.server.http.guard import Guard
from acutance.server.options.values import Words
from acutance.server.security.access import is_loopback
from acutance.server.security.origins import OriginError, Origins
from acutance.server.security.rate_limit import RequestRate
from acutance.server.stopping import Stopping
from acutance.server.study import manifest, study_file
from acutance.server.study.errors import StudyError
from acutance.server.study.serve.app import StudyHost, create_app
from acutance.server.study.votes import Votes

log = logging.getLogger(__name__)

# A rater votes every few seconds at most; several may share an address.
_REQUESTS_PER_MINUTE = 240
_SHUTDOWN_S = 2.0


class StudyServeOptions(BaseModel):
    """Serve the page of a study, and keep the votes."""

    model_config = ConfigDict(extra="forbid")

    study: CliPositionalArg[Path] = Field(description="STUDY.toml")
    host: Annotated[str, Field(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535, description="port to listen on; 0 for a free one")] = 8090
    open: Annotated[bool, Field(description="let anyone who can reach the port take part")] = False
    origin: Annotated[
        Words, Field(description="origin under which a reverse proxy serves the page: https://example.org; repeatable")
    ] = ()


def serve(options: StudyServeOptions) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        StudyError: the study is not prepared, or the server cannot listen.
    """
    study = study_file.read(options.study)
    stimuli = manifest.load(study)
    folder = study.located(study.folder)
    missing = [stimulus.file for stimulus in stimuli.stimuli.values() if not (folder / stimulus.file).is_file()]
    if missing:
        raise StudyError(f"{folder / missing[0]} is missing: run `acutance study prepare {study.path}` again")
    guard = _guard(options)
    logs.set_up("info", "console", addresses=False)
    asyncio.run(_serve(options, StudyHost(study, stimuli, Votes.open(folder, study.digest)), guard))


def _guard(options: StudyServeOptions) -> Guard:
    local = is_loopback(options.host)
    if not local and not options.open:
        raise StudyError(
            f"--host {options.host} can be reached from other machines: give --open to let anyone there take part"
        )
    try:
        origins = Origins.of(options.origin, loopback_only=local and not options.open)
    except OriginError as error:
        raise StudyError(f"--origin: {error}") from error
    return Guard(origins=origins, rate=RequestRate(_REQUESTS_PER_MINUTE))


async def _serve(options: StudyServeOptions, host: StudyHost, guard: Guard) -> None:
    stopping = Stopping()
    stopping.listen()
    runner = make_runner(create_app(host, guard), _SHUTDOWN_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, options.host, options.port).start()
        except OSError as error:
            raise StudyError(
                f"cannot listen on {options.host}:{options.port} ({error.strerror or error}): choose another --port"
            ) from error
        address = "localhost" if is_loopback(options.host) else options.host
        log.info("open http://%s:%d", address, runner.addresses[0][1])
        await stopping.requested.wait()
    finally:
        await runner.cleanup()
