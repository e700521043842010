"""The preset follows the measurements; a note says why a GPU cannot encode."""

import numpy as np
import pytest

from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder_choice import PRESETS, EncoderChoice
from tests.frames import frame_of

COSTS = {"superfast": 7e-9, "veryfast": 12e-9, "faster": 30e-9}


@pytest.mark.parametrize(
    ("cpus", "size", "preset"),
    [
        (2, (640, 360), "faster"),
        (2, (854, 480), "veryfast"),
        (2, (1280, 720), "superfast"),
        (2, (1920, 1080), "superfast"),
        (4, (1280, 720), "veryfast"),
        (16, (960, 540), "faster"),
    ],
)
def test_the_best_preset_within_the_time_share_is_chosen(cpus: int, size: tuple[int, int], preset: str) -> None:
    assert EncoderChoice(cpus, COSTS).preset(*size) == preset


@pytest.mark.parametrize(("cpus", "threads"), [(1, 1), (1.5, 1), (2, 2), (16, 2)])
@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_a_large_frame_takes_no_more_threads_than_there_are_processors(codec: str, cpus: float, threads: int) -> None:
    encoder = EncoderChoice(cpus, COSTS).encoder(codec, RateControl(500_000))
    assert encoder._open(1920, 1080, 500_000).thread_count == threads
    assert encoder._open(1280, 720, 500_000).thread_count == 1


def test_without_measurements_the_fastest_preset_is_used() -> None:
    assert EncoderChoice().preset(640, 360) == "superfast"


def test_this_host_can_be_measured_and_its_choice_encodes() -> None:
    choice = EncoderChoice.measure(cpus=2)
    assert tuple(choice.seconds_per_pixel) == PRESETS
    assert all(seconds > 0 for seconds in choice.seconds_per_pixel.values())
    assert choice.nvenc == (choice.note is None)
    encoder = choice.encoder("H264", RateControl(500_000))
    packet = encoder.encode(frame_of(np.full((48, 64), 9, np.uint8)))
    assert packet.is_keyframe
    assert encoder.name in {"NVENC", *(f"x264 {preset}" for preset in PRESETS)}
    assert choice.encoder("VP8", RateControl(500_000)).name == "libvpx VP8"
