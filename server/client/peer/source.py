"""The sources of `acutance peer`: a file, a camera, a screen or a test pattern, read by FFmpeg through PyAV."""

import errno
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av import VideoFrame
from av.container import InputContainer
from av.video.reformatter import VideoReformatter

from acutance.server.client.peer.timeline import AUDIO_RATE
from acutance.server.frames.planes import FORMATS

_PATTERN = "testsrc2=size={size}:rate={rate},format=yuv420p"
# FFmpeg's input devices for cameras and screens (https://ffmpeg.org/ffmpeg-devices.html).
_CAMERAS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
_SCREENS = {"linux": "x11grab", "darwin": "avfoundation", "win32": "gdigrab"}
OPUS_FRAME = 960  # 20 ms
_USUAL_RATE = Fraction(30)  # of a source without a frame rate


class SourceError(ValueError):
    """A source cannot be opened or read; the message says which and why."""


@dataclass(frozen=True)
class Source:
    """A source of video frames.

    Attributes:
        url: for FFmpeg.
        name: for messages.
        format: FFmpeg's input format or device; None for a file, where FFmpeg detects the format.
        options: of that format.
        live: whether frames are sent as they arrive instead of at their times.
    """

    url: str
    name: str
    format: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    live: bool = False

    def open(self) -> InputContainer:
        """Open the source.

        Raises:
            SourceError: it cannot be opened.
        """
        if self.format is not None and not _has(self.format):
            raise SourceError(
                f"cannot open {self.name}: this build of PyAV has no input device {self.format!r} (see --format)"
            )
        try:
            return av.open(self.url, format=self.format, options=dict(self.options))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise SourceError(f"cannot open {self.name}: {_reason(error)}") from error


def file(path: Path) -> Source:
    """Return a file as a source."""
    return Source(str(path), str(path))


def pattern(size: str, rate: int) -> Source:
    """Return FFmpeg's moving test pattern; ``size`` as in 640x360, ``rate`` in frames/s."""
    return Source(_PATTERN.format(size=size, rate=rate), "the test pattern", "lavfi")


def camera(device: str, size: str, rate: int, format: str | None = None) -> Source:
    """Return a camera: ``/dev/video0`` on Linux, a number on macOS, ``video=NAME`` on Windows."""
    return _device(f"camera {device}", device, _CAMERAS, size, rate, format)


def screen(display: str, size: str, rate: int, format: str | None = None) -> Source:
    """Return a screen: ``:0.0+X,Y`` of X11 on Linux, ``Capture screen 0`` on macOS, ``desktop`` on Windows."""
    return _device(f"screen {display}", display, _SCREENS, size, rate, format)


def _device(name: str, device: str, by_system: dict[str, str], size: str, rate: int, format: str | None) -> Source:
    chosen = format or by_system.get(sys.platform)
    if chosen is None:
        raise SourceError(f"cannot open {name}: name the FFmpeg input device with --format")
    # A generated source (lavfi) states its size in its description.
    options = () if chosen == "lavfi" else (("video_size", size), ("framerate", str(rate)))
    return Source(device, name, chosen, options, live=True)


def _has(format: str) -> bool:
    return any(format in names.split(",") for names in av.formats_available)


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EBUSY:
        return "another program uses it"
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return "there is no such file or device"
    if isinstance(number, int) and 0 < number < 200:
        return os.strerror(number)
    return f"FFmpeg cannot read it ({getattr(error, 'strerror', None) or error})"


