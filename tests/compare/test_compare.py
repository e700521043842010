import pytest

from acutance.server.bench.material import Plan, prepare
from tests.compare.__main__ import HEAD, cell, cells

pytestmark = pytest.mark.media


@pytest.mark.bench
def test_the_example_server_returns_the_video() -> None:
    plan = Plan((320, 192), bitrate=300_000, count=300)
    figures = cell("aiortc example", prepare(None, plan))
    assert figures["frame_rate"] > 15
    assert figures["in_order"]
    assert 0.5 < figures["ssim"]["returned"] < 1
    shown = cells({"size": "320x192", "codec": "h264", "server": "aiortc example", "figures": figures})
    assert shown[:4] == ["320x192", "h264", "aiortc example", f"{figures['frame_rate']:.2f}"]
    assert shown[-1] == "unsharp mask"
    assert len(shown) == len(HEAD)
