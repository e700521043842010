"""The size of the returned video."""

import pytest

from acutance.model.planes import Size
from acutance.server.video.output_size import OutputSize


@pytest.mark.parametrize(
    ("incoming", "expected"),
    [
        # As Chrome does on a poor connection.
        ([(1280, 720), (960, 540), (640, 360), (320, 180), (1280, 720)], [(1280, 720)] * 5),
        # A call that starts small and grows never becomes smaller again.
        ([(640, 360), (1280, 720), (640, 360)], [(640, 360), (1280, 720), (1280, 720)]),
        # Rounded sides have the same aspect ratio.
        ([(1280, 720), (427, 240), (854, 480)], [(1280, 720)] * 3),
        # A rotated phone starts over.
        ([(1280, 720), (720, 1280), (360, 640)], [(1280, 720), (720, 1280), (720, 1280)]),
        # Not more than four times.
        ([(1280, 720), (256, 144)], [(1280, 720), (1024, 576)]),
        # 4K stays 4K; enlargement stops at 1080p.
        ([(3840, 2160), (1280, 720), (1920, 1080)], [(3840, 2160), (1920, 1080), (1920, 1080)]),
        # Odd sizes stay if they are not enlarged; the encoder crops them.
        ([(641, 361)], [(641, 361)]),
    ],
)
def test_the_size_of_the_call_is_kept(incoming: list[Size], expected: list[Size]) -> None:
    output = OutputSize()
    sizes = []
    for size in incoming:
        output.note(size)
        sizes.append(output.for_size(size))
    assert sizes == expected


def test_for_size_remembers_nothing() -> None:
    output = OutputSize()
    output.note((640, 360))
    assert output.for_size((1280, 720)) == (1280, 720)
    assert output.for_size((720, 1280)) == (720, 1280)
    assert output.for_size((320, 180)) == (640, 360), "only noted sizes are remembered"


@pytest.mark.parametrize(
    ("height", "incoming", "expected"),
    [
        (720, (640, 360), (1280, 720)),
        (720, (360, 640), (720, 1280)),
        (360, (1280, 720), (640, 360)),
        (1080, (320, 180), (1280, 720)),
        (480, (427, 240), (854, 480)),
        (720, (1280, 720), (1280, 720)),
    ],
)
def test_a_height_that_was_asked_for(height: int, incoming: Size, expected: Size) -> None:
    assert OutputSize(height=height).for_size(incoming) == expected


def test_restoring_can_be_switched_off() -> None:
    output = OutputSize(restores=False)
    output.note((1280, 720))
    assert [output.for_size(size) for size in ((1280, 720), (640, 360))] == [(1280, 720), (640, 360)]
