"""The door of the accepting process: places new sessions, and passes other requests on to the carrier they concern."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from acutance.server.errors import RequestError
from acutance.server.forward.rules import ForwardRules
from acutance.server.rtc.ice import Network
from acutance.server.sessions.admission import Admission
from acutance.server.sessions.streams import check_name
from acutance.server.signalling import requests as asked
from acutance.server.signalling.door import SessionGoneError
from acutance.server.signalling.offer import stream_name
from acutance.server.signalling.session_ids import labelled
from acutance.server.signalling.whip import Created
from acutance.server.workers.carrier import Carrier, CarrierLostError, NoCarrierError
from acutance.server.workers.roster import Reservation, Roster
from acutance.server.workers.summary import Summary

# Refusals of a carrier after which another one is asked.
_ELSEWHERE = ("full", "draining", "no_worker")
# For requests about running sessions: closing one may take a moment.
_ASK_S = 12.0
_SUMMARY_S = 2.0

type _Start = asked.OfferSession | asked.PublishStream | asked.WatchStream
type _OfSession = asked.FindSession | asked.PatchSession | asked.EndSession | asked.ForgetFrames


@dataclass(frozen=True)
class Tries:
    """How a session is placed. OBS waits 8 s for an answer, FFmpeg 5 s; gathering takes 1.5 s at most.

    Attributes:
        seconds: time after which another carrier is asked.
        most: how many carriers are asked.
    """

    seconds: float = 4.0
    most: int = 2


class Front:
    """Places sessions on carriers and passes requests on. Belongs to one event loop.

    Attributes:
        network: ICE servers for peers.
        roster: the carriers.
    """

    def __init__(
        self,
        network: Network,
        roster: Roster,
        admission: Admission,
        forwarding: ForwardRules,
        summary: Summary,
        tries: Tries = Tries(),  # immutable
    ):
        """Create it.

        Args:
            network: ICE servers for peers.
            roster: the carriers.
            admission: decides which sessions are admitted, from the census of the roster.
            forwarding: who may request forwarding.
            summary: sums the health and the metrics of the carriers.
            tries: how a session is placed.
        """
        self.network = network
        self.roster = roster
        self._admission = admission
        self._forwarding = forwarding
        self._summary = summary
        self._tries = tries
        self._answers: dict[type[asked.Request[Any]], Callable[[Any], Awaitable[Any]]] = {
            asked.OfferSession: self._offer,
            asked.PublishStream: self._publish,
            asked.WatchStream: self._watch,
            asked.FindSession: self._find,
            asked.PatchSession: self._pass_on,
            asked.EndSession: self._pass_on,
            asked.ForgetFrames: self._pass_on,
            asked.DeleteLearned: self._delete_learned,
            asked.ListStreams: self._streams,
            asked.BeginForward: self._of_stream,
            asked.ListForwards: self._of_stream,
            asked.EndForward: self._of_stream,
            asked.ListNodes: self._nodes,
            asked.Drain: self._drain,
            asked.ReadHealth: self._health,
            asked.ReadMetrics: self._metrics,
        }

    async def ask[Reply](self, request: asked.Request[Reply]) -> Reply:
        """Return the reply to a request, see `Door.ask`."""
        return cast(Reply, await self._answers[type(request)](request))

    def begin_draining(self) -> None:
        """Admit no session from now on."""
        self._admission.draining = True

    def publisher_count(self) -> int:
        """Return the number of publishers."""
        return len(self.roster.publisher_loads())

    async def wait_for_last_publisher(self) -> None:
        """Return when the last publisher has ended."""
        await self.roster.wait_for_last_publisher()

    async def _offer(self, request: asked.OfferSession) -> asked.Offered:
        return await self._place(request, stream_name(request.body))

    async def _publish(self, request: asked.PublishStream) -> Created:
        return await self._place(request, request.stream)

    async def _place[Reply: (asked.Offered, Created)](self, request: asked.Request[Reply], stream: str | None) -> Reply:
        client = cast(_Start, request).client
        # No await from here until the session is reserved: it is counted.
        self._admission.check_publisher(client)
        if stream is not None:
            self.roster.check_free(stream)
        reservation = Reservation(client, publishes=True, stream=stream)
        refused: RequestError | None = None
        with self.roster.reserved(reservation):
            for carrier in self.roster.by_load()[: self._tries.most]:
                reservation.carrier = carrier.name
                try:
                    return _labelled(carrier, await carrier.ask(request, self._tries.seconds))
                except CarrierLostError:
                    continue
                except RequestError as error:
                    if error.code not in _ELSEWHERE:
                        raise
                    refused = error
        raise refused or NoCarrierError

    async def _watch(self, request: asked.WatchStream) -> Created:
        # Viewers share the encoders of the publisher, so they go where it is.
        carrier = self.roster.carrier_of(check_name(request.stream))
        self._admission.check_viewer(request.client)
        with self.roster.reserved(Reservation(request.client, publishes=False, carrier=carrier.name)):
            try:
                return _labelled(carrier, await carrier.ask(request, _ASK_S))
            except CarrierLostError:
                raise self.roster.ended.missing(request.stream) from None

    async def _find(self, request: asked.FindSession) -> None:
        carrier, own = self.roster.find(request.id)
        # The report suffices, and a page asks when its carrier may be gone: it must not wait for it.
        if not any(each.id == own for each in carrier.report.sessions):
            await self._pass_on(request)

    async def _pass_on(self, request: _OfSession) -> Any:
        carrier, own = self.roster.find(request.id)
        try:
            return await carrier.ask(request.model_copy(update={"id": own}), _ASK_S)
        except CarrierLostError:
            raise SessionGoneError from None

    async def _of_stream(self, request: asked.BeginForward | asked.ListForwards | asked.EndForward) -> Any:
        self._forwarding.check(request.caller)
        carrier = self.roster.carrier_of(request.stream)
        try:
            return await carrier.ask(request, _ASK_S)
        except CarrierLostError:
            raise self.roster.ended.missing(request.stream) from None

    async def _delete_learned(self, request: asked.DeleteLearned) -> bool:
        # Each carrier may have learned the stream at another time; files are common to all.
        return any([deleted for _, deleted in await self._everywhere(request)])

    async def _streams(self, request: asked.ListStreams) -> list[dict[str, Any]]:
        listed = [stream for _, streams in await self._everywhere(request) for stream in streams]
        return sorted(listed, key=lambda each: str(each["name"]))

    async def _nodes(self, request: asked.ListNodes) -> list[dict[str, Any]]:
        return []

    async def _drain(self, request: asked.Drain) -> None:
        self.begin_draining()
        await self._everywhere(request)

    async def _health(self, request: asked.ReadHealth) -> dict[str, Any]:
        return self._summary.health(await self._everywhere(request), request.details)

    async def _metrics(self, request: asked.ReadMetrics) -> str:
        texts = dict([(carrier.name, text) for carrier, text in await self._everywhere(request)])
        return self._summary.metrics(texts)

    async def _everywhere[Reply](self, request: asked.Request[Reply]) -> list[tuple[Carrier, Reply]]:
        """Return the reply of each carrier that replies in time."""
        carriers = [each for each in self.roster.carriers.values() if each.responds]
        asking = (carrier.ask(request, _SUMMARY_S) for carrier in carriers)
        replies = await asyncio.gather(*asking, return_exceptions=True)
        found = []
        for carrier, reply in zip(carriers, replies, strict=True):
            if isinstance(reply, (CarrierLostError, RequestError)):
                continue
            if isinstance(reply, BaseException):
                raise reply
            found.append((carrier, reply))
        return found


def _labelled[Reply: (asked.Offered, Created)](carrier: Carrier, reply: Reply) -> Reply:
    return replace(reply, id=labelled(carrier.name, reply.id))
