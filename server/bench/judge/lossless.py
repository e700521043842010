"""Lossless video files (FFV1 in Matroska), in which `acutance-train compare` reads the frames."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
from av import VideoFrame
from av.video.stream import VideoStream

from acutance.server.bench.errors import BenchError
from acutance.server.frames.planes import plane_view


class LosslessFile:
    """A file being written: frames of one size at a constant rate, without the rows of the bar code.

    Attributes:
        path: of the file.
        frames: number of frames written.
    """

    def __init__(self, path: Path, width: int, height: int, rate: int):
        """Create the file.

        Args:
            path: of the file, which is replaced; it ends in ``.mkv``.
            width: of the frames in pixels.
            height: number of rows that are written, from the top.
            rate: frames/s.

        Raises:
            BenchError: the file cannot be created.
        """
        self.path = path
        self.frames = 0
        try:
            self._container = av.open(str(path), "w")
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        stream = self._container.add_stream("ffv1", rate=rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        self._stream, self._time_base = stream, Fraction(1, rate)

    def __enter__(self) -> "LosslessFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, frame: VideoFrame) -> None:
        """Append a frame: yuv420p of limited range and of the file's width.

        Raises:
            BenchError: the file cannot be written.
        """
        cut = VideoFrame(self._stream.width, self._stream.height, "yuv420p")
        for index in range(3):
            target = plane_view(cut, index)
            target[:] = plane_view(frame, index)[: target.shape[0]]
        cut.pts, cut.time_base = self.frames, self._time_base
        self.frames += 1
        self._mux(cut)

    def close(self) -> None:
        """Finish the file.

        Raises:
            BenchError: the file cannot be written.
        """
        self._mux(None)
        self._container.close()

    def _mux(self, frame: VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> BenchError:
        return BenchError(f"cannot write {self.path}: {getattr(error, 'strerror', None) or error}")
