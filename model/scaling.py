"""Enlarges reduced frames to the size of the call, in training as in the server."""

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from acutance.model.planes import Plane


def enlarge(luma: Plane, width: int, height: int) -> Plane:
    """Enlarge a plane with FFmpeg's bicubic interpolation (libswscale).

    Args:
        luma: uint8 `[H, W]`.
        width: Width of the result in pixels.
        height: Height of the result in pixels.

    Returns:
        uint8 `[height, width]`.
    """
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), format="gray")
    # A new reformatter, because the one of a frame keeps its first target size.
    enlarged = VideoReformatter().reformat(frame, width, height, interpolation=Interpolation.BICUBIC)
    return enlarged.to_ndarray().astype(np.uint8, copy=False)
