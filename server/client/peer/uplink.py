"""The sent media: a source that threads read and encode a little ahead of time, sent in real time."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction

import av
from aiortc.mediastreams import VIDEO_TIME_BASE, MediaStreamError, MediaStreamTrack
from av import VideoFrame

from acutance.server.client.peer.read_ahead import Item, Packet, ReadAhead
from acutance.server.client.peer.source import Source, VideoReader, audio_packets
from acutance.server.client.peer.timeline import AUDIO_RATE, SentAudio, SentFrames
from acutance.server.encoding.bitrate import start_bitrate
from acutance.server.encoding.encoder import Encoder
from acutance.server.encoding.encoder_choice import ENCODERS

# A requested keyframe is at most this many frames away; so many frames also bridge the slow reading of one.
_FRAMES_AHEAD = 6
_AUDIO_AHEAD = 25
_DEFAULT_CEILING = 8_000_000


@dataclass(frozen=True)
class Constant:
    """A constant bit rate, so that runs are comparable.

    Attributes:
        bitrate: in bit/s; None for the bit rate at which the server would start for the frame size.
    """

    bitrate: int | None

    def target(self, width: int, height: int) -> int:
        """Return the bit rate in bit/s for a frame size in pixels."""
        return self.bitrate or start_bitrate(width, height, _DEFAULT_CEILING)


class _Track(MediaStreamTrack):
    """Passes packets to aiortc's sender at their times."""

    def __init__(self, kind: str, ahead: ReadAhead, uplink: "Uplink", on_sent: Callable[[Item, float], None]):
        super().__init__()
        self.kind = kind
        self._ahead = ahead
        self._uplink = uplink
        self._on_sent = on_sent

    async def recv(self) -> Packet:
        loop = asyncio.get_running_loop()
        item = await self._ahead.get()
        if item is None:  # only video ends: audio continues with silence
            self._uplink.ended.set()
            self.stop()
            raise MediaStreamError
        begun = await self._uplink.begun()
        if not self._uplink.live:
            await asyncio.sleep(max(0.0, begun + item.time - loop.time()))
        self._on_sent(item, loop.time())
        return item.packet


@dataclass
class Uplink:
    """A source being sent.

    Attributes:
        source: of the media.
        codec: ``H264`` or ``VP8``.
        bitrate: of the video, in bit/s; None for the default of its size.
        seconds: duration; None for that of the source.
        wants_audio: whether the audio of a file is sent.
        on_original: called in the reader's thread with the number of each frame and the frame, before it is encoded.
        frames: the timestamps of the sent frames.
        audio: the sent audio packets.
        sent_at: time of sending by frame number, on the event loop's clock, of the last 3600 frames.
        sent: number of frames sent.
        sent_bytes: their bytes.
        skipped: frames of a camera or screen that arrived faster than they could be encoded.
        audio_end: end of the audio in the source, in 1/48,000 s; None before.
        error: why sending ended early; None if it has not.
        ended: set when the last frame was sent, or no further one will be.
    """

    source: Source
    codec: str
    bitrate: int | None
    seconds: float | None
    wants_audio: bool
    on_original: Callable[[int, VideoFrame], None]
    frames: SentFrames = field(default_factory=SentFrames, init=False)
    audio: SentAudio = field(default_factory=SentAudio, init=False)
    sent_at: dict[int, float] = field(default_factory=dict, init=False)
    sent: int = field(default=0, init=False)
    sent_bytes: int = field(default=0, init=False)
    skipped: int = field(default=0, init=False)
    audio_end: int | None = field(default=None, init=False)
    error: Exception | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Open the source.

        Raises:
            SourceError: it cannot be opened.
        """
        self._video = VideoReader(self.source)
        self.live = self.source.live
        self.size = self._video.size
        self.rate = self._video.rate
        self.has_audio = self.wants_audio and self._video.has_audio
        self.encoder: Encoder = ENCODERS[self.codec](Constant(self.bitrate))
        self.ended = asyncio.Event()
        self.tracks: list[MediaStreamTrack] = []
        self._begun: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._queues: list[ReadAhead] = []
        self._readers: list[asyncio.Future[None]] = []
        self._threads = ThreadPoolExecutor(2, "peer-source")

    def prepare(self) -> None:
        """Create the tracks and start reading ahead; nothing is sent before `begin`."""
        self._start("video", _FRAMES_AHEAD, self._encoded, self._frame_sent)
        if self.has_audio:
            self._start("audio", _AUDIO_AHEAD, self._audio_packets, self._audio_sent)

    def begin(self) -> None:
        """Start sending, from now on in real time."""
        self._begun.set_result(asyncio.get_running_loop().time())

    async def begun(self) -> float:
        """Wait for `begin`, and return its time on the event loop's clock."""
        return await asyncio.shield(self._begun)

    async def close(self) -> None:
        """Stop reading."""
        for queue in self._queues:
            queue.close()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._threads.shutdown()
        self._video.close()
        self._begun.cancel()

    @property
    def last_time(self) -> Fraction:
        """Time of the last sent frame in the source, in seconds."""
        return self.frames.time(self.sent - 1) or Fraction(0)

    def _start(
        self,
        kind: str,
        depth: int,
        read: Callable[[ReadAhead], Iterator[Item]],
        on_sent: Callable[[Item, float], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        ahead = ReadAhead(depth, loop)
        self._queues.append(ahead)
        self.tracks.append(_Track(kind, ahead, self, on_sent))
        reader = loop.run_in_executor(self._threads, self._read, ahead, read)
        self._readers.append(reader)

        def over(done: "asyncio.Future[None]") -> None:
            if not done.cancelled() and done.exception() is not None:
                self.error = self.error or done.exception()  # type: ignore[assignment]
                self.ended.set()

        reader.add_done_callback(over)

    def _read(self, ahead: ReadAhead, read: Callable[[ReadAhead], Iterator[Item]]) -> None:
        for item in read(ahead):
            if not ahead.put(item):
                return
        ahead.put(None)

    def _encoded(self, ahead: ReadAhead) -> Iterator[Item]:
        number = 0
        for time, frame in self._video:
            if self.seconds is not None and time >= self.seconds:
                break
            if self.live and ahead.is_full:
                self.skipped += 1
                continue
            frame.pts, frame.time_base = self.frames.add(number, time), VIDEO_TIME_BASE
            self.on_original(number, frame)
            yield Item(self.encoder.encode(frame), float(time), number)
            number += 1

    def _audio_packets(self, ahead: ReadAhead) -> Iterator[Item]:
        for stamp, data, is_tail in audio_packets(self.source, self._video.begin):
            packet: Packet = av.Packet(data)
            packet.pts = packet.dts = stamp
            packet.time_base = Fraction(1, AUDIO_RATE)
            ended = self.seconds is not None and stamp >= self.seconds * AUDIO_RATE
            yield Item(packet, stamp / AUDIO_RATE, is_tail=is_tail or ended)

    def _frame_sent(self, item: Item, now: float) -> None:
        self.sent_at[item.number] = now
        if len(self.sent_at) > 3600:
            del self.sent_at[next(iter(self.sent_at))]
        self.sent += 1
        self.sent_bytes += item.packet.size

    def _audio_sent(self, item: Item, now: float) -> None:
        assert item.packet.pts is not None
        if not item.is_tail:
            self.audio.add(bytes(item.packet), item.packet.pts)
        elif self.audio_end is None:
            self.audio_end = item.packet.pts
