"""Requests for sessions and their replies, as values: the interface between HTTP and the process with the sessions.

A request that concerns a session contains its identifier, and one that concerns a stream contains its name. So a
process without sessions can pass each request on to the process that has them.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from acutance.server.security.quota import Client
from acutance.server.security.tokens import Caller
from acutance.server.signalling.whip import Created, Restarted


class Request[Reply](BaseModel):
    """A request; ``Reply`` is the type of its reply. It can be sent as JSON, with bodies in base64."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


@dataclass(frozen=True)
class Offered:
    """The session that an offer has started.

    Attributes:
        sdp: SDP of the answer.
        id: identifier of the session, for its URL.
        name: identifier of the session for logs.
    """

    sdp: str
    id: str
    name: str


class OfferSession(Request[Offered]):
    """Start the session of a peer that gets its video back; ``body`` is the JSON of `POST /offer`."""

    client: Client
    body: bytes


class PublishStream(Request[Created]):
    """Start the session of an encoder that publishes a stream, see `whip.publish`."""

    client: Client
    stream: str
    content_type: str
    body: bytes


class WatchStream(Request[Created]):
    """Start the session of a player that watches a stream, see `whep.watch`."""

    client: Client
    stream: str
    variant: str
    content_type: str
    body: bytes


class FindSession(Request[None]):
    """Check that a session exists."""

    id: str


class PatchSession(Request[Restarted | None]):
    """Add trickled candidates to a session, or restart its ICE, see `whip.patch`."""

    id: str
    content_type: str
    body: bytes
    if_match: str | None = None
    etag: str | None = None


class EndSession(Request[None]):
    """End a session."""

    id: str


class ForgetFrames(Request[None]):
    """Forget what is remembered of the frames of a session that sends video."""

    id: str


class DeleteLearned(Request[bool]):
    """Delete what was learned of a stream; the reply says whether there was anything."""

    stream: str


class ListStreams(Request[list[dict[str, Any]]]):
    """List the live streams, see `Streams.listed`."""


class BeginForward(Request[dict[str, Any]]):
    """Start to forward a stream, see `forward_requests.begin`."""

    caller: Caller
    stream: str
    body: bytes


class ListForwards(Request[list[dict[str, Any]]]):
    """List the forwards of a stream, see `forward_requests.listed`."""

    caller: Caller
    stream: str


class EndForward(Request[bool]):
    """End a forward of a stream, see `forward_requests.end`."""

    caller: Caller
    stream: str
    id: str


class ListNodes(Request[list[dict[str, Any]]]):
    """List the nodes of the cluster; none without one."""


class ClaimStream(Request[bool]):
    """Have the name of a stream for some seconds, see `cluster.claims`; the reply says whether it was free."""

    stream: str
    holder: str
    seconds: float


class Drain(Request[None]):
    """Admit no session from now on, and ask pages to begin theirs elsewhere."""


class ReadHealth(Request[dict[str, Any]]):
    """Read the state of the server, and with ``details`` also its configuration and load."""

    details: bool = False


class ReadMetrics(Request[str]):
    """Read the metrics in Prometheus's text format."""
