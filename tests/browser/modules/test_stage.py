"""The stage's modules alone, in the browser, with synthetic frames, sizes and codecs."""

import pytest

_RING = """async (steps) => {
    const { FrameRing } = await import('/static/pairs/frame-ring.js');
    const ring = new FrameRing();
    const open = new Set();
    return steps.map(([act, timestamp]) => {
        if (act === 'add') {
            open.add(timestamp);
            const frame = { codedWidth: 1920, codedHeight: 1080, close: () => open.delete(timestamp) };
            ring.add({ timestamp, at: 0, frame });
        }
        if (act === 'clear') ring.clear();
        const taken = act === 'take' ? ring.take(timestamp) : null;
        return { taken: taken && [taken.sent.timestamp, taken.exact], open: [...open] };
    });
}"""

_CODEC = "async (bytes) => (await import('/static/pairs/codec-string.js')).codecString(new Uint8Array(bytes))"

_PLACE = """async ([look, frame, size, ratio]) =>
    (await import('/static/stage/zoom.js')).place(look, frame, size, ratio)"""

_PANNED = """async ([look, by, frame, size, ratio]) =>
    (await import('/static/stage/zoom.js')).panned(look, by, frame, size, ratio)"""

_ZOOMED = """async ([look, zoom, at, frame, size]) =>
    (await import('/static/stage/zoom.js')).zoomedAt(look, zoom, at, frame, size, 1)"""

_GESTURES = """async (events) => {
    const { Gestures } = await import('/static/stage/gestures.js');
    const region = document.createElement('div');
    region.setPointerCapture = () => {};
    const heard = [];
    new Gestures(region, {
        onPan: (by) => heard.push(['pan', ...by]),
        onStep: (by, at) => heard.push(['step', by, ...at]),
        onToggle: (at) => heard.push(['toggle', ...at]),
    });
    return events.map(([type, clientX, clientY, more]) => {
        heard.length = 0;
        const Kind = type.startsWith('pointer') ? PointerEvent : type === 'wheel' ? WheelEvent : MouseEvent;
        const event = new Kind(type, { clientX, clientY, cancelable: true, ...more });
        region.dispatchEvent(event);
        return [...heard, ...(event.defaultPrevented ? ['taken'] : [])];
    });
}"""

_DENSEST = """async ([width, height, [left, top, right, bottom], part]) => {
    const { densest } = await import('/static/stage/densest.js');
    const luma = new Float32Array(width * height).fill(100);
    for (let y = 0; y < height; y++) luma[y * width + 20] = 255; // a hard edge
    for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) luma[y * width + x] = x % 2 ? 90 : 110;
    }
    return densest(luma, width, part);
}"""

_FLIP = """async (events) => {
    const { flipButton } = await import('/static/stage/flip.js');
    const [button, panes] = [document.createElement('button'), document.createElement('div')];
    button.setPointerCapture = () => {};
    const flips = [];
    flipButton(button, panes, (flipped) => flips.push(flipped));
    for (const [place, type, key] of events) {
        const event = key ? new KeyboardEvent(type, { key, cancelable: true }) : new PointerEvent(type);
        (place === 'button' ? button : panes).dispatchEvent(event);
    }
    return flips;
}"""

_VARIANCE = """async ([rows, width]) => {
    const { laplacianVariance } = await import('/static/stage/sharpness.js');
    return laplacianVariance(new Uint8ClampedArray(rows.flatMap((grey) => [grey, grey, grey, 255])), width);
}"""

_PERCENTILES = """async ([samples, now]) => {
    const { RecentPercentiles } = await import('/static/stage/percentiles.js');
    const recent = new RecentPercentiles();
    for (const [at, value] of samples) recent.add(at, value);
    return recent.read(now);
}"""

_FORMATS = """async ([withAudio, supported]) => {
    const { recordingFormats } = await import('/static/saving/recording-format.js');
    return recordingFormats(withAudio, (type) => supported.some((part) => type.includes(part)));
}"""

