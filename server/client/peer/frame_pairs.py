"""Saves some frames as sent and as returned, as PNG images to compare side by side."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from av import VideoFrame


class Pairs:
    """A folder of pairs: ``000030-original.png``, before encoding, and ``000030-returned.png``.

    The methods block: call `original` in the reader's thread, `returned` in any other.

    Attributes:
        complete: number of pairs with both images.
    """

    def __init__(self, folder: Path, every: int):
        """Create the folder.

        Args:
            folder: for the images.
            every: interval of the saved frames, in frames.

        Raises:
            OSError: the folder cannot be created.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.complete = 0
        self._folder = folder
        self._every = every
        self._waiting: set[int] = set()

    def original(self, number: int, frame: VideoFrame) -> None:
        """Save a frame of the source, if its number is to be saved."""
        if number % self._every == 0:
            self._waiting.add(number)
            write_png(self._path(number, "original"), frame)

    def wants(self, number: int) -> bool:
        """Return whether the original of this number was saved and its counterpart was not."""
        return number in self._waiting

    def returned(self, number: int, frame: VideoFrame) -> None:
        """Save the counterpart of an original."""
        self._waiting.discard(number)
        write_png(self._path(number, "returned"), frame)
        self.complete += 1

    def close(self) -> None:
        """Remove the originals without a counterpart."""
        for number in self._waiting:
            self._path(number, "original").unlink(missing_ok=True)

    def _path(self, number: int, which: str) -> Path:
        return self._folder / f"{number:06}-{which}.png"


def write_png(path: Path, frame: VideoFrame) -> None:
    """Write a frame as an 8-bit RGB PNG file; the conversion uses the frame's colour space, by default BT.601."""
    image = frame.reformat(format="rgb24")
    encoder = av.CodecContext.create("png", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = image.width, image.height, "rgb24"
    encoder.time_base = Fraction(1, 1)
    image.pts = 0
    packets = [*encoder.encode(image), *encoder.encode(None)]
    path.write_bytes(b"".join(bytes(packet) for packet in packets))


Original = Callable[[int, VideoFrame], None]
