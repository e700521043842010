from itertools import islice

import numpy as np

from acutance.server.frames.planes import plane_view
from acutance.server.frames.synthetic import moving_frames


def test_frames_move_and_are_the_same_each_time() -> None:
    frames, again = (list(islice(moving_frames(96, 64), 3)) for _ in range(2))
    assert [(frame.width, frame.height, frame.format.name) for frame in frames] == [(96, 64, "yuv420p")] * 3
    assert [frame.pts for frame in frames] == [0, 3000, 6000]
    lumas = [plane_view(frame, 0) for frame in frames]
    for luma, other in zip(lumas, (plane_view(frame, 0) for frame in again), strict=True):
        assert np.array_equal(luma, other)
    assert not np.array_equal(lumas[0], lumas[1])
    assert min(luma.min() for luma in lumas) > 16, "nothing wraps around"
    assert max(luma.max() for luma in lumas) < 235
    assert all((plane_view(frame, index) == 128).all() for frame in frames for index in (1, 2))
