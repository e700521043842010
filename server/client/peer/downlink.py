"""What comes down: frames whole and in order, known again by their time stamps, counted and recorded."""

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
from acutance.server.client.peer.timeline import SOUND_RATE, SenderClocks, SentFrames, SentSound
from acutance.server.client.peer.uplink import Uplink
from acutance.server.rtc.aiortc_private.receiver import FrameFeed, SoundFeed
from acutance.server.rtc.aiortc_private.timestamps import watch_sender_reports

_FLUSH_S = 0.25
# Sender reports come every half to one and a half seconds (RFC 3550, section 6.2, as aiortc does it).
_PATIENCE_S = 3.0


@dataclass(frozen=True)
class _Picture:
    stamp: int
    at: float
    codec: str
    data: bytes


@dataclass
class Downlink:
    """What one connection brings.

    Attributes:
        uplink: what was sent to be enhanced; None for somebody else's stream.
        recording: where it is written to; None for nowhere.
        pairs: where pairs are saved; None for nowhere.
        returned: whole frames that came, and their bytes.
        decoded: how many of them could be shown.
        undecoded: frames that this machine was too slow to decode.
        numbers: of the frames that were known again.
        delays: seconds from sending a frame to having it whole again, of the last two minutes.
        size: of the last frame, width and height in pixels; None before the first.
        codec: as in SDP; empty before the first frame.
        progress_at: when the last frame came, on the event loop's clock.
    """

    uplink: Uplink | None
    recording: Recording | None
    pairs: Pairs | None
    returned: int = 0
    returned_bytes: int = 0
    decoded: int = 0
    undecoded: int = 0
    numbers: set[int] = field(default_factory=set)
    delays: deque[float] = field(default_factory=lambda: deque(maxlen=3600))
    size: tuple[int, int] | None = None
    codec: str = ""
    progress_at: float = 0.0
    sound_at: float | None = None
    error: Exception | None = None

    def __post_init__(self) -> None:
        self._frames = self.uplink.frames if self.uplink else SentFrames()
        self._sounds = self.uplink.sound if self.uplink else SentSound()
        self._clocks = SenderClocks()
        self._pictures: deque[_Picture] = deque()
        self._unmatched: deque[_Picture] = deque()
        self._packets: deque[tuple[int, bytes]] = deque()
        self._tasks: list[asyncio.Task[None]] = []
        self._begun_at: float | None = None
        self._first_stamp: int | None = None
        self.feed: FrameFeed | None = None

    def attach(self, receiver: RTCRtpReceiver, track: MediaStreamTrack) -> None:
        """Take a receiver over, before its first packet."""
        if track.kind == "audio":
            SoundFeed(receiver, self._on_sound)
            watch_sender_reports(receiver, self._clocks.listen("audio", SOUND_RATE))
            return
        self.feed = FrameFeed(receiver, self._on_frame, self._on_undecoded)
        watch_sender_reports(receiver, self._clocks.listen("video", VIDEO_CLOCK_RATE))
        self._tasks.append(asyncio.create_task(self.feed.watch()))
        self._tasks.append(asyncio.create_task(self._read(track)))
        self._tasks.append(asyncio.create_task(self._write()))

    async def close(self) -> None:
        """Write what is left, and finish the file.

        Raises:
            RecordingError: it cannot be written.
        """
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.uplink:
            self._frames.finish()
        self._recognise()
        if self.pairs:
            self.pairs.close()
        if self.recording:
            await asyncio.to_thread(self._flush)
            await asyncio.to_thread(self.recording.close)

    @property
    def matched(self) -> bool | None:
        """Whether frames can be known again; None where nothing was sent, or it is too early to say."""
        if self.uplink is None or not (self._frames.settled or self._frames.foreign):
            return None
        return self._frames.settled

    def has_last(self) -> bool:
        """Return whether the last frame that was sent is back, and the sound up to there."""
        uplink = self.uplink
        if uplink is None or not uplink.sent:
            return False
        if uplink.has_sound and (self.sound_at is None or self.sound_at < float(uplink.last_time)):
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
        picture = _Picture(stamp, self.progress_at, codec, data)
        if self.uplink:
            self._frames.returned(stamp)
            self._unmatched.append(picture)
            self._recognise()
        if self.recording:
            self._pictures.append(picture)

    def _recognise(self) -> None:
        if not (self.uplink and self._frames.settled):
            return
        while self._unmatched:
            picture = self._unmatched.popleft()
            number = self._frames.number(picture.stamp)
            if number is None:
                continue
            self.numbers.add(number)
            sent_at = self.uplink.sent_at.get(number)
            if sent_at is not None:
                self.delays.append(picture.at - sent_at)

    def _on_sound(self, codec: str, packet: "av.Packet[Any]") -> None:
        if codec != "opus" or packet.pts is None:
            return
        data = bytes(packet)
        self._sounds.returned(data, packet.pts)
        self.sound_at = float(self._sound_time(packet.pts))
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
                except Exception as error:  # it is told when the call is over; the call itself goes on
                    self.error = error
                    return

    def _knows_time(self) -> bool:
        if self.uplink:
            known = self._frames.settled or self._frames.foreign
            sound_known = self._sounds.offset is not None or not self._packets
        else:
            known, sound_known = True, self._clocks.sound_ahead is not None or not self._packets
        late = self._begun_at is not None and asyncio.get_running_loop().time() - self._begun_at > _PATIENCE_S
        return known and (sound_known or late)

    def _flush(self) -> None:
        assert self.recording is not None
        while self._pictures:
            picture = self._pictures.popleft()
            self.recording.picture(self._picture_time(picture.stamp), picture.codec, picture.data)
        end = self._sound_end()
        while self._packets:
            stamp, data = self._packets.popleft()
            time = self._sound_time(stamp)
            if end is None or time < end:
                self.recording.sound(time, data)

    def _picture_time(self, stamp: int) -> Fraction:
        """Return a frame's time in the source; where it is not known again, since the first that came."""
        number = self._frames.number(stamp)
        time = None if number is None else self._frames.time(number)
        return Fraction(stamp - (self._first_stamp or 0), VIDEO_CLOCK_RATE) if time is None else time

    def _sound_time(self, stamp: int) -> Fraction:
        if self.uplink:
            return Fraction(stamp + (self._sounds.offset or 0), SOUND_RATE)
        ahead = self._clocks.sound_ahead or 0.0
        first = Fraction(self._first_stamp or 0, VIDEO_CLOCK_RATE)
        return Fraction(stamp, SOUND_RATE) + Fraction(ahead).limit_denominator(SOUND_RATE) - first

    def _sound_end(self) -> Fraction | None:
        assert self.recording is not None
        if self.uplink is None or self.uplink.sound_end is None:
            return None
        return max(self.recording.end, Fraction(self.uplink.sound_end, SOUND_RATE))
