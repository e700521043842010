"""A call of `acutance peer`: connections made, media let go, the last frames waited for, everything ended."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.stats import RTCInboundRtpStreamStats, RTCRemoteInboundRtpStreamStats

from server.aiortc_compat import watch_feedback
from server.offer_client import OfferClient
from server.page_channel import LABEL
from server.peer_downlink import Downlink
from server.peer_uplink import Uplink
from server.whip_client import SignallingError, WhipClient

_CONNECT_S = 15.0
# The server's own mailboxes hold two frames; a slow machine and a far one need more than a round trip.
_LAST_FRAMES_S = 2.0
_NO_MEDIA_S = 10.0
_LOOK_S = 0.05
# A stream that is published a moment before has to be there before it can be watched.
_PUBLISHED_S = 10.0
_NOT_YET = (404, 409, 503)
_AGAIN_S = 0.5


class CallError(RuntimeError):
    """The call did not come about, or broke off; the message says why."""


@dataclass
class Line:
    """What one peer connection measures of its line.

    Attributes:
        round_trip: of RTCP, in seconds; None where nobody measured it.
        lost_up, lost_down: packets.
    """

    round_trip: float | None = None
    lost_up: int = 0
    lost_down: int = 0


@dataclass
class Call:
    """A call and how it goes.

    Attributes:
        uplink: what is sent; None for watching alone.
        downlink: what comes; None for publishing alone.
        offer_url: of a server that takes what is sent and returns it on the same connection.
        whip_url: of an endpoint that takes what is sent.
        whep_url: of an endpoint that gives what is watched.
        token: for all of them.
        codec: ``H264`` or ``VP8``.
        seconds: after which watching alone ends; None for never.
        server: what the server said of itself last, over the data channel.
        ended: why it ended, in words.
        began_at, ended_at: when media were let go and when it was over, on the event loop's clock; None before.
    """

    uplink: Uplink | None
    downlink: Downlink | None
    offer_url: str | None
    whip_url: str | None
    whep_url: str | None
    token: str | None
    codec: str
    seconds: float | None = None
    server: dict[str, Any] = field(default_factory=dict)
    ended: str = ""
    began_at: float | None = None
    ended_at: float | None = None

    def __post_init__(self) -> None:
        self._peers: list[RTCPeerConnection] = []
        self._stop = asyncio.Event()
        self._broken = ""
        self._goodbye = ""

    async def run(self, watch: Callable[["Call"], Coroutine[Any, Any, None]]) -> Line:
        """Make the call and hold it until it is over.

        Args:
            watch: makes a coroutine that shows how it goes; it is cancelled at the end.

        Returns:
            What the line measured of itself.

        Raises:
            SignallingError: nobody answers, or the offer is refused.
            CallError: no connection comes about, it breaks, or no picture comes.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(_signals(self._stop))
            if self.uplink:
                stack.push_async_callback(self.uplink.close)
                self.uplink.prepare()
            if self.downlink:
                stack.push_async_callback(self.downlink.close)
            if self.offer_url:
                await stack.enter_async_context(self._connected(OfferClient(self.offer_url, self.token), True, True))
            if self.whip_url:
                await stack.enter_async_context(self._connected(WhipClient(self.whip_url, self.token), True, False))
            if self.whep_url:
                await self._watch_stream(self.whep_url, stack)
            self._begin()
            viewer = asyncio.create_task(watch(self))
            try:
                await self._until_over()
            finally:
                self.ended_at = asyncio.get_running_loop().time()
                viewer.cancel()
                await asyncio.gather(viewer, return_exceptions=True)
            return await self.line()

    async def line(self) -> Line:
        """Return how the line is now."""
        line = Line()
        for peer in self._peers:
            for stats in (await peer.getStats()).values():
                if isinstance(stats, RTCRemoteInboundRtpStreamStats):
                    line.lost_up += max(0, stats.packetsLost)
                    if stats.kind == "video" and stats.roundTripTime is not None:
                        line.round_trip = stats.roundTripTime
                elif isinstance(stats, RTCInboundRtpStreamStats):
                    line.lost_down += max(0, stats.packetsLost)
        return line

    def _begin(self) -> None:
        if self.began_at is None:
            self.began_at = asyncio.get_running_loop().time()
            if self.uplink:
                self.uplink.begin()

    async def _watch_stream(self, url: str, stack: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (_PUBLISHED_S if self.uplink else 0)
        while True:
            try:
                await stack.enter_async_context(self._connected(WhipClient(url, self.token), False, True))
                return
            except SignallingError as error:
                if error.status not in _NOT_YET or loop.time() > deadline:
                    raise
            # Some servers call a stream live only when its first picture is there.
            self._begin()
            await asyncio.sleep(_AGAIN_S)

    @asynccontextmanager
    async def _connected(self, client: WhipClient, sends: bool, receives: bool) -> AsyncIterator[None]:
        async with client:
            # An empty list keeps aiortc from asking Google's STUN server.
            peer = RTCPeerConnection(RTCConfiguration(iceServers=list(await client.ice_servers())))
            connected = asyncio.Event()
            self._prepare(peer, sends, receives)

            @peer.on("connectionstatechange")
            def changed() -> None:
                if peer.connectionState == "connected":
                    connected.set()
                elif peer.connectionState in ("failed", "closed"):
                    self._broken = self._broken or "the connection broke"

            try:
                await peer.setLocalDescription(await peer.createOffer())
                accepted = await client.offer(peer.localDescription.sdp)
                try:
                    await peer.setRemoteDescription(RTCSessionDescription(accepted.sdp, "answer"))
                except Exception as error:  # aiortc lets every kind escape on an odd answer
                    raise CallError(f"the answer cannot be used ({error!r})"[:200]) from error
                try:
                    await asyncio.wait_for(connected.wait(), _CONNECT_S)
                except TimeoutError:
                    raise CallError(
                        f"no connection within {_CONNECT_S:g} s: the offer was taken, but no packet came through. "
                        "Is UDP open between the two?"
                    ) from None
                self._peers.append(peer)
                yield
            finally:
                await peer.close()

    def _prepare(self, peer: RTCPeerConnection, sends: bool, receives: bool) -> None:
        direction = "sendrecv" if sends and receives else "sendonly" if sends else "recvonly"
        tracks = self.uplink.tracks if sends and self.uplink else []
        for kind in ("video", "audio"):
            track = next((track for track in tracks if track.kind == kind), None)
            if sends and track is None:
                continue
            transceiver = peer.addTransceiver(track or kind, direction=direction)
            if kind == "video":
                codecs = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([each for each in codecs if each.mimeType == f"video/{self.codec}"])
                if self.uplink and track:
                    watch_feedback(transceiver.sender, self.uplink.encoder.request_keyframe, _ignored, _ignored)
        if sends and receives:
            peer.createDataChannel(LABEL).on("message", self._said)
        if receives and self.downlink:
            downlink = self.downlink

            @peer.on("track")
            def attach(track: MediaStreamTrack) -> None:
                receiver = next(each for each in peer.getReceivers() if each.track is track)
                downlink.attach(receiver, track)

    def _said(self, message: str | bytes) -> None:
        with suppress(ValueError):
            said = json.loads(message)
            if said.get("type") == "stats":
                self.server = said
            elif said.get("type") == "closing":
                self._goodbye = str(said.get("reason", ""))

    async def _until_over(self) -> None:
        loop = asyncio.get_running_loop()
        sent_all_at: float | None = None
        assert self.began_at is not None
        while not self.ended:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _LOOK_S)
            now, uplink, downlink = loop.time(), self.uplink, self.downlink
            if sent_all_at is None and uplink and uplink.ended.is_set():
                sent_all_at = now
            last = downlink.progress_at if downlink else 0.0
            if self._stop.is_set():
                self.ended = "stopped by hand"
            elif uplink and uplink.error:
                raise CallError(str(uplink.error)) from uplink.error
            elif downlink and downlink.error:
                raise CallError(str(downlink.error)) from downlink.error
            elif self._broken and sent_all_at is None:
                reason = f" (the server said: {self._goodbye})" if self._goodbye else ""
                raise CallError(f"{self._broken} after {now - self.began_at:.0f} s{reason}")
            elif sent_all_at is not None and (downlink is None or downlink.has_last()):
                self.ended = "everything was sent" if downlink is None else "the last frame is back"
            elif sent_all_at is not None and now - max(last, sent_all_at) > _LAST_FRAMES_S:
                self.ended = f"nothing more came within {_LAST_FRAMES_S:g} s"
            elif self.seconds is not None and uplink is None and now - self.began_at >= self.seconds:
                self.ended = f"{self.seconds:g} s are over"
            elif downlink and now - max(last, self.began_at) > _NO_MEDIA_S:
                raise CallError(f"no picture came for {_NO_MEDIA_S:g} s")


class _signals:  # noqa: N801 - used as a function
    """Lets Ctrl-C and SIGTERM end a call as its end would, with the file finished."""

    def __init__(self, stop: asyncio.Event):
        self._stop = stop

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows: Ctrl-C breaks it off there
                asyncio.get_running_loop().add_signal_handler(number, self._stop.set)

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().remove_signal_handler(number)


def _ignored(_: float) -> None:
    """The bit rate of what goes up stays as it is."""
