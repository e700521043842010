"""The sent stream has bar codes and the requested softness and size; impossible streams are refused with a reason."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest

from acutance.server.bench import barcode
from acutance.server.bench.material import SAMPLE_EVERY, MaterialError, Plan, prepare
from acutance.server.frames.planes import plane_view

CLIPS = Path(__file__).parents[4] / "shared" / "data" / "clips" / "test"


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_the_material_is_numbered_and_soft_for_a_soft_camera(codec: str) -> None:
    sharp = prepare(None, Plan((320, 192), codec, "sharp", 500_000, count=40))
    blurred = prepare(None, Plan((320, 192), codec, "soft", 500_000, count=40))
    assert len(sharp.packets) == 40
    assert list(sharp.pristine) == list(sharp.uplink) == [0, SAMPLE_EVERY, 2 * SAMPLE_EVERY]
    for number in sharp.uplink:
        assert barcode.read(sharp.uplink[number]) == barcode.read(blurred.uplink[number]) == number
        assert np.array_equal(sharp.pristine[number], blurred.pristine[number])

    def detail(luma: np.ndarray) -> float:
        return float(np.abs(np.diff(luma[: -2 * barcode.BLOCK].astype(float))).mean())

    assert detail(blurred.uplink[15]) < detail(sharp.uplink[15])


@pytest.mark.parametrize("reduced", [(640, 360), (320, 180), (854, 480)])
def test_frames_are_numbered_before_and_after_a_resize(reduced: tuple[int, int]) -> None:
    plan = Plan((1280, 720), "H264", "sharp", 1_380_000, count=46, reduced=reduced, reduced_at=20)
    material = prepare(None, plan)
    decoder = cast(av.VideoCodecContext, av.CodecContext.create("h264", "r"))
    frames = [frame for packet in material.packets for frame in decoder.decode(av.Packet(packet))]
    assert [(frame.width, frame.height) for frame in frames] == [(1280, 720)] * 20 + [reduced] * 26
    for number, frame in enumerate(frames):
        assert barcode.read(plane_view(frame, 0), plan.block * frame.width / 1280) == number
    # Enlarged again as by a player, to compare them with the pristine frames.
    for number, picture in material.uplink.items():
        assert picture.shape == material.pristine[number].shape == (720, 1280)
        assert barcode.read(picture, plan.block) == number


@pytest.mark.parametrize("clip", [Path("nowhere.mp4"), Path(__file__)])
def test_a_clip_that_cannot_be_read_is_named(clip: Path) -> None:
    with pytest.raises(MaterialError, match=clip.name):
        prepare(clip, Plan((320, 192), count=10))


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        (Plan((280, 192)), "280x192"),
        (Plan((641, 360)), "641x360"),
        (Plan((640, 361)), "640x361"),
        (Plan((640, 32)), "640x32"),
        (Plan((640, 360), count=70_000), "70000 frames"),
        (Plan((640, 360), reduced=(160, 90)), "width at least 1152"),
        (Plan((640, 360), reduced=(1280, 720)), "cannot reduce 640x360 to 1280x720"),
        (Plan((640, 360), reduced=(321, 180)), "to 321x180"),
    ],
)
def test_a_plan_that_cannot_be_sent_is_refused(plan: Plan, complaint: str) -> None:
    with pytest.raises(MaterialError, match=complaint):
        prepare(None, plan)


@pytest.mark.skipif(not CLIPS.exists(), reason="the project's clips (shared/data/clips) are not on this machine")
def test_a_real_clip_of_another_shape_is_cut_and_not_stretched() -> None:
    upright = CLIPS / "talking_head-liveportrait_d0.mp4"
    material = prepare(upright, Plan((640, 360), count=20))
    assert all(picture.shape == (360, 640) for picture in material.pristine.values())
    assert material.pristine[0].std() > 10


def test_the_bit_rate_falls_at_the_resize_if_another_is_given() -> None:
    plan = Plan((640, 360), "H264", "sharp", 1_500_000, count=90, reduced=(640, 360), reduced_at=30)
    same, lower = (prepare(None, each) for each in (plan, replace(plan, reduced_bitrate=150_000)))
    assert sum(map(len, lower.packets[60:])) < 0.3 * sum(map(len, same.packets[60:]))
    assert lower.packets[:30] == same.packets[:30]
