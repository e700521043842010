"""The scaler that brings a reduced picture back to the size of the call: the same in the server and in training."""

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray


def enlarge(luma: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Enlarge a plane, uint8 `[H, W]`, by FFmpeg's bicubic (libswscale)."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), format="gray")
    # A reformatter of its own: a frame's own keeps the first size that it was asked for.
    enlarged = VideoReformatter().reformat(frame, width, height, interpolation=Interpolation.BICUBIC)
    return enlarged.to_ndarray().astype(np.uint8, copy=False)
