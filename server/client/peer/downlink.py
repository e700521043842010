"""The received media: whole frames in order, matched with the sent ones by timestamp, counted and recorded."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
from aiortc import RTCRtpReceiver
from aiortc.mediastreams import VIDEO_CLOCK_RATE, MediaStreamError, MediaStreamTrack
from av import VideoFrame

from acutance.server.client.peer.frame_pairs import Pairs
from acutance.server.client.peer.recording import Recording
from acutance.server.client.peer.timeline import AUDIO_RATE, SenderClocks, SentAudio, SentFrames
from acutance.server.client.peer.uplink import Uplink
from acutance.server.rtc.aiortc_private.receiver import AudioFeed, FrameFeed
from acutance.server.rtc.aiortc_private.timestamps import watch_sender_reports

_FLUSH_S = 0.25
# aiortc sends sender reports every 0.5 to 1.5 s (RFC 3550, section 6.2).
_PATIENCE_S = 3.0


@dataclass(frozen=True)
class _Frame:
    stamp: int
    at: float
    codec: str
    data: bytes


@dataclass
class Downlink:
    """The media received on one connection.

    Attributes:
        uplink: the media sent to be enhanced; None for the stream of another publisher.
        recording: the recorded file; None for none.
        pairs: the folder of saved pairs; None for none.
        returned: number of whole frames received.
        returned_bytes: their bytes.
        decoded: number of frames decoded.
        undecoded: number of frames that this host was too slow to decode.
        numbers: numbers of the frames that were matched with sent ones.
        delays: seconds from sending a frame until it has returned completely; the last 3600 of them.
        size: width and height of the last frame in pixels; None before the first.
        codec: as in SDP; empty before the first frame.
        progress_at: time of the last frame, on the event loop's clock.
        audio_at: time of the last audio packet in the source, in seconds; None before the first.
        error: why recording or saving failed; None if it has not.
    """

    uplink: Uplink | None
    recording: Recording | None
    pairs: Pairs | None
    returned: int = field(default=0, init=False)
    returned_bytes: int = field(default=0, init=False)
    decoded: int = field(default=0, init=False)
    undecoded: int = field(default=0, init=False)
    numbers: set[int] = field(default_factory=set, init=False)
    delays: deque[float] = field(default_factory=lambda: deque(maxlen=3600), init=False)
    size: tuple[int, int] | None = field(default=None, init=False)
    codec: str = field(default="", init=False)
    progress_at: float = field(default=0.0, init=False)
    audio_at: float | None = field(default=None, init=False)
    error: Exception | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._frames = self.uplink.frames if self.uplink else SentFrames()
        self._sent_audio = self.uplink.audio if self.uplink else SentAudio()
        self._clocks = SenderClocks()
        self._recordable: deque[_Frame] = deque()
        self._unmatched: deque[_Frame] = deque()
        self._packets: deque[tuple[int, bytes]] = deque()
        self._tasks: list[asyncio.Task[None]] = []
        self._begun_at: float | None = None
        self._first_stamp: int | None = None
        self.feed: FrameFeed | None = None

    def attach(self, receiver: RTCRtpReceiver, track: MediaStreamTrack) -> None:
        """Take over a receiver before its first packet."""
        if track.kind == "audio":
            AudioFeed(receiver, self._on_audio)
            watch_sender_reports(receiver, self._clocks.listen("audio", AUDIO_RATE))
            return
        self.feed = FrameFeed(receiver, self._on_frame, self._on_undecoded)
        watch_sender_reports(receiver, self._clocks.listen("video", VIDEO_CLOCK_RATE))
        self._tasks.append(asyncio.create_task(self.feed.watch()))
        self._tasks.append(asyncio.create_task(self._read(track)))
        self._tasks.append(asyncio.create_task(self._write()))

    async def close(self) -> None:
        """Write the remaining media and finish the file.

        Raises:
            RecordingError: the file cannot be written.
        """
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.uplink:
            self._frames.finish()
        self._match()
        if self.pairs:
            self.pairs.close()
        if self.recording:
            await asyncio.to_thread(self._flush)
            await asyncio.to_thread(self.recording.close)

    @property
    def matched(self) -> bool | None:
        """Whether received frames can be matched with sent ones; None if it is unknown or nothing was sent."""
        if self.uplink is None or not (self._frames.settled or self._frames.foreign):
            return None
        return self._frames.settled

    def has_last(self) -> bool:
        """Return whether the last sent frame and all audio up to it have returned."""
        uplink = self.uplink
        if uplink is None or not uplink.sent:
            return False
        if uplink.has_audio and (self.audio_at is None or self.audio_at < float(uplink.last_time)):
            return False
        if self._frames.settled:
            return uplink.sent - 1 in self.numbers
        return self.returned >= uplink.sent

    def _on_undecoded(self) -> None:
        self.undecoded += 1

    def _on_frame(self, codec: str, data: bytes, stamp: int) -> None:
        self.progress_at = asyncio.get_running_loop().time()
        self._begun_at = self._begun_at or self.progress_at
        self._first_stamp = stamp if self._first_stamp is None else self._first_stamp
        self.returned += 1
        self.returned_bytes += len(data)
        self.codec = codec
        received = _Frame(stamp, self.progress_at, codec, data)
        if self.uplink:
            self._frames.returned(stamp)
            self._unmatched.append(received)
            self._match()
        if self.recording:
            self._recordable.append(received)

    def _match(self) -> None:
        if not (self.uplink and self._frames.settled):
            return
        while self._unmatched:
            received = self._unmatched.popleft()
            number = self._frames.number(received.stamp)
            if number is None:
                continue
            self.numbers.add(number)
            sent_at = self.uplink.sent_at.get(number)
            if sent_at is not None:
                self.delays.append(received.at - sent_at)

    def _on_audio(self, codec: str, packet: "av.Packet[Any]") -> None:
        if codec != "opus" or packet.pts is None:
            return
        data = bytes(packet)
        self._sent_audio.returned(data, packet.pts)
        self.audio_at = float(self._audio_time(packet.pts))
        if self.recording:
            self._packets.append((packet.pts, data))

    async def _read(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if not isinstance(frame, VideoFrame):
                continue
            self.decoded += 1
            self.size = (frame.width, frame.height)
            number = self._frames.number(frame.pts) if self.pairs and frame.pts is not None else None
            if number is not None and self.pairs and self.pairs.wants(number):
                try:
                    await asyncio.to_thread(self.pairs.returned, number, frame)
                except OSError as error:
                    self.error = error
                    return

    async def _write(self) -> None:
        while self.recording:
            await asyncio.sleep(_FLUSH_S)
            if self._knows_time():
                try:
                    await asyncio.to_thread(self._flush)
                except Exception as error:  # `Call.run` ends the call with this error
                    self.error = error
                    return

    def _knows_time(self) -> bool:
        if self.uplink:
            known = self._frames.settled or self._frames.foreign
            audio_known = self._sent_audio.offset is not None or not self._packets
        else:
            known, audio_known = True, self._clocks.audio_ahead is not None or not self._packets
        late = self._begun_at is not None and asyncio.get_running_loop().time() - self._begun_at > _PATIENCE_S
        return known and (audio_known or late)

    def _flush(self) -> None:
        assert self.recording is not None
        while self._recordable:
            received = self._recordable.popleft()
            self.recording.frame(self._frame_time(received.stamp), received.codec, received.data)
        end = self._audio_end()
        while self._packets:
            stamp, data = self._packets.popleft()
            time = self._audio_time(stamp)
            if end is None or time < end:
                self.recording.audio(time, data)

    def _frame_time(self, stamp: int) -> Fraction:
        """Return the time of a frame in the source, in seconds; if it is unmatched, since the first received frame."""
        number = self._frames.number(stamp)
        time = None if number is None else self._frames.time(number)
        return Fraction(stamp - (self._first_stamp or 0), VIDEO_CLOCK_RATE) if time is None else time

    def _audio_time(self, stamp: int) -> Fraction:
        if self.uplink:
            return Fraction(stamp + (self._sent_audio.offset or 0), AUDIO_RATE)
        ahead = self._clocks.audio_ahead or 0.0
        first = Fraction(self._first_stamp or 0, VIDEO_CLOCK_RATE)
        return Fraction(stamp, AUDIO_RATE) + Fraction(ahead).limit_denominator(AUDIO_RATE) - first

    def _audio_end(self) -> Fraction | None:
        assert self.recording is not None
        if self.uplink is None or self.uplink.audio_end is None:
            return None
        return max(self.recording.end, Fraction(self.uplink.audio_end, AUDIO_RATE))
