"""Static flicker: what changes from frame to frame where the source stands still."""

import numpy as np
from scipy.ndimage import uniform_filter

from acutance.training.judge.video import Frames

_WINDOW = 9
_STILL = 0.5
_LEAST = 0.01
FLICKER_KIND = (
    f"flicker is the mean absolute change of luma between frames, in grey levels, minus that of the source, over the "
    f"places where the source changes by at most {_STILL} in the mean over {_WINDOW}x{_WINDOW} px; "
    f"absent if these are less than {_LEAST:.0%} of the clip"
)


def flicker(reference: Frames, test: Frames) -> float | None:
    """Mean absolute change between frames where the source stands still, minus the source's own change there.

    Args:
        reference: Luma of the source, uint8 `[N, H, W]`.
        test: Luma of the test video, the same shape.

    Returns:
        Grey levels; 0 for the source itself, negative for a video that changes less than the source, and None if less
        than 1 % of the source stands still.
    """
    changed, still, pixels = 0.0, 0, 0
    for now in range(1, len(reference)):
        of_source = np.abs(reference[now].astype(np.int16) - reference[now - 1]).astype(np.float32)
        of_test = np.abs(test[now].astype(np.int16) - test[now - 1])
        # Of the neighbourhood: one pixel of a moving plain may keep its value by chance.
        mask = uniform_filter(of_source, _WINDOW, mode="nearest") <= _STILL
        changed += float(of_test[mask].sum(dtype=np.int64)) - float(of_source[mask].sum(dtype=np.float64))
        still += int(mask.sum())
        pixels += mask.size
    return changed / still if still > _LEAST * pixels else None
