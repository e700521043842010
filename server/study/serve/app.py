"""The web application of a study: the page, the clips, and the votes."""

import asyncio
import datetime
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from acutance.server.errors import RequestError
from acutance.server.http.aiohttp_private import refuse_expectations
from acutance.server.http.bodies import BODY_LIMITS, BodyLimits, read_body
from acutance.server.http.connections import FileResponse
from acutance.server.http.guard import Guard
from acutance.server.http.middleware import add_headers, answer_errors
from acutance.server.http.pages import add_static, static_file
from acutance.server.study.manifest import GAP, Manifest
from acutance.server.study.serve.messages import Enrolment, Screen, Vision, VoteMessage, parse
from acutance.server.study.serve.plan import plan
from acutance.server.study.study_file import Study
from acutance.server.study.votes import FullError, Rater, Step, VoteError, Votes

_BODIES = BodyLimits(largest=8192)
_PAGE = "study/index.html"
_STEPS: dict[str, tuple[Step, type[BaseModel]]] = {"screen": ("screen", Screen), "vision": ("vision", Vision)}


@dataclass
class StudyHost:
    """A study that is served.

    Attributes:
        study: the study.
        manifest: its prepared clips.
        votes: its votes; touched by one thread alone, because writing waits for the disk.
    """

    study: Study
    manifest: Manifest
    votes: Votes
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "votes"))

    async def in_thread[T](self, work: Callable[[], T]) -> T:
        """Run a function that uses the votes, in their thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Wait for the running transaction and close the votes."""
        self._thread.shutdown(wait=True)
        self.votes.close()


_STUDY = web.AppKey("study", StudyHost)


def create_app(host: StudyHost, guard: Guard | None = None) -> web.Application:
    """Return the application of a study; ``host`` closes with it.

    Args:
        host: the study.
        guard: checks host names, origins and rates of requests; None admits every client.
    """
    guard = guard or Guard()
    app = web.Application(middlewares=[add_headers, guard.middleware(), answer_errors], client_max_size=_BODIES.largest)
    app[BODY_LIMITS] = _BODIES
    app[_STUDY] = host
    app.router.add_get("/", _page)
    app.router.add_get("/study", _study)
    app.router.add_post("/raters", _enrol)
    app.router.add_get("/raters/{rater:[0-9a-f]{32}}", _rater)
    app.router.add_put("/raters/{rater:[0-9a-f]{32}}/{step:screen|vision}", _note)
    app.router.add_post("/raters/{rater:[0-9a-f]{32}}/votes", _vote)
    app.router.add_get("/clips/{key:[0-9a-f]{16}}.mp4", _clip)
    add_static(app)
    refuse_expectations(app)
    app.on_cleanup.append(_close)
    return app


async def _page(request: web.Request) -> web.StreamResponse:
    request.match_info["path"] = _PAGE
    return await static_file(request)


async def _study(request: web.Request) -> web.StreamResponse:
    host = request.app[_STUDY]
    study, manifest = host.study, host.manifest
    return web.json_response(
        {
            "title": study.title,
            "digest": study.digest,
            "method": study.method,
            "scale": study.scale,
            "consent": study.consent.model_dump(),
            "width": manifest.width,
            "height": manifest.height,
            "gap": GAP,
            "plays": study.display.plays,
            "pauseEvery": study.session.pause_every,
        }
    )


async def _enrol(request: web.Request) -> web.StreamResponse:
    host = request.app[_STUDY]
    enrolment = parse(Enrolment, await read_body(request))
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    most = host.study.session.max_raters
    try:
        rater = await host.in_thread(
            lambda: host.votes.enrol(
                enrolment.language, day, most, lambda number: plan(host.study, host.manifest, number)
            )
        )
    except FullError as error:
        raise RequestError(409, "full", f"This study is complete: {error}.") from error
    return web.json_response(_state(host, rater), status=201)


async def _rater(request: web.Request) -> web.StreamResponse:
    return web.json_response(_state(request.app[_STUDY], await _known(request)))


async def _note(request: web.Request) -> web.StreamResponse:
    host, rater = request.app[_STUDY], await _known(request)
    step, kind = _STEPS[request.match_info["step"]]
    facts = parse(kind, await read_body(request)).model_dump()
    await host.in_thread(lambda: host.votes.note(rater.id, step, facts))
    return web.Response(status=204)


async def _vote(request: web.Request) -> web.StreamResponse:
    host, rater = request.app[_STUDY], await _known(request)
    message = parse(VoteMessage, await read_body(request))
    low, high = host.study.scale
    if not low <= message.vote <= high:
        raise RequestError(400, "bad_vote", f"A vote is a whole number from {low} to {high}.")
    ccr, timing = host.study.method == "ccr", message.timing.model_dump()
    try:
        await host.in_thread(lambda: host.votes.vote(rater, message.position, message.vote, timing, ccr))
    except VoteError as error:
        raise RequestError(409, "not_next", f"{error}.") from error
    return web.Response(status=204)


async def _clip(request: web.Request) -> web.StreamResponse:
    host = request.app[_STUDY]
    stimulus = host.manifest.stimuli.get(request.match_info["key"])
    if stimulus is None:
        raise web.HTTPNotFound
    path: Path = host.study.located(host.study.folder) / stimulus.file
    return FileResponse(path, headers={"Cache-Control": "private, max-age=86400, immutable"})


async def _known(request: web.Request) -> Rater:
    host, key = request.app[_STUDY], request.match_info["rater"]
    rater = await host.in_thread(lambda: host.votes.rater(key))
    if rater is None:
        raise RequestError(404, "no_rater", "This session does not exist here: start again.")
    return rater


def _state(host: StudyHost, rater: Rater) -> dict[str, Any]:
    """Return what the page may know of a rater: nothing tells a treatment, or a check from a test."""
    return {
        "id": rater.id,
        "votes": rater.votes,
        "screen": "screen" in rater.facts,
        "vision": "vision" in rater.facts,
        "trials": [
            {
                "clip": host.manifest.stimuli[trial.stimulus].file,
                "rate": host.manifest.stimuli[trial.stimulus].rate,
                "swapped": trial.swapped,
                "training": trial.kind == "training",
                "instructed": trial.instructed,
            }
            for trial in rater.plan
        ],
    }


async def _close(app: web.Application) -> None:
    await asyncio.to_thread(app[_STUDY].close)
