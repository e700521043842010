"""Videos in memory: the yuv420p planes of all frames, and the frame rate."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray
from PIL import Image

from acutance.training.data.pictures import DataError

Frames = NDArray[np.uint8]
"""One plane of every frame, `[N, H, W]`."""


@dataclass(frozen=True)
class Video:
    """Frames of one even size in yuv420p, limited range.

    Attributes:
        y: Luma, uint8 `[N, H, W]`, H and W even.
        u: First chroma plane (Cb), uint8 `[N, H / 2, W / 2]`.
        v: Second chroma plane (Cr), as `u`.
        fps: Frames per second, above 0.

    Raises:
        DataError: The planes do not fit each other, there is no frame, or the frame rate is not above 0.
    """

    y: Frames
    u: Frames
    v: Frames
    fps: float

    def __post_init__(self) -> None:
        count, height, width = self.y.shape
        half = (count, height // 2, width // 2)
        if not count or height % 2 or width % 2 or self.u.shape != half or self.v.shape != half:
            raise DataError(
                f"planes of {self.y.shape}, {self.u.shape} and {self.v.shape} are no yuv420p video of an even size"
            )
        if self.fps <= 0:
            raise DataError(f"a video needs a frame rate above 0, not {self.fps}")

    def __len__(self) -> int:
        return int(self.y.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.y.shape[2]), int(self.y.shape[1])

    def stretch(self, start: int, count: int) -> "Video":
        """The frames from `start` on, `count` of them or as many as there are; the planes are views."""
        part = slice(start, start + count)
        return Video(self.y[part], self.u[part], self.v[part], self.fps)

    def halved(self) -> "Video":
        """The video reduced by 2 in width and height to even sizes, by Pillow's antialiased bicubic."""
        width, height = (side // 4 * 2 for side in self.size)
        half = (width // 2, height // 2)
        return Video(_resized(self.y, (width, height)), _resized(self.u, half), _resized(self.v, half), self.fps)


def from_yuv(frames: Sequence[NDArray[np.uint8]], fps: float) -> Video:
    """Stack frames, each one uint8 array `[H * 3 / 2, W]` (luma, then both chroma planes), into a video.

    Raises:
        DataError: There is no frame.
    """
    if not frames:
        raise DataError("a video needs at least one frame")
    height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
    stacked = np.stack(frames)
    chroma = stacked[:, height:].reshape(len(frames), 2, height // 2, width // 2)
    return Video(stacked[:, :height], chroma[:, 0], chroma[:, 1], fps)


def read_video(path: Path, most: int = 0) -> Video:
    """Decode a file.

    Args:
        path: A video in any container and codec that FFmpeg reads. Other pixel formats are converted to
            yuv420p, and odd sizes scaled to even ones.
        most: Number of frames that are read at most, 0 for all.

    Raises:
        DataError: The file cannot be read, or has no video, no frame or no frame rate.
    """
    frames = []
    with _opened(path) as container:
        for frame in container.decode(video=0):
            yuv = frame.to_ndarray(format="yuv420p") if frame.width % 2 == frame.height % 2 == 0 else _even(frame)
            frames.append(yuv.astype(np.uint8, copy=False))
            if len(frames) == most:
                break
    if not frames:
        raise DataError(f"{path} has no frame")
    return from_yuv(frames, frame_rate(path))


def frame_rate(path: Path) -> float:
    """Frames per second of a file, the mean over the file.

    Raises:
        DataError: The file cannot be read, or has no video or no frame rate.
    """
    with _opened(path) as container:
        rate = container.streams.video[0].average_rate
    if not rate:
        raise DataError(f"{path} does not tell its frame rate")
    return float(rate)


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    try:
        with av.open(path) as container:
            if not container.streams.video:
                raise DataError(f"{path} has no video")
            yield container
    except (av.error.FFmpegError, OSError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None


def _even(frame: av.VideoFrame) -> NDArray[np.uint8]:
    # Scaled by less than a pixel, as `acutance.training.data.clips` does.
    even = frame.reformat(frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p")
    return even.to_ndarray().astype(np.uint8, copy=False)


def _resized(plane: Frames, size: tuple[int, int]) -> Frames:
    bicubic = Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(one).resize(size, bicubic)) for one in plane])
