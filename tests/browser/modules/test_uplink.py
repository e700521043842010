"""The bit rate of a bad line."""

import pytest

BITRATE = """async ([line, video]) => (await import('/static/uplink/presets.js')).bitrateOf(line, video)"""
PRESETS = """async () => (await import('/static/uplink/presets.js')).PRESETS"""


@pytest.mark.parametrize(
    ("preset", "size", "framerate", "bitrate"),
    [
        ("good", [640, 360], 30, None),
        ("low", [640, 360], 30, 345_600),
        ("low", [1280, 720], 30, 1_382_400),
        ("low", [1280, 720], 15, 691_200),
        ("half", [1280, 720], 30, 345_600),
        ("half", [320, 180], 10, 30_000),
    ],
)
def test_a_bad_line_has_few_bits_for_each_pixel_at_every_size(modules, preset, size, framerate, bitrate):
    line = modules.evaluate(PRESETS)[preset]
    assert modules.evaluate(BITRATE, [line, {"size": size, "framerate": framerate}]) == bitrate
