"""A call whose connection becomes poor, over real peers: what was seen sharp before is restored."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from acutance.server.bench.stream import StreamOptions, stream
from tests.model.memory.scenes import room, with_box

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A camera that stands still before a textured room through which a small box moves."""
    path = tmp_path_factory.mktemp("clips") / "room.mkv"
    still = room(640, 352)
    with av.open(path, "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 640, 352, "yuv420p"
        for number in range(60):
            frame = av.VideoFrame(640, 352, "yuv420p")
            for plane, values in zip(frame.planes, _planes(with_box(still, 200 + 2 * number, 120, 48)), strict=True):
                rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
                np.copyto(rows[:, : values.shape[1]], values, casting="unsafe")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def _planes(luma: np.ndarray) -> tuple[np.ndarray, ...]:
    grey = np.full((luma.shape[0] // 2, luma.shape[1] // 2), 128, np.uint8)
    return luma, grey, grey


def after_the_drop(clip: Path, log: Path, memory: bool) -> dict[str, float]:
    """Send the clip well for five seconds, then a quarter of the pixels at a fifth of the bits; return the PSNR."""
    stream(
        StreamOptions(
            clip=clip,
            size="640x352",
            uplink=1_800_000,
            seconds=10,
            resize="320x176@5",
            uplink_after=120_000,
            serve=[f"memory={str(memory).lower()}", "student=nano", "provider=cpu", "governor=false"],
            log=log,
        )
    )
    figures = json.loads(log.read_text().splitlines()[-1])["figures"]
    after: dict[str, float] = figures["after_resize"]["psnr_y"]
    return after


def test_detail_seen_over_a_good_connection_comes_back_over_a_poor_one(clip: Path, tmp_path: Path) -> None:
    without, remembered = (after_the_drop(clip, tmp_path / f"{memory}.jsonl", memory) for memory in (False, True))
    assert remembered["bicubic"] == pytest.approx(without["bicubic"], abs=0.3)
    assert remembered["gain"] > without["gain"] + 1.0
