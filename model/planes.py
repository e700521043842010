"""Types of a video plane and of the size of a frame."""

import numpy as np
from numpy.typing import NDArray

type Plane = NDArray[np.uint8]
"""One plane of a frame, uint8 `[H, W]`, of any row stride."""

type Size = tuple[int, int]
"""Width and height in pixels, in this order."""
