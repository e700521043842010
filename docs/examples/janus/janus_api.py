"""As much of Janus's WebSocket API as it takes to use one VideoRoom: requests, their answers, keep-alives."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

_KEEPALIVE_S = 25.0  # Janus ends a session after 60 s of silence
_ANSWER_S = 10.0
_GOODBYE_S = 2.0


class JanusError(RuntimeError):
    """Janus refused, or is gone; the message says why."""


class Janus:
    """A session with a handle of the VideoRoom plugin; one handle has one peer connection.

    Attributes:
        hung_up: set when Janus ends the peer connection, or itself.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse):
        self.hung_up = asyncio.Event()
        self._socket = socket
        self._numbers = itertools.count()
        self._asked: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._ids: dict[str, int] = {}

    async def ask(self, body: dict[str, Any], jsep: dict[str, str] | None = None) -> tuple[dict[str, Any], str]:
        """Send a request to the plugin; return its data and the SDP that came with it, empty without one.

        Raises:
            JanusError: it is refused.
        """
        answer = await self._request("message", body=body, **({"jsep": jsep} if jsep else {}))
        data = answer.get("plugindata", {}).get("data", {})
        if "error" in data:
            raise JanusError(f"Janus: {data['error']}")
        return data, answer.get("jsep", {}).get("sdp", "")

    async def _request(self, kind: str, **fields: Any) -> dict[str, Any]:
        # A message to a plugin is acknowledged, and answered by an event with the same transaction.
        transaction = f"{kind}-{next(self._numbers)}"
        answered = self._asked[transaction] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send_json({"janus": kind, "transaction": transaction, **self._ids, **fields})
            async with asyncio.timeout(_ANSWER_S):
                answer: dict[str, Any] = await answered
        except (TimeoutError, aiohttp.ClientError) as error:
            raise JanusError(f"Janus does not answer ({error!r})") from error
        finally:
            del self._asked[transaction]
        if answer["janus"] == "error":
            raise JanusError(f"Janus: {answer['error']['reason']}")
        return answer

    async def _listen(self) -> None:
        async for message in self._socket:
            said = message.json()
            transaction = said.get("transaction", "")
            asked = self._asked.get(transaction)
            if said["janus"] in ("hangup", "timeout", "detached"):
                self.hung_up.set()
            elif asked and not asked.done() and (said["janus"] != "ack" or not transaction.startswith("message")):
                asked.set_result(said)
        self.hung_up.set()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(_KEEPALIVE_S)
            await self._request("keepalive")


@asynccontextmanager
async def joined(url: str) -> AsyncIterator[Janus]:
    """Open a session with Janus at ``ws://host:8188``; end it, and its peer connection, afterwards.

    Raises:
        JanusError: nobody answers there.
    """
    async with aiohttp.ClientSession() as http:
        try:
            socket = await http.ws_connect(url, protocols=("janus-protocol",))
        except aiohttp.ClientError as error:
            raise JanusError(f"no Janus at {url}: {error}") from error
        janus = Janus(socket)
        tasks = [asyncio.create_task(janus._listen())]
        try:
            janus._ids["session_id"] = (await janus._request("create"))["data"]["id"]
            attached = await janus._request("attach", plugin="janus.plugin.videoroom")
            janus._ids["handle_id"] = attached["data"]["id"]
            tasks.append(asyncio.create_task(janus._keep_alive()))
            yield janus
        finally:
            if not socket.closed:
                await asyncio.wait([asyncio.create_task(janus._request("destroy"))], timeout=_GOODBYE_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await socket.close()
