"""The bit rate of a bad line."""

BITRATES = """async (asked) => {
    const { PRESETS, bitrateOf } = await import('/static/uplink/presets.js');
    return asked.map(([preset, size, framerate]) => bitrateOf(PRESETS[preset], { size, framerate }));
}"""
EXPECTED = {
    ("good", (640, 360), 30): None,
    ("low", (640, 360), 30): 345_600,
    ("low", (1280, 720), 30): 1_382_400,
    ("low", (1280, 720), 15): 691_200,
    ("half", (1280, 720), 30): 345_600,
    ("half", (320, 180), 10): 30_000,
}


def test_a_bad_line_has_few_bits_for_each_pixel_at_every_size(modules):
    assert modules.evaluate(BITRATES, list(EXPECTED)) == list(EXPECTED.values())