class VideoReader:
    """Reads the video frames of a source, as YUV 4:2:0.

    Attributes:
        rate: average frame rate, in frames/s.
        size: width and height in pixels.
        begin: time on the source's clock that counts as 0, in seconds.
        has_audio: whether the source also has audio.
    """

    def __init__(self, source: Source):
        """Open the source.

        Raises:
            SourceError: it cannot be opened, or has no video.
        """
        self._source = source
        self._container = source.open()
        if not self._container.streams.video:
            raise SourceError(f"{source.name} has no video")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        rate = self._stream.average_rate or self._stream.guessed_rate or _USUAL_RATE
        self.rate = Fraction(rate.numerator, rate.denominator)
        self.size = (self._stream.width, self._stream.height)
        self.has_audio = not source.live and bool(self._container.streams.audio)
        self.begin = begin_of(self._container)

    def __iter__(self) -> Iterator[tuple[Fraction, VideoFrame]]:
        """Yield each frame with its time in seconds, from 0 on. This blocks: call it in a thread.

        Raises:
            SourceError: the source cannot be read further.
        """
        scaler, last, step = VideoReformatter(), Fraction(-1), 1 / self.rate
        begin = None if self._source.live else self.begin
        try:
            for frame in self._container.decode(self._stream):
                time = last + step if frame.pts is None else _seconds(frame.pts, cast(Fraction, frame.time_base))
                begin = time if begin is None else begin
                last = time
                if frame.format.name not in FORMATS:
                    frame = scaler.reformat(frame, format="yuv420p")
                yield max(Fraction(0), time - begin), frame
        except av.FFmpegError as error:
            raise SourceError(f"{self._source.name} cannot be read further: {_reason(error)}") from error

    def close(self) -> None:
        """Close the source."""
        self._container.close()


def audio_packets(source: Source, begin: Fraction) -> Iterator[tuple[int, bytes, bool]]:
    """Yield the audio of a file as Opus packets of 20 ms, and then endless silence.

    Each item is the packet's time in 1/48,000 s, its bytes, and whether it is silence after the end of the audio. The
    receiver's jitter buffer holds the last packets back until silence follows them.

    The file is opened again: audio and video may be a second apart in it. This blocks: call it in a thread.

    Args:
        source: a file.
        begin: time on the source's clock that counts as 0, in seconds.

    Raises:
        SourceError: the file cannot be read further.
    """
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = AUDIO_RATE, "stereo", "s16"
    encoder.bit_rate = 96_000
    encoder.time_base = Fraction(1, AUDIO_RATE)
    resampler = av.AudioResampler("s16", "stereo", AUDIO_RATE, OPUS_FRAME)
    first: int | None = None
    count = 0

    def coded(frame: av.AudioFrame, silence: bool = False) -> Iterator[tuple[int, bytes, bool]]:
        nonlocal count
        frame.pts, frame.time_base = count * OPUS_FRAME, Fraction(1, AUDIO_RATE)
        count += 1
        for packet in encoder.encode(frame):
            # The first timestamps are negative, by the delay of the decoder (pre-skip, RFC 7845, section 4.2).
            assert packet.pts is not None
            yield packet.pts + (first or 0), bytes(packet), silence

    try:
        with source.open() as container:
            for frame in container.decode(audio=0):
                if first is None:
                    time = _seconds(frame.pts or 0, cast(Fraction, frame.time_base))
                    first = max(0, round((time - begin) * AUDIO_RATE))
                frame.pts = None  # `coded` counts samples instead: the timestamps of some files are inexact
                for piece in resampler.resample(frame):
                    yield from coded(piece)
    except av.FFmpegError as error:
        raise SourceError(f"the audio of {source.name} cannot be read further: {_reason(error)}") from error
    for piece in resampler.resample(None):
        yield from coded(_filled(piece))
    while True:
        yield from coded(_filled(None), silence=True)


def begin_of(container: InputContainer) -> Fraction:
    """Return the first timestamp of a file, in seconds on its own clock."""
    return Fraction(container.start_time or 0, 1_000_000)


def _seconds(stamp: int, time_base: Fraction) -> Fraction:
    return Fraction(stamp * time_base.numerator, time_base.denominator)


def _filled(piece: av.AudioFrame | None) -> av.AudioFrame:
    frame = av.AudioFrame("s16", "stereo", OPUS_FRAME)
    frame.sample_rate = AUDIO_RATE
    data = b"" if piece is None else bytes(piece.planes[0])[: piece.samples * 4]
    frame.planes[0].update(data.ljust(OPUS_FRAME * 4, b"\0"))
    return frame
