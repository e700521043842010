"""Saves some frames twice, as they were and as they came back, as PNG: to look at side by side."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from av import VideoFrame


class Pairs:
    """A folder of pairs: ``000030-original.png``, before it was encoded, and ``000030-returned.png``.

    Its methods block: `original` is for the reader's thread, `returned` for any other.

    Attributes:
        complete: how many originals have their counterpart.
    """

    def __init__(self, folder: Path, every: int):
        """Make the folder.

        Args:
            folder: for the files.
            every: one of how many frames is saved.

        Raises:
            OSError: the folder cannot be made.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.complete = 0
        self._folder = folder
        self._every = every
        self._waiting: set[int] = set()

    def original(self, number: int, frame: VideoFrame) -> None:
        """Save a frame as it is read, if it is one of those that are saved."""
        if number % self._every == 0:
            self._waiting.add(number)
            write_png(self._path(number, "original"), frame)

    def wants(self, number: int) -> bool:
        """Return whether the original of this number waits for its counterpart."""
        return number in self._waiting

    def returned(self, number: int, frame: VideoFrame) -> None:
        """Save the counterpart."""
        self._waiting.discard(number)
        write_png(self._path(number, "returned"), frame)
        self.complete += 1

    def close(self) -> None:
        """Remove the originals that nothing came back for."""
        for number in self._waiting:
            self._path(number, "original").unlink(missing_ok=True)

    def _path(self, number: int, which: str) -> Path:
        return self._folder / f"{number:06}-{which}.png"


def write_png(path: Path, frame: VideoFrame) -> None:
    """Write a frame as a PNG file of 8-bit RGB, converted as its colours say, else as BT.601."""
    picture = frame.reformat(format="rgb24")
    encoder = av.CodecContext.create("png", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "rgb24"
    encoder.time_base = Fraction(1, 1)
    picture.pts = 0
    packets = [*encoder.encode(picture), *encoder.encode(None)]
    path.write_bytes(b"".join(bytes(packet) for packet in packets))


Original = Callable[[int, VideoFrame], None]
