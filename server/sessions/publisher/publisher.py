"""A peer that sends video: its pipeline, what it asks for, how it is watched."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from aiortc import RTCRtpTransceiver
from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import SessionDescription
from aiortc.stats import RTCInboundRtpStreamStats

from acutance.server.encoding.outbound_media import OutboundMedia
from acutance.server.encoding.rendition import Variant
from acutance.server.forward.forward import Forward, Ingest
from acutance.server.options.server import AUTO
from acutance.server.rtc.aiortc_private.receiver import FrameFeed, SoundFeed
from acutance.server.rtc.aiortc_private.timestamps import ReturnedTimestamps
from acutance.server.rtc.codecs import codecs_with_first
from acutance.server.rtc.connection import Connection
from acutance.server.rtc.data_channel import DataChannel
from acutance.server.rtc.session_description import negotiated_codec
from acutance.server.security.quota import Client
from acutance.server.sessions.context import ServerContext
from acutance.server.sessions.headroom import Running
from acutance.server.sessions.publisher.statistics import Report
from acutance.server.sessions.publisher.watchdog import Remedy, Watchdog
from acutance.server.sessions.settings import SessionSettings, SettingError, read_control
from acutance.server.students.governor import Governor
from acutance.server.telemetry.counters import Telemetry
from acutance.server.video.enhancer import Enhancer
from acutance.server.video.frame_limits import FrameLimits
from acutance.server.video.output_size import OutputSize
from acutance.server.video.pipeline import Choices, Pipeline

log = logging.getLogger(__name__)

_TICK = 1.0
_WATCH_S = 0.25
# Packets that wait for the peer: with one receiver the encoder waits, and raw frames are dropped.
_RETURN_DEPTH = 1


class Publisher(Connection):
    """A peer that sends video, and gets it back enhanced (``returns``) or leaves it to others.

    Attributes:
        returns: whether the peer itself is a receiver of its stream.
        telemetry: its counters and latencies.
        pipeline: what others may subscribe to.
        sound: the codec in which the peer sends it; empty where it sends none.
        forwards: the stream's ways on to other servers, each with what runs it.
    """

    def __init__(
        self,
        context: ServerContext,
        client: Client,
        settings: SessionSettings,
        on_closed: Callable[["Publisher"], None],
        enhancer: Enhancer | None = None,
        returns: bool = True,
        clock: Callable[[], float] = monotonic,
    ):
        super().__init__(context.network, context.limits, client, on_closed, clock)
        self.returns = returns
        self.telemetry = Telemetry(clock, context.observe)
        self._context = context
        self._settings = settings
        self._began: float | None = None
        choices = Choices(
            Governor(context.ladder.rungs, steady=not self._limits.govern),
            OutputSize(self._limits.upscale, self._limits.output_height),
        )
        self.pipeline = Pipeline(
            enhancer or Enhancer(context.ladder),
            context.inference,
            self.telemetry,
            choices,
            context.load,
            FrameLimits(self._limits.max_frame_pixels, self._limits.max_frame_rate, self.end),
            lambda codec, rate: context.encoders.encoder(codec, rate, clock),
            clock,
        )
        self._figures = Report(self.name, context, self.telemetry, self.pipeline)
        self._returned = (
            OutboundMedia(self.pipeline.fan_out, self._limits.max_bitrate, self.end, _RETURN_DEPTH, clock)
            if returns
            else None
        )
        self._apply(settings)
        self._channel = DataChannel(self._on_message, self._limits.max_messages_per_second)
        self._transceiver: RTCRtpTransceiver | None = None
        self._video: MediaStreamTrack | None = None
        self._codec = self.sound = ""
        self.forwards: dict[Forward, asyncio.Task[None]] = {}

    @property
    def student(self) -> str:
        """The name of the rung that enhances it now."""
        return self.pipeline.choices.governor.rung.name

    @property
    def messages_refused(self) -> int:
        """How many of its messages came too fast."""
        return self._channel.refused

    def running(self) -> Running:
        """Return what admission must know of this session."""
        return self._figures.running(self._clock() - self._began if self._began is not None else 0.0)

    def pass_on(self, name: str, ingest: Ingest) -> Forward:
        """Publish the stream, enhanced, on to another server, from when the peer is connected until it leaves."""
        forward = Forward(name, ingest, self.pipeline.fan_out, self._network, self._limits)
        self.forwards[forward] = self.spawn(self._pass_on(forward))
        return forward

    async def stop_passing_on(self, forward: Forward) -> None:
        """End one of them; the stream itself goes on."""
        task = self.forwards.pop(forward)
        task.cancel()
        await asyncio.wait([task])

    async def _pass_on(self, forward: Forward) -> None:
        await self.connected.wait()
        await forward.run(self.sound)

    def _prepare(self) -> None:
        self.peer.on("track", self._on_track)
        self.peer.on("datachannel", self._channel.opened)
        if self._returned is not None:
            self._transceiver = self._returned.add_video(self.peer, "sendrecv")
        else:
            self._transceiver = self.peer.addTransceiver("video", direction="recvonly")
            self._transceiver.setCodecPreferences(codecs_with_first("video", "H264"))

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "video":
            self._video = track
            return
        if self._returned is not None:
            self._returned.add_sound(self.peer)
        for receiver in self.peer.getReceivers():
            if receiver.track is track:
                SoundFeed(receiver, self.pipeline.fan_out.put_sound)

    def _negotiated(self, answer: SessionDescription) -> None:
        self._codec, self.sound = negotiated_codec(answer), negotiated_codec(answer, "audio")
        if self._video is None or self._transceiver is None:
            return
        if self._returned is not None:
            self._returned.join(Variant.ENHANCED, self._codec, self.sound)
            self._figures.timestamps = ReturnedTimestamps(self._transceiver.receiver, self._transceiver.sender)
        feed = FrameFeed(
            self._transceiver.receiver, self.pipeline.hints.note, self.telemetry.count_undecoded, self._clock
        )
        self.spawn(feed.watch())
        self.spawn(self._watch_picture(feed))
        self.pipeline.start(self._video, self.end)

    def _begin(self) -> None:
        self._began = self._clock()
        self.spawn(self._watch_idle())
        self.spawn(self._report())

    def _say_goodbye(self, reason: str) -> None:
        self._channel.send({"type": "closing", "reason": reason})

    async def _release(self) -> None:
        if self._returned is not None:
            self._returned.leave()
        await self.pipeline.close()

    def _on_message(self, message: str | bytes) -> None:
        try:
            self._apply(self._settings.changed(read_control(message)))
        except SettingError as error:
            self._channel.send({"type": "refused", "message": str(error)})
        else:
            self._channel.send({"type": "applied", **self._settings.model_dump()})

    def _apply(self, settings: SessionSettings) -> None:
        """Follow what the peer asks for, within what the server allows.

        Raises:
            SettingError: there is no such student here.
        """
        ladder, choices = self._context.ladder, self.pipeline.choices
        name = ladder.rungs[0].name if settings.student == AUTO else settings.student
        try:
            rungs = ladder.from_rung(name)
        except KeyError:
            names = ", ".join((AUTO, *(rung.name for rung in ladder.rungs)))
            raise SettingError(f"there is no student {name!r} here, only {names}") from None
        if rungs != choices.governor.rungs:
            choices.governor = Governor(rungs, steady=not self._limits.govern)
        choices.strength, choices.enhance = settings.strength, settings.enhance
        choices.output.height = settings.output_height or self._limits.output_height
        if self._returned is not None:
            self._returned.rate.maximum = min(
                settings.max_bitrate or self._limits.max_bitrate, self._limits.max_bitrate
            )
        self._settings = settings

    async def _watch_idle(self) -> None:
        # aioice notices a vanished peer only after about 30 s without consent.
        packets, heard = -1, self._clock()
        while True:
            await asyncio.sleep(min(_TICK, self._limits.idle_timeout))
            counted = await self._packets_received()
            if counted != packets:
                packets, heard = counted, self._clock()
            elif self._clock() - heard >= self._limits.idle_timeout:
                self.end(f"no media from the peer for {self._limits.idle_timeout:g} s")
                return

    async def _packets_received(self) -> int:
        total = 0
        for receiver in self.peer.getReceivers():
            for stats in (await receiver.getStats()).values():
                if isinstance(stats, RTCInboundRtpStreamStats):
                    total += stats.packetsReceived
        return total

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._figures.refresh()
            for receiver in self.peer.getReceivers()[:1]:
                await self._figures.traffic.measure(receiver, self._clock())
            self._channel.send(self._figures.statistics(self._codec))

    async def _watch_picture(self, feed: FrameFeed) -> None:
        dog = Watchdog()
        while True:
            await asyncio.sleep(_WATCH_S)
            remedy = dog.note(self._clock(), feed.assembler.packets, self.telemetry.counters.received)
            if remedy is Remedy.KEYFRAME:
                await feed.ask_for_keyframe()
            elif remedy is Remedy.RESTART:
                log.warning("session %s: packets but no picture for 3 s", self.name)
                reason = "packets arrive, but no picture can be made of them"
                self._channel.send({"type": "restart_sender", "reason": reason})
