"""Whole clips as a receiver gets them: luma and chroma at the size of the call, hints and bytes of every frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acutance.model.hints import Hints, with_frame
from acutance.model.scaling import enlarge
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma, Planes
from acutance.training.degradation.codec import Yuv, encode_decode
from acutance.training.degradation.degrade import Degradation, reduced_size, sent_frame


@dataclass(frozen=True)
class ArrivedFrame:
    """A frame as it arrived, enlarged to the size of the call if the sender reduced it.

    Attributes:
        luma: uint8 `[H, W]`.
        u: First chroma plane, uint8 `[H / 2, W / 2]`.
        v: Second chroma plane, as `u`.
        hints: Hints of the frame.
        size: Size of the encoded frame in bytes.
    """

    luma: Luma
    u: Luma
    v: Luma
    hints: Hints
    size: int


def send_clip(clip: Sequence[Planes], how: Degradation) -> list[ArrivedFrame]:
    """Send a clip through a codec; its first frame is the keyframe.

    Args:
        clip: Frames of one even size.
        how: The degradation, with a codec.

    Raises:
        DataError: There is no codec, or it failed.
    """
    if how.codec is None:
        raise DataError(f"{how.name} has no codec: nothing is sent")
    width, height = clip[0].size
    coded = reduced_size((width, height), how.ratio) if how.shrunk else (width, height)
    rng = np.random.default_rng(how.seed)
    received = encode_decode([sent_frame(frame, coded, how, rng) for frame in clip], how.codec, how.bits, how.preset)
    frames = []
    for one in received:
        luma, u, v = (
            _at_size(plane, size) for plane, size in zip(_planes(one.yuv), _sizes(width, height), strict=True)
        )
        frames.append(ArrivedFrame(luma, u, v, with_frame(one.hints, luma, coded[0]), one.size))
    return frames


def _planes(yuv: Yuv) -> tuple[Luma, Luma, Luma]:
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    u, v = yuv[height:].reshape(2, height // 2, width // 2)
    return yuv[:height], u, v


def _sizes(width: int, height: int) -> tuple[tuple[int, int], ...]:
    half = (width // 2, height // 2)
    return (width, height), half, half


def _at_size(plane: Luma, size: tuple[int, int]) -> Luma:
    if plane.shape == size[::-1]:
        return np.ascontiguousarray(plane)
    return enlarge(plane, *size)
