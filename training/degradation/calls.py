"""Whole clips as a receiver gets them: luma and chroma at the size of the call, hints and bytes of every frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acutance.model.hints import Hints, with_frame
from acutance.model.planes import Chroma
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma, Planes
from acutance.training.degradation.codec import encode_decode
from acutance.training.degradation.degrade import Degradation, received_planes, reduced_size, sent_frame


@dataclass(frozen=True)
class ArrivedFrame:
    """A frame as it arrived, enlarged to the size of the call if the sender reduced it.

    Attributes:
        luma: uint8 `[H, W]`.
        chroma: Its chroma planes, uint8 `[H / 2, W / 2]` each.
        hints: Hints of the frame.
        size: Size of the encoded frame in bytes.
    """

    luma: Luma
    chroma: Chroma
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
        luma, chroma = received_planes(one.yuv, (width, height))
        frames.append(ArrivedFrame(luma, chroma, with_frame(one.hints, luma, coded[0]), one.size))
    return frames
