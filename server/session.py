"""One peer's life: negotiate, connect, run, time out, close."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from secrets import token_urlsafe
from time import monotonic
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamTrack
from aiortc.stats import RTCInboundRtpStreamStats

from server.admission import Running
from server.aiortc_compat import FrameFeed, ReturnedTimestamps, watch_feedback
from server.bitrate import RateControl
from server.enhancer import Enhancer
from server.governor import Governor
from server.ladder import AUTO
from server.offer import OfferError, negotiated_codec, with_received_level
from server.output_size import OutputSize
from server.pipeline import Choices, Pipeline
from server.report import Report
from server.shared import Shared
from server.telemetry import Telemetry
from server.watchdog import Remedy, Watchdog
from server.wishes import WishError, Wishes, read_control

log = logging.getLogger(__name__)

# The label of the page's data channel: others' channels ("chat" in aiortc's examples) get no statistics.
CHANNEL = "acutance"
_TICK = 1.0
_WATCH_S = 0.25
# A channel whose peer no longer reads is not filled further.
_MOST_BUFFERED = 64 * 1024


class Session:
    """A peer that sends video and gets it back enhanced. Lives on one event loop.

    Attributes:
        id: unguessable.
        telemetry: its counters and latencies.
    """

    def __init__(
        self,
        shared: Shared,
        wishes: Wishes,
        on_closed: Callable[["Session"], None],
        enhancer: Enhancer | None = None,
        clock: Callable[[], float] = monotonic,
    ):
        self.id = token_urlsafe(12)
        self.telemetry = Telemetry(clock)
        self._shared = shared
        self._limits = shared.limits
        self._wishes = wishes
        self._on_closed = on_closed
        self._clock = clock
        self._control = RateControl(self._limits.max_bitrate)
        self._began: float | None = None
        choices = Choices(
            Governor(shared.ladder.rungs, steady=not self._limits.govern),
            OutputSize(self._limits.upscale, self._limits.output_height),
        )
        self._pipeline = Pipeline(
            enhancer or Enhancer(shared.ladder), shared.inference, self.telemetry, choices, shared.load, clock
        )
        self._figures = Report(self.id, shared, self.telemetry, self._pipeline)
        self._grant(wishes)
        # Without this aiortc asks Google's STUN server: nobody is contacted unasked.
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._channel: RTCDataChannel | None = None
        self._video: MediaStreamTrack | None = None
        self._codec = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()

    async def answer(self, offer: str) -> str:
        """Negotiate on a checked session description; return the answer's, with every candidate in it.

        Raises:
            OfferError: aiortc cannot serve the offer after all; the session is closed.
        """
        peer = self._peer
        peer.on("track", self._on_track)
        peer.on("datachannel", self._on_channel)
        peer.on("connectionstatechange", self._on_state)
        # From here on, so that an answer that never gets finished is cleaned up too.
        self._spawn(self._watch_handshake())
        transceiver = peer.addTransceiver(self._pipeline.returned, direction="sendrecv")
        transceiver.setCodecPreferences(_codecs_h264_first())
        try:
            await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await peer.setLocalDescription(await peer.createAnswer())
        except Exception as error:  # aiortc lets every kind escape on an odd offer
            await self.close("the offer could not be answered")
            raise OfferError(422, "not_answerable", f"The offer cannot be answered ({error!r})."[:200]) from error
        answer = peer.localDescription.sdp
        self._codec = negotiated_codec(answer)
        self._start_pipeline(transceiver)
        return with_received_level(answer)

    async def close(self, reason: str) -> None:
        """Close the peer connection and all that belongs to it; the first call's reason counts."""
        await asyncio.shield(self._end(reason))

    async def _close(self, reason: str) -> None:
        log.info("session %s closed: %s", self.id, reason)
        self._send({"type": "closing", "reason": reason})
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pipeline.close()
        try:
            await self._peer.close()
        except Exception:  # a half negotiated connection may fail to close; the others must not notice
            log.exception("session %s: aiortc failed to close the connection", self.id)
        self._on_closed(self)

    def _start_pipeline(self, transceiver: RTCRtpTransceiver) -> None:
        if self._video is None:
            return
        encoder = self._shared.encoders.encoder(self._codec, self._control, self._clock)
        control = self._control
        watch_feedback(transceiver.sender, encoder.request_keyframe, control.on_remb, control.on_loss)
        self._figures.timestamps = ReturnedTimestamps(transceiver.receiver, transceiver.sender)
        feed = FrameFeed(transceiver.receiver, self._pipeline.hints.note, self.telemetry.count_undecoded, self._clock)
        self._spawn(feed.watch())
        self._spawn(self._watch_picture(feed))
        self._pipeline.start(self._video, encoder)

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "video":
            self._video = track
        else:
            self._peer.addTrack(track)  # audio goes back as it came

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == CHANNEL:
            self._channel = channel
            channel.on("message", self._on_message)
            return

        @channel.on("message")
        def pong(message: str | bytes) -> None:
            # What aiortc's example server answers on its clients' channel.
            if isinstance(message, str) and message.startswith("ping"):
                channel.send("pong" + message[4:])

    def _on_message(self, message: str | bytes) -> None:
        try:
            self._grant(self._wishes.changed(read_control(message)))
        except WishError as error:
            self._send({"type": "refused", "message": str(error)})
        else:
            self._send({"type": "granted", **self._wishes.model_dump()})

    def _grant(self, wishes: Wishes) -> None:
        """Follow what the peer asks for, within what the server allows.

        Raises:
            WishError: there is no such student here.
        """
        ladder, choices = self._shared.ladder, self._pipeline.choices
        name = ladder.rungs[0].name if wishes.student == AUTO else wishes.student
        try:
            rungs = ladder.from_rung(name)
        except KeyError:
            names = ", ".join((AUTO, *(rung.name for rung in ladder.rungs)))
            raise WishError(f"there is no student {name!r} here, only {names}") from None
        if rungs != choices.governor.rungs:
            choices.governor = Governor(rungs, steady=not self._limits.govern)
        choices.strength, choices.enhance = wishes.strength, wishes.enhance
        choices.output.height = wishes.output_height or self._limits.output_height
        self._control.maximum = min(wishes.max_bitrate or self._limits.max_bitrate, self._limits.max_bitrate)
        self._wishes = wishes

    def _on_state(self) -> None:
        state = self._peer.connectionState
        log.info("session %s: %s", self.id, state)
        if state == "connected" and not self._connected.is_set():
            self._connected.set()
            self._began = self._clock()
            self._spawn(self._watch_idle())
            self._spawn(self._report())
        elif state in ("failed", "closed"):
            self._end("the peer is gone" if state == "closed" else "the connection failed")

    def _end(self, reason: str) -> asyncio.Task[None]:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(reason))
        return self._closing

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch_handshake(self) -> None:
        try:
            async with asyncio.timeout(self._limits.handshake_timeout):
                await self._connected.wait()
        except TimeoutError:
            self._end(f"not connected within {self._limits.handshake_timeout:g} s")

    async def _watch_idle(self) -> None:
        # aioice notices a vanished peer only after about 30 s without consent.
        packets, heard = -1, self._clock()
        while True:
            await asyncio.sleep(min(_TICK, self._limits.idle_timeout))
            counted = await self._packets_received()
            if counted != packets:
                packets, heard = counted, self._clock()
            elif self._clock() - heard >= self._limits.idle_timeout:
                self._end(f"no media from the peer for {self._limits.idle_timeout:g} s")
                return

    async def _packets_received(self) -> int:
        total = 0
        for receiver in self._peer.getReceivers():
            for stats in (await receiver.getStats()).values():
                if isinstance(stats, RTCInboundRtpStreamStats):
                    total += stats.packetsReceived
        return total

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._figures.refresh()
            for receiver in self._peer.getReceivers()[:1]:
                await self._figures.traffic.measure(receiver, self._clock())
            self._send(self._figures.statistics(self._codec))

    async def _watch_picture(self, feed: FrameFeed) -> None:
        dog = Watchdog()
        while True:
            await asyncio.sleep(_WATCH_S)
            remedy = dog.note(self._clock(), feed.assembler.packets, self.telemetry.counters.received)
            if remedy is Remedy.KEYFRAME:
                await feed.ask_for_keyframe()
            elif remedy is Remedy.RESTART:
                log.warning("session %s: packets but no picture for 3 s", self.id)
                self._send({"type": "restart_sender", "reason": "packets arrive, but no picture can be made of them"})

    def running(self) -> Running:
        """Return what admission must know of this session."""
        return self._figures.running(self._clock() - self._began if self._began is not None else 0.0)

    def _send(self, message: dict[str, Any]) -> None:
        channel = self._channel
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > _MOST_BUFFERED:
            return
        channel.send(json.dumps(message))


def _codecs_h264_first() -> list[Any]:
    codecs = RTCRtpSender.getCapabilities("video").codecs
    # sorted is stable: VP8 and its retransmission follow in the library's order.
    return sorted(codecs, key=lambda codec: codec.mimeType != "video/H264")
