"""Writes received media to MP4, MKV or WebM: encoded frames as they are, each at its time, and Opus packets."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from acutance.server.client.peer.timeline import AUDIO_RATE
from acutance.server.rtc.coded_frame import begins_keyframe

SUFFIXES = {".mp4": "H264 with Opus", ".mkv": "H264 or VP8, with Opus", ".webm": "VP8 with Opus"}
# IVF, the raw file format of VP8: a header of 32 bytes, and 12 bytes before each frame (FFmpeg's demuxer "ivf").
_RAW = {"H264": "h264", "VP8": "ivf"}


class RecordingError(RuntimeError):
    """The file cannot be written; the message says why."""


def check(path: Path, codec: str | None) -> str:
    """Return the codec for a file of this name: ``codec``, or without one the default of the suffix.

    Raises:
        RecordingError: such a file cannot contain the codec, or its folder does not exist.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise RecordingError(f"cannot write {path}: its name must end in {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise RecordingError(f"cannot write {path}: there is no folder {path.parent}")
    chosen = codec or ("VP8" if suffix == ".webm" else "H264")
    if (suffix, chosen) in ((".webm", "H264"), (".mp4", "VP8")):
        raise RecordingError(
            f"cannot write {path}: {suffix} contains {SUFFIXES[suffix]} only; .mkv contains either codec"
        )
    return chosen


class Recording:
    """A file being written. The methods block: call them in a thread, one at a time.

    Attributes:
        frames: number of frames written.
        audio_packets: number of audio packets written.
        end: of the last frame, in seconds.
    """

    def __init__(self, path: Path, has_audio: bool, rate: Fraction):
        """Prepare a recording; the file is opened with the first keyframe.

        Args:
            path: of the file, which is replaced.
            has_audio: whether the file gets an audio track.
            rate: frames/s, for the duration of the last frame.
        """
        self.frames = self.audio_packets = 0
        self.end = Fraction(0)
        self._path = path
        self._has_audio = has_audio
        self._duration = round(VIDEO_CLOCK_RATE / rate)
        self._container: OutputContainer | None = None
        self._video: VideoStream | None = None
        self._audio: AudioStream | None = None
        self._early: list[tuple[Fraction, bytes]] = []
        self._last = -1
        self._broken: RecordingError | None = None

    def frame(self, time: Fraction, codec: str, data: bytes) -> None:
        """Append a frame.

        Args:
            time: in the source, in seconds.
            codec: ``H264`` or ``VP8``.
            data: the encoded frame, Annex B for H.264.

        Raises:
            RecordingError: the file cannot be written.
        """
        if self._broken is not None:  # FFmpeg crashes on a file after failing to write its header
            raise self._broken
        is_keyframe = begins_keyframe(codec, data)
        try:
            if self._container is None:
                if not is_keyframe:
                    return
                self._open(codec, data)
            assert self._container is not None
            packet: av.Packet[Any] = av.Packet(data)
            self._last = max(self._last + 1, round(time * VIDEO_CLOCK_RATE))
            packet.pts = packet.dts = self._last
            packet.time_base = VIDEO_TIME_BASE
            packet.duration = self._duration
            packet.is_keyframe = is_keyframe
            packet.stream = self._video
            self._container.mux(packet)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._failed(error) from error
        self.frames += 1
        self.end = Fraction(self._last + self._duration, VIDEO_CLOCK_RATE)

    def audio(self, time: Fraction, data: bytes) -> None:
        """Append an Opus packet at its time in the source, in seconds.

        Raises:
            RecordingError: the file cannot be written.
        """
        if self._broken is not None:
            raise self._broken
        if self._container is None:
            self._early.append((time, data))
            return
        packet: av.Packet[Any] = av.Packet(data)
        packet.pts = packet.dts = round(time * AUDIO_RATE)
        packet.time_base = Fraction(1, AUDIO_RATE)
        packet.duration = 960
        packet.stream = self._audio
        try:
            self._container.mux(packet)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._failed(error) from error
        self.audio_packets += 1

    def close(self) -> None:
        """Finish the file; without a frame there is none.

        Raises:
            RecordingError: the file cannot be written.
        """
        if self._container is not None:
            try:
                self._container.close()
            except (av.FFmpegError, OSError) as error:
                raise self._failed(error) from error

    def _open(self, codec: str, keyframe: bytes) -> None:
        # FFmpeg reads size and parameter sets from the keyframe itself.
        with av.open(io.BytesIO(_raw(codec, keyframe)), format=_RAW[codec]) as bare:
            self._container = av.open(str(self._path), "w")
            self._video = self._container.add_stream_from_template(bare.streams.video[0], opaque=True)
            self._video.time_base = VIDEO_TIME_BASE
            if self._has_audio:
                # This encoder only writes the Opus header (RFC 7845, section 5.1).
                self._audio = self._container.add_stream("libopus", rate=AUDIO_RATE, layout="stereo")
                self._audio.codec_context.format = "s16"
            self._container.start_encoding()
        early, self._early = self._early, []
        for time, data in early:
            self.audio(time, data)

    def _failed(self, error: Exception) -> RecordingError:
        self._broken = RecordingError(f"cannot write {self._path}: {getattr(error, 'strerror', None) or error}")
        return self._broken


def _raw(codec: str, keyframe: bytes) -> bytes:
    if codec == "H264":
        return keyframe
    width, height = (int.from_bytes(keyframe[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    header = b"DKIF\0\0\x20\0VP80" + width.to_bytes(2, "little") + height.to_bytes(2, "little")
    header += VIDEO_CLOCK_RATE.to_bytes(4, "little") + (1).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(4)
    return header + len(keyframe).to_bytes(4, "little") + bytes(8) + keyframe