_PRESENTED = """async (calls) => {
    const { PresentedFrames } = await import('/static/pairs/presented-frames.js');
    const open = new Set();
    let shown = 0;
    globalThis.VideoFrame = class {
        constructor() { this.timestamp = shown; open.add(shown); }
        close() { open.delete(this.timestamp); }
    };
    const video = {};
    const presented = new PresentedFrames(video);
    return calls.map(([current, told]) => {
        shown = current * 1e6;
        const taken = presented.take(told ?? undefined);
        const is = taken && (taken.frame === video ? 'video' : taken.frame.timestamp / 1e6);
        if (taken && taken.frame !== video) taken.frame.close();
        return [is, taken && taken.sure, open.size];
    });
}"""

_SIDE_BY_SIDE = """async (pairs) => {
    const { SideBySide } = await import('/static/saving/side-by-side.js');
    const grey = (level) => {
        const canvas = new OffscreenCanvas(2, 2);
        const context = canvas.getContext('2d');
        context.fillStyle = `rgb(${level} ${level} ${level})`;
        context.fillRect(0, 0, 2, 2);
        return new VideoFrame(canvas, { timestamp: 0 });
    };
    const create = document.createElement.bind(document);
    let canvas;
    document.createElement = (name) => (canvas = create(name));
    const sideBySide = new SideBySide([2, 2]);
    return pairs.map(([match, now, original, enhanced]) => {
        sideBySide.draw({ match, now, original: grey(original), enhanced: grey(enhanced) });
        const { data } = canvas.getContext('2d').getImageData(0, 0, 4, 1);
        return [data[0], data[12]];
    });
}"""

FRAME = {"left": 38.4, "top": 300.25, "width": 586, "height": 329.6}
WRAP = 2**32


def test_the_ring_returns_the_frame_of_a_timestamp_and_closes_earlier_frames(modules):
    steps = [["add", 100], ["add", 200], ["add", 300], ["take", 200], ["take", 250], ["take", 300], ["clear", 0]]
    taken = modules.evaluate(_RING, steps)
    # The caller closes a taken frame: 200 is still open, 100 is not.
    assert taken[3] == {"taken": [200, True], "open": [200, 300]}
    assert taken[4]["taken"] is None, "older frames are closed"
    assert taken[5]["taken"] == [300, True]


def test_the_ring_returns_the_nearest_earlier_frame_across_a_timestamp_wrap(modules):
    steps = [["add", WRAP - 3000], ["add", 0], ["take", 1500], ["add", 6000], ["clear", 0]]
    taken = modules.evaluate(_RING, steps)
    assert taken[2] == {"taken": [0, False], "open": [0]}
    assert taken[4]["open"] == [0]


def test_the_ring_is_bounded_by_memory(modules):
    kept = modules.evaluate(_RING, [["add", 3000 * number] for number in range(100)])[-1]["open"]
    assert 15 <= len(kept) <= 64 * 1024 * 1024 // (1920 * 1080 * 3 // 2)
    assert kept[-1] == 3000 * 99


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ([0x50, 0x2E, 0, 0x9D, 0x01, 0x2A, 0x80, 2, 0x68, 1], "vp8"),
        ([0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x1F, 0x8C], "avc1.42c01f"),
        ([0, 0, 0, 1, 0x09, 0xF0, 0, 0, 1, 0x67, 0x64, 0x00, 0x28, 0xAC], "avc1.640028"),
        ([0, 0, 0, 1, 0x65, 0x88, 0x84], None),
        ([0, 0, 1, 0x67, 0x42], None),
        ([], None),
    ],
    ids=["VP8", "H.264", "H.264 behind a delimiter", "without parameter sets", "cut off", "empty"],
)
def test_the_codec_is_read_from_the_keyframe(modules, frame, expected):
    assert modules.evaluate(_CODEC, frame) == expected


