import numpy as np

from acutance.training.adaptation.call_frames import CallFrames
from acutance.training.data.planes import as_array


def frames(value: int, count: int = 3) -> np.ndarray:
    made = np.full((count, 8 * 4 * 3 // 2), value, np.uint8)
    made[:, 0] = 9
    return made


def test_the_last_segments_of_each_kind_are_held() -> None:
    call = CallFrames(learned=2, aside=1)
    items = [call.add((8, 4), frames(value), "train") for value in (1, 2, 3)]
    aside = call.add((8, 4), frames(4), "val")
    assert call.split("train") == items[1:]
    assert call.split("val") == [aside]
    assert call.bytes == 3 * 3 * 48
    assert as_array(call.planes(items[2], 1).y)[3, 7] == 3
    assert call.planes(items[2], 1).cb.size == (4, 2)
