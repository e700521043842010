"""A WHIP front end for a Janus VideoRoom, for the tests: python whip.py PORT ws://JANUS ROOM.

Meetecho's own, simple-whip-server, is in no package registry. This one accepts the requests of Acutance's forward: POST
with all candidates, and DELETE. Each POST to /whip/NAME is a publisher called NAME.
"""

import asyncio
import secrets
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

sys.path.append(str(Path(__file__).parents[3] / "docs" / "examples" / "janus"))
from janus_api import JanusError, joined

_SDP = "application/sdp"


class FrontEnd:
    """Carries descriptions between WHIP and one room."""

    def __init__(self, janus: str, room: int):
        self._url = janus
        self._room = room
        self._sessions: dict[str, AsyncExitStack] = {}

    def application(self) -> web.Application:
        """Return it."""
        app = web.Application()
        app.router.add_post("/whip/{name}", self._publish)
        app.router.add_delete("/session/{id}", self._end)
        app.on_shutdown.append(self._close)
        return app

    async def _publish(self, request: web.Request) -> web.Response:
        if request.content_type != _SDP:
            raise web.HTTPUnsupportedMediaType
        name = request.match_info["name"]
        join = {"request": "joinandconfigure", "ptype": "publisher", "room": self._room, "display": name}
        stack = AsyncExitStack()
        try:
            janus = await stack.enter_async_context(joined(self._url))
            _, answer = await janus.ask(join, {"type": "offer", "sdp": await request.text()})
        except JanusError as error:
            await stack.aclose()
            raise web.HTTPServiceUnavailable(text=str(error)) from error
        id = secrets.token_urlsafe(16)
        self._sessions[id] = stack
        return web.Response(status=201, text=answer, content_type=_SDP, headers={"Location": f"/session/{id}"})

    async def _end(self, request: web.Request) -> web.Response:
        stack = self._sessions.pop(request.match_info["id"], None)
        if stack is None:
            raise web.HTTPNotFound
        await stack.aclose()
        return web.Response()

    async def _close(self, app: web.Application) -> None:
        await asyncio.gather(*(stack.aclose() for stack in self._sessions.values()))


if __name__ == "__main__":
    end = FrontEnd(sys.argv[2], int(sys.argv[3]))
    web.run_app(end.application(), host="127.0.0.1", port=int(sys.argv[1]), print=None)