@pytest.mark.parametrize("ratio", [1, 1.25, 2, 3])
@pytest.mark.parametrize("zoom", [1, 2, 4])
def test_pixels_lie_on_whole_pixels_of_the_screen(modules, zoom, ratio):
    look = {"zoom": zoom, "centre": [0.31, 0.64]}
    box = modules.evaluate(_PLACE, [look, FRAME, [640, 360], ratio])
    assert box["width"] * ratio == pytest.approx(640 * zoom)
    for side in ("left", "top"):
        on_screen = (FRAME[side] + box[side]) * ratio
        assert on_screen == pytest.approx(round(on_screen), abs=1e-6)


def test_the_whole_frame_fits_in_the_middle(modules):
    box = modules.evaluate(_PLACE, [{"zoom": "fit", "centre": [0.9, 0.9]}, FRAME, [480, 360], 1])
    assert (box["width"], box["height"]) == pytest.approx((329.6 * 4 / 3, 329.6))
    assert box["left"] == pytest.approx((586 - box["width"]) / 2, abs=0.5)


def test_panning_stops_at_the_edge_and_reverses_at_once(modules):
    start = {"zoom": 2, "centre": [0.5, 0.5]}
    far = modules.evaluate(_PANNED, [start, [5000, 5000], FRAME, [640, 360], 1])
    assert far["centre"] == pytest.approx([1 - 586 / 1280 / 2, 1 - 329.6 / 720 / 2])
    back = modules.evaluate(_PANNED, [far, [-128, 0], FRAME, [640, 360], 1])
    assert back["centre"][0] == pytest.approx(far["centre"][0] - 0.1)
    narrow = modules.evaluate(_PANNED, [{"zoom": 1, "centre": [0.5, 0.5]}, [50, 50], FRAME, [320, 180], 1])
    assert narrow["centre"] == [0.5, 0.5]


def test_zooming_keeps_the_point_below_the_pointer(modules):
    whole = {"zoom": "fit", "centre": [0.5, 0.5]}
    at = [400, 150]
    before = modules.evaluate(_PLACE, [whole, FRAME, [640, 360], 1])
    close = modules.evaluate(_ZOOMED, [whole, 2, at, FRAME, [640, 360]])
    after = modules.evaluate(_PLACE, [close, FRAME, [640, 360], 1])
    for axis, (side, length) in enumerate((("left", "width"), ("top", "height"))):
        points = [(at[axis] - box[side]) / box[length] for box in (before, after)]
        assert points[1] == pytest.approx(points[0], abs=0.002)  # whole pixels
    assert modules.evaluate(_ZOOMED, [close, "fit", at, FRAME, [640, 360]])["centre"] == [0.5, 0.5]


def test_one_pointer_pans_two_zoom_and_the_wheel_zooms_with_ctrl_only(modules):
    first, second = {"pointerId": 1}, {"pointerId": 2}
    heard = modules.evaluate(
        _GESTURES,
        [
            ["pointermove", 90, 90, first],
            ["pointerdown", 100, 100, first],
            ["pointermove", 90, 105, first],
            ["pointerdown", 190, 105, second],
            ["pointermove", 230, 105, second],
            ["pointerup", 230, 105, second],
            ["pointermove", 80, 105, first],
            ["pointercancel", 80, 105, first],
            ["pointermove", 70, 105, first],
            ["wheel", 5, 6, {"deltaY": -100}],
            ["wheel", 5, 6, {"deltaY": -25, "ctrlKey": True}],
            ["wheel", 5, 6, {"deltaY": -25, "ctrlKey": True}],
            ["dblclick", 7, 8, {}],
        ],
    )
    assert heard == [
        [],
        [],
        [["pan", 10, -5]],
        [],
        [["pan", -20, 0], ["step", 1, 160, 105]],
        [],
        [["pan", 10, 0]],
        [],
        [],
        [],  # the page scrolls
        ["taken"],
        [["step", 1, 5, 6], "taken"],
        [["toggle", 7, 8]],
    ]


def test_the_part_with_most_detail_is_found_and_an_edge_is_none(modules):
    x, y = modules.evaluate(_DENSEST, [640, 360, [400, 200, 500, 280], [160, 96]])
    assert (640 * x, 360 * y) == (pytest.approx(450, abs=40), pytest.approx(240, abs=30))
    assert modules.evaluate(_DENSEST, [64, 32, [0, 0, 8, 8], [900, 900]]) == [0.5, 0.5]


