"""The part of Janus's WebSocket API that one VideoRoom needs: requests, responses, keep-alives."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

_KEEPALIVE_S = 25.0  # Janus ends a session after 60 s of silence
_RESPONSE_S = 10.0
_DESTROY_S = 2.0


class JanusError(RuntimeError):
    """Janus refused a request or does not respond; the message gives the reason."""


class Janus:
    """A session with a handle of the VideoRoom plugin; one handle has one peer connection.

    Attributes:
        hung_up: Set when Janus ends the peer connection or closes the WebSocket.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse):
        self.hung_up = asyncio.Event()
        self._socket = socket
        self._numbers = itertools.count()
        self._pending: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._ids: dict[str, int] = {}

    async def ask(self, body: dict[str, Any], jsep: dict[str, str] | None = None) -> tuple[dict[str, Any], str]:
        """Send a request to the plugin; return the data and the SDP (or an empty string) of the response.

        Raises:
            JanusError: Janus refuses the request or does not respond.
        """
        answer = await self._request("message", body=body, **({"jsep": jsep} if jsep else {}))
        data = answer.get("plugindata", {}).get("data", {})
        if "error" in data:
            raise JanusError(f"Janus: {data['error']}")
        return data, answer.get("jsep", {}).get("sdp", "")

    async def _request(self, kind: str, **fields: Any) -> dict[str, Any]:
        # A message to a plugin is acknowledged, and answered by an event with the same transaction.
        transaction = f"{kind}-{next(self._numbers)}"
        responded = self._pending[transaction] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send_json({"janus": kind, "transaction": transaction, **self._ids, **fields})
            async with asyncio.timeout(_RESPONSE_S):
                answer: dict[str, Any] = await responded
        except (TimeoutError, aiohttp.ClientError) as error:
            raise JanusError(f"Janus does not answer ({error!r})") from error
        finally:
            del self._pending[transaction]
        if answer["janus"] == "error":
            raise JanusError(f"Janus: {answer['error']['reason']}")
        return answer

    async def _listen(self) -> None:
        async for frame in self._socket:
            message = frame.json()
            transaction = message.get("transaction", "")
            future = self._pending.get(transaction)
            if message["janus"] in ("hangup", "timeout", "detached"):
                self.hung_up.set()
            elif future and not future.done() and (message["janus"] != "ack" or not transaction.startswith("message")):
                future.set_result(message)
        self.hung_up.set()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(_KEEPALIVE_S)
            await self._request("keepalive")


@asynccontextmanager
async def joined(url: str) -> AsyncIterator[Janus]:
    """Open a session with Janus at ``ws://host:8188``; afterwards, end it and its peer connection.

    Raises:
        JanusError: No Janus accepts connections there.
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
                await asyncio.wait([asyncio.create_task(janus._request("destroy"))], timeout=_DESTROY_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await socket.close()
