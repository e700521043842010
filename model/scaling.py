"""Enlarges reduced frames to the size of the call, in training as in the server."""

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from acutance.model.planes import Plane


def enlarge(luma: Plane, width: int, height: int) -> Plane:
    """Enlarge a plane by FFmpeg's bicubic (libswscale).

    Args:
        luma: uint8 `[H, W]`.
        width: Of the result, in pixels.
        height: Of the result, in pixels.
    """
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), format="gray")
    # A new reformatter: the one of a frame keeps the first size that it was asked for.
    enlarged = VideoReformatter().reformat(frame, width, height, interpolation=Interpolation.BICUBIC)
    return enlarged.to_ndarray().astype(np.uint8, copy=False)