def test_the_original_is_shown_while_a_button_or_key_is_held(modules):
    for events in (
        [["button", "pointerdown", None], ["button", "pointerup", None]],
        [["panes", "keydown", "b"], ["panes", "keydown", "b"], ["panes", "keyup", "b"]],
        [["button", "keydown", " "], ["button", "blur", None]],
    ):
        assert modules.evaluate(_FLIP, [*events, ["panes", "keydown", "x"]]) == [True, False], events


def test_sharpness_is_the_variance_of_the_laplacian(modules):
    flat = [100] * 25
    dot = [*flat[:12], 110, *flat[13:]]
    assert modules.evaluate(_VARIANCE, [flat, 5]) == pytest.approx(0, abs=1e-3)
    # Of the nine inner pixels the dot itself has -40, its four neighbours 10, the corners 0.
    assert modules.evaluate(_VARIANCE, [dot, 5]) == pytest.approx(2000 / 9, rel=1e-3)


def test_percentiles_are_of_the_last_seconds(modules):
    samples = [[0, 9000], *([1000 + at, at] for at in range(1, 101))]
    assert modules.evaluate(_PERCENTILES, [samples, 5500]) == {"p50": 50, "p95": 95}
    assert modules.evaluate(_PERCENTILES, [samples, 60_000]) == {"p50": None, "p95": None}


def test_formats_are_those_that_the_browser_has(modules):
    chromium = modules.evaluate(_FORMATS, [True, ["avc1.640034,opus", "vp8"]])
    assert [(format["container"], format["mimeType"]) for format in chromium] == [
        ("mp4", 'video/mp4;codecs="avc1.640034,opus"'),
        ("webm", 'video/webm;codecs="vp8,opus"'),
    ]
    silent = modules.evaluate(_FORMATS, [False, ["webm"]])
    assert [format["mimeType"] for format in silent] == ['video/webm;codecs="vp8"']
    assert modules.evaluate(_FORMATS, [True, []]) == []


def test_a_frame_newer_than_the_presented_one_waits_for_its_own_callback(modules):
    calls = [[1.0, 1.0], [3.0, 2.0], [4.0, 3.0], [4.0, 4.0]]
    assert modules.evaluate(_PRESENTED, calls) == [[1, True, 0], [None, None, 1], [3, True, 1], [4, True, 0]]


def test_the_video_itself_is_shown_if_no_stored_frame_matches(modules):
    told = modules.evaluate(_PRESENTED, [[number, number + 0.5] for number in range(12)] + [[20, 20]])
    assert [taken[0] for taken in told] == [None] * 10 + ["video"] * 2 + [20]
    assert max(open_ for _, _, open_ in told) == 1
    assert modules.evaluate(_PRESENTED, [[1.0, None]]) == [["video", False, 0]]


def test_without_media_times_the_shown_frame_is_the_presented_one(modules):
    # Firefox: always 0.
    assert modules.evaluate(_PRESENTED, [[1.0, 0], [3.0, 0]]) == [[1, True, 0], [3, True, 0]]


def test_a_recording_leaves_out_two_frames_that_are_only_close_in_time_unless_it_would_stand_still(modules):
    pairs = [
        ["near", 0, 10, 20],
        ["exact", 100, 50, 60],
        ["near", 1_900, 70, 80],
        ["exact", 1_950, 90, 100],
        ["near", 3_900, 110, 120],
        ["near", 3_960, 130, 140],
        ["exact", 4_000, 150, 160],
        ["camera", 4_030, 170, 180],
    ]
    recorded = [[10, 20], [50, 60], [50, 60], [90, 100], [90, 100], [130, 140], [150, 160], [170, 180]]
    for is_drawn, levels in zip(modules.evaluate(_SIDE_BY_SIDE, pairs), recorded, strict=True):
        assert is_drawn == pytest.approx(levels, abs=1)
