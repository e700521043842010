"""Writes what came back to MP4, MKV or WebM: the encoded frames as they are, each at its time, and Opus beside them."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from acutance.server.client.peer.timeline import SOUND_RATE
from acutance.server.rtc.coded_frame import begins_keyframe

SUFFIXES = {".mp4": "H264 alone, with Opus", ".mkv": "H264 or VP8, with Opus", ".webm": "VP8 alone, with Opus"}
# IVF, the bare file of VP8: a header of 32 bytes and 12 a frame (as FFmpeg's demuxer "ivf" reads it).
_RAW = {"H264": "h264", "VP8": "ivf"}


class RecordingError(RuntimeError):
    """The file cannot be written; the message says why."""


def check(path: Path, codec: str | None) -> str:
    """Return the codec for a file of this name, the one that was asked for if there is one.

    Raises:
        RecordingError: the two do not go together, or there is no such folder.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise RecordingError(f"cannot write {path}: its name must end in {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise RecordingError(f"cannot write {path}: there is no folder {path.parent}")
    chosen = codec or ("VP8" if suffix == ".webm" else "H264")
    if (suffix, chosen) in ((".webm", "H264"), (".mp4", "VP8")):
        raise RecordingError(f"cannot write {path}: {suffix} takes {SUFFIXES[suffix]}; .mkv takes both")
    return chosen


class Recording:
    """A file that grows. Its methods block: for a thread, one at a time.

    Attributes:
        frames: how many pictures were written.
        sounds: how many packets of sound.
        end: of the last picture, in seconds.
    """

    def __init__(self, path: Path, has_sound: bool, rate: Fraction):
        """Nothing is opened before the first keyframe.

        Args:
            path: of the file, which is replaced.
            has_sound: whether to make room for it.
            rate: frames a second, for the last frame's duration.
        """
        self.frames = self.sounds = 0
        self.end = Fraction(0)
        self._path = path
        self._has_sound = has_sound
        self._duration = round(VIDEO_CLOCK_RATE / rate)
        self._container: OutputContainer | None = None
        self._video: VideoStream | None = None
        self._audio: AudioStream | None = None
        self._early: list[tuple[Fraction, bytes]] = []
        self._last = -1
        self._broken: RecordingError | None = None

    def picture(self, time: Fraction, codec: str, data: bytes) -> None:
        """Append a frame.

        Args:
            time: of the source, in seconds.
            codec: ``H264`` or ``VP8``.
            data: the encoded frame, Annex B for H.264.

        Raises:
            RecordingError: the file cannot be written.
        """
        if self._broken is not None:  # FFmpeg crashes on a file whose header it could not write
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

    def sound(self, time: Fraction, data: bytes) -> None:
        """Append a packet of Opus at its time of the source, in seconds."""
        if self._broken is not None:
            raise self._broken
        if self._container is None:
            self._early.append((time, data))
            return
        packet: av.Packet[Any] = av.Packet(data)
        packet.pts = packet.dts = round(time * SOUND_RATE)
        packet.time_base = Fraction(1, SOUND_RATE)
        packet.duration = 960
        packet.stream = self._audio
        try:
            self._container.mux(packet)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._failed(error) from error
        self.sounds += 1

    def close(self) -> None:
        """Finish the file; without a picture there is none.

        Raises:
            RecordingError: it cannot be written.
        """
        if self._container is not None:
            try:
                self._container.close()
            except (av.FFmpegError, OSError) as error:
                raise self._failed(error) from error

    def _open(self, codec: str, keyframe: bytes) -> None:
        # FFmpeg reads size and parameter sets out of the keyframe itself.
        with av.open(io.BytesIO(_raw(codec, keyframe)), format=_RAW[codec]) as bare:
            self._container = av.open(str(self._path), "w")
            self._video = self._container.add_stream_from_template(bare.streams.video[0], opaque=True)
            self._video.time_base = VIDEO_TIME_BASE
            if self._has_sound:
                # The encoder that is opened here writes Opus's header (RFC 7845, section 5.1) and nothing else.
                self._audio = self._container.add_stream("libopus", rate=SOUND_RATE, layout="stereo")
                self._audio.codec_context.format = "s16"
            self._container.start_encoding()
        early, self._early = self._early, []
        for time, data in early:
            self.sound(time, data)

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
