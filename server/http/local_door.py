"""The door to the sessions of this process."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, cast

from acutance.server.forward.rules import ForwardRules
from acutance.server.http.health import details, state
from acutance.server.http.metrics import Metrics
from acutance.server.rtc.connection import Connection
from acutance.server.sessions.host import Host
from acutance.server.sessions.publisher.publisher import Publisher
from acutance.server.signalling import forward_requests, whep, whip
from acutance.server.signalling import requests as asked
from acutance.server.signalling.door import NoSessionError
from acutance.server.signalling.offer import read_offer


class LocalDoor:
    """Answers requests from the sessions of a host in this process.

    Attributes:
        host: the sessions.
        network: ICE servers for peers.
    """

    def __init__(self, host: Host, forwarding: ForwardRules, refusals: Counter[str] | None = None):
        """Create it.

        Args:
            host: the sessions; they start and close with the door.
            forwarding: who may request forwarding, and to which hosts.
            refusals: number of refused requests by error code, for the metrics; None to count none.
        """
        self.host = host
        self.network = host.context.network
        self._forwarding = forwarding
        self._metrics = Metrics(host, Counter() if refusals is None else refusals)
        self._answers: dict[type[asked.Request[Any]], Callable[[Any], Awaitable[Any]]] = {
            asked.OfferSession: self._offer,
            asked.PublishStream: self._publish,
            asked.WatchStream: self._watch,
            asked.FindSession: self._find,
            asked.PatchSession: self._patch,
            asked.EndSession: self._end,
            asked.ForgetFrames: self._forget,
            asked.DeleteLearned: self._delete_learned,
            asked.ListStreams: self._streams,
            asked.BeginForward: self._begin_forward,
            asked.ListForwards: self._list_forwards,
            asked.EndForward: self._end_forward,
            asked.ListNodes: self._nodes,
            asked.Drain: self._drain,
            asked.ReadHealth: self._health,
            asked.ReadMetrics: self._read_metrics,
        }

    async def ask[Reply](self, request: asked.Request[Reply]) -> Reply:
        """Return the reply to a request, see `Door.ask`."""
        return cast(Reply, await self._answers[type(request)](request))

    async def start(self) -> None:
        """Start the host."""
        self.host.start()

    def begin_draining(self) -> None:
        """Admit no session from now on."""
        self.host.begin_draining()

    def publisher_count(self) -> int:
        """Return the number of publishers."""
        return len(self.host.registry.publishers)

    async def wait_for_last_publisher(self) -> None:
        """Return when the last publisher has ended."""
        await self.host.registry.wait_for_last_publisher()

    async def close(self) -> None:
        """Close the host with all its sessions."""
        await self.host.close()

    async def _offer(self, request: asked.OfferSession) -> asked.Offered:
        offer = read_offer(request.body)
        session, sdp = await self.host.publish(request.client, offer.description, offer.settings, offer.stream)
        return asked.Offered(sdp=sdp, id=session.id, name=session.name)

    async def _publish(self, request: asked.PublishStream) -> whip.Created:
        return await whip.publish(self.host, request.client, request.stream, request.content_type, request.body)

    async def _watch(self, request: asked.WatchStream) -> whip.Created:
        return await whep.watch(
            self.host, request.client, request.stream, request.variant, request.content_type, request.body
        )

    async def _find(self, request: asked.FindSession) -> None:
        self._found(request.id)

    async def _patch(self, request: asked.PatchSession) -> whip.Restarted | None:
        session = self._found(request.id)
        return await whip.patch(session, request.content_type, request.body, request.if_match, request.etag)

    async def _end(self, request: asked.EndSession) -> None:
        await self._found(request.id).close("the peer has ended it")

    async def _forget(self, request: asked.ForgetFrames) -> None:
        session = self._found(request.id)
        if not isinstance(session, Publisher):
            raise NoSessionError
        session.forget()

    async def _delete_learned(self, request: asked.DeleteLearned) -> bool:
        return self.host.forget_learned(request.stream)

    def _found(self, id: str) -> Connection:
        session = self.host.registry.find(id)
        if session is None:
            raise NoSessionError
        return session

    async def _streams(self, request: asked.ListStreams) -> list[dict[str, Any]]:
        return self.host.registry.streams.listed()

    async def _begin_forward(self, request: asked.BeginForward) -> dict[str, Any]:
        return forward_requests.begin(self.host, self._forwarding, request.caller, request.stream, request.body)

    async def _list_forwards(self, request: asked.ListForwards) -> list[dict[str, Any]]:
        return forward_requests.listed(self.host, self._forwarding, request.caller, request.stream)

    async def _end_forward(self, request: asked.EndForward) -> bool:
        return await forward_requests.end(self.host, self._forwarding, request.caller, request.stream, request.id)

    async def _nodes(self, request: asked.ListNodes) -> list[dict[str, Any]]:
        return []

    async def _drain(self, request: asked.Drain) -> None:
        self.begin_draining()
        for publisher in self.host.registry.publishers:
            publisher.ask_to_move()

    async def _health(self, request: asked.ReadHealth) -> dict[str, Any]:
        return state(self.host) | (details(self.host) if request.details else {})

    async def _read_metrics(self, request: asked.ReadMetrics) -> str:
        return self._metrics.text().decode()
