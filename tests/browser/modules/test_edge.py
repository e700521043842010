"""Enhancement on the viewer's device: the same results as the server's."""

import base64
import random
from fractions import Fraction

import av
import numpy as np
import pytest

from acutance.model.bitstream.vp8_header import _AC
from acutance.model.engine.engine import Engine
from acutance.model.hints import Hints, fill
from acutance.model.sharpness import detail_ratio
from acutance.server.video.resizer import Resizer
from tests.root import ROOT

runtime = pytest.mark.skipif(
    not (ROOT / "static/edge/runtime/version.txt").is_file(), reason="no runtime for browsers: make edge installs it"
)

# Bytes go to the page and back as Base64.
BYTES = """
    const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const textOf = (bytes) => {
        let text = '';
        for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
        return btoa(text);
    };
"""
CODES = "async (all) => { const { codesOf } = await import('/static/edge/hints.js'); return all.map(codesOf); }"
PLANE = f"""async ([luma, width, height, codes]) => {{
    {BYTES}
    const {{ detailRatio, fill }} = await import('/static/edge/hints.js');
    const plane = new Uint8Array(width * height);
    fill(plane, width, codes);
    return [detailRatio(bytesOf(luma), width, height), textOf(plane)];
}}"""
ENLARGE = f"""async ([plane, from, to]) => {{
    {BYTES}
    const {{ enlarge }} = await import('/static/edge/enlarge.js');
    return textOf(enlarge(bytesOf(plane), from, to));
}}"""
CODING = """async (pairs) => {
    const { Codings } = await import('/static/edge/coding.js');
    return Promise.all(pairs.map(async ([codec, quantiser, qpSum = true]) => {
        const codings = new Codings();
        const sender = (frames) => ({ getStats: async () => new Map(Object.entries({
            video: { type: 'outbound-rtp', kind: 'video', framesEncoded: frames, qpSum: 24 * frames },
        })) });
        const report = (frames) => ({ getStats: async () => new Map(Object.entries({
            codec: { id: 'codec', mimeType: codec },
            video: { type: 'inbound-rtp', kind: 'video', codecId: 'codec', framesDecoded: frames,
                bytesReceived: 1000 * frames, frameWidth: 100, frameHeight: 40,
                ...(qpSum ? { qpSum: quantiser * frames } : {}) },
        })) });
        const read = (frames, sent) => codings.read(report(frames), sent ? sender(sent) : null);
        return [await read(2, 3), await read(2, 3), await read(7, 13)];
    }));
}"""
SHARPEN = f"""async ([name, luma, width, height, hints, strength]) => {{
    {BYTES}
    const {{ Student }} = await import('/static/edge/student.js');
    const student = await Student.open(name, false);
    const sharpened = await student.sharpen(bytesOf(luma), width, height, hints, strength);
    await student.close();
    return [textOf(sharpened), student.provider];
}}"""
# A frame through the worker: as planes, or as a picture in RGB.
WORKER = f"""async ([planes, width, height, size, form]) => {{
    {BYTES}
    const colorSpace = {{ matrix: 'smpte170m', primaries: 'smpte170m', transfer: 'smpte170m', fullRange: false }};
    const init = {{ format: 'I420', codedWidth: width, codedHeight: height, timestamp: 7, colorSpace }};
    let frame = new VideoFrame(bytesOf(planes), init);
    if (form === 'bitmap') frame = await createImageBitmap(frame);
    const worker = new Worker('/static/edge/worker.js', {{ type: 'module' }});
    const next = () => new Promise((resolve, reject) => {{
        worker.onmessage = ({{ data }}) => resolve(data);
        worker.onerror = (event) => reject(event.message);
    }});
    const ready = await next();
    if (ready.failure) return ready;
    worker.postMessage({{ frame, size, coding: {{ step: 20, bits: 0.05 }}, strength: 1 }}, [frame]);
    const {{ frame: done, failure }} = await next();
    worker.terminate();
    if (failure) return {{ failure }};
    if (form === 'bitmap') {{
        const context = new OffscreenCanvas(done.width, done.height).getContext('2d');
        context.drawImage(done, 0, 0);
        return {{ data: textOf(context.getImageData(0, 0, done.width, done.height).data) }};
    }}
    const data = new Uint8Array(done.allocationSize());
    await done.copyTo(data);
    return {{ data: textOf(data), timestamp: done.timestamp, colours: done.colorSpace.toJSON(),
        size: [done.codedWidth, done.codedHeight] }};
}}"""
EDGE = """async () => {
    const posted = [];
    window.Worker = class extends EventTarget {
        postMessage(order) { posted.push(order.frame); }
        terminate() { this.ended = true; }
        answer(data) { this.dispatchEvent(new MessageEvent('message', { data })); }
    };
    const made = [];
    const open = new Set();
    const frame = (name) => {
        const one = { name, clone: () => frame(`${name}'`), close: () => open.delete(one) };
        open.add(one);
        return one;
    };
    const { Edge } = await import('/static/edge/edge.js');
    const shown = [];
    let ready = null;
    let failed = null;
    const Real = window.Worker;
    window.Worker = class extends Real { constructor(...values) { super(...values); made.push(this); } };
    const edge = new Edge({
        onPair: (pair) => shown.push([pair.original.name, pair.enhanced.name, pair.roundTrip >= 40]),
        onReady: (provider) => { ready = provider; },
        onFailed: (reason) => { failed = reason; },
    });
    const [worker] = made;
    worker.answer({ provider: 'WebGPU' });
    for (const name of ['1', '2', '3']) {
        const [original, enhanced] = [frame(`sent ${name}`), frame(name)];
        await edge.take({ original, enhanced, now: performance.now(), roundTrip: 40, match: 'exact', presented: 1 });
        original.close();
        enhanced.close();
    }
    for (const name of ['one', 'three']) worker.answer({ frame: frame(name), ms: 9 });
    // A transferred frame needs no close: the double does.
    posted.forEach((each) => open.delete(each));
    const times = edge.times(performance.now());
    const before = { posted: posted.map(({ name }) => name), shown, open: open.size, ready, times };
    worker.answer({ failure: 'out of memory' });
    return { ...before, failed, ended: worker.ended };
}"""

PANEL = """async (seconds) => {
    const workers = [];
    window.Worker = class extends EventTarget {
        constructor() { super(); workers.push(this); }
        postMessage() {}
        terminate() {}
    };
    window.fetch = async () => ({ ok: true });
    const { EdgePanel } = await import('/static/edge/panel.js');
    let changes = 0;
    const stage = { treat: null, show() {} };
    const panel = new EdgePanel(stage, () => { changes++; });
    const [toggle, message, back] = ['edge', 'edge-message', 'edge-back'].map((id) => document.getElementById(id));
    toggle.click();
    while (workers.length < 2) await new Promise((resolve) => setTimeout(resolve, 10)); // the page has a panel, too
    const loading = [message.textContent, panel.active];
    const answer = (data) => workers.forEach((each) => each.dispatchEvent(new MessageEvent('message', { data })));
    answer({ provider: 'WebGPU' });
    const now = performance.now();
    const shown = [];
    for (const [at, ms, displayedFps, returned] of seconds) {
        performance.now = () => now + at;
        const frame = { clone: () => frame, close() {} };
        if (ms) {
            await stage.treat({ original: null, enhanced: frame, now: at, roundTrip: null });
            answer({ frame, ms });
        }
        const measured = { displayedFps, fidelity: { before: 20, after: 25 } };
        const situation = { connection: null, size: [640, 360], strength: 1 };
        await panel.show({ stage: measured, flows: { returned }, server: null }, situation);
        shown.push([message.textContent, back.hidden]);
    }
    const text = (name) => document.getElementById(`edge-device-${name}`).textContent;
    const device = ['fps', 'psnr', 'provider'].map(text);
    const active = panel.active;
    back.click();
    return { loading, shown, device, active, after: [panel.active, toggle.checked, changes] };
}"""


def picture(width: int, height: int, seed: int = 1) -> np.ndarray:
    """Return a luma plane with edges, texture and noise, uint8 [H, W]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = 120 + 60 * np.sin(x / 3) * np.cos(y / 5) + 40 * ((x // 16 + y // 16) % 2)
    return np.clip(waves + rng.normal(0, 6, (height, width)), 16, 235).astype(np.uint8)


def resized(luma: np.ndarray, chroma: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return the planes of a frame as the server resizes it, uint8 [H * 3 / 2, W]."""
    frame = av.VideoFrame.from_ndarray(np.concatenate([luma, chroma.reshape(-1, luma.shape[1])]), "yuv420p")
    frame.pts, frame.time_base = 0, Fraction(1, 90_000)
    return Resizer().resize(frame, width, height).to_ndarray()


def text(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def plane(words: str, height: int, width: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(words), np.uint8).reshape(height, width)


def fields(hints: Hints) -> dict[str, float]:
    return {name: getattr(hints, name) for name in ("step", "bits", "reduction", "sharpness")}


def test_hints_have_the_codes_of_the_server(modules):
    drawn = random.Random(3)
    hints = [
        Hints(drawn.choice((0.0, drawn.uniform(0, 250))), drawn.uniform(0, 0.4), drawn.uniform(0.5, 5), drawn.random())
        for _ in range(200)
    ]
    codes = modules.evaluate(CODES, [fields(each) for each in hints])
    assert [tuple(each) for each in codes] == [each.codes for each in hints]


@pytest.mark.parametrize(("width", "height"), [(64, 36), (70, 48), (6, 2)])
def test_sharpness_and_the_plane_of_hints_are_those_of_the_server(modules, width, height):
    luma, hints = picture(width, height), Hints(12.0, 0.05, 2.0, 0.4)
    expected = np.empty((height, width), np.uint8)
    fill(expected, hints)
    ratio, filled = modules.evaluate(PLANE, [text(luma), width, height, list(hints.codes)])
    assert ratio == pytest.approx(detail_ratio(luma))
    assert np.array_equal(plane(filled, height, width), expected)


@pytest.mark.parametrize("target", [(128, 72), (96, 54), (160, 90)])
def test_frames_are_enlarged_as_by_the_server(modules, target):
    small = picture(64, 36)
    expected = resized(small, np.full((36, 32), 128, np.uint8), *target)[: target[1]]
    enlarged = plane(modules.evaluate(ENLARGE, [text(small), [64, 36], list(target)]), target[1], target[0])
    assert np.abs(enlarged.astype(int) - expected).max() <= 2


def test_the_coding_of_frames_follows_the_statistics(modules):
    asked = [("video/VP8", index) for index in range(128)] + [("video/H264", qp) for qp in (0, 24, 30, 51)]
    steps = [step / 2 for step in _AC] + [0.625, 10.0, 20.0, 0.625 * 2 ** (51 / 6)]
    for (first, none, coding), step in zip(modules.evaluate(CODING, asked), steps, strict=True):
        assert (first, none) == (None, None)
        assert coding["step"] == pytest.approx(step)
        assert coding["bits"] == pytest.approx(2.0)
    # Firefox: the quantiser of the sent frames, of which some more have been sent than received.
    assert modules.evaluate(CODING, [("video/H264", 9, False)])[0][2]["step"] == pytest.approx(10.0)
    unknown = modules.evaluate(CODING.replace("sender(sent) : null", "null : null"), [("video/VP8", 9, False)])
    assert unknown[0][2]["step"] == 0


@runtime
@pytest.mark.parametrize(
    ("name", "size", "hints", "strength"),
    [
        ("nano", (640, 360), Hints(24.0, 0.05, 1.0, 0.4), 1.0),
        ("nano", (161, 91), Hints(60.0, 0.02, 1.0, 0.3), 1.5),
        ("nano-enlarged", (320, 180), Hints(24.0, 0.05, 2.0, 0.2), 1.0),
    ],
)
def test_a_student_has_the_result_of_the_server(modules, name, size, hints, strength):
    luma = picture(*size)
    expected = Engine.open(name, "cpu", threads=1).sharpen(luma, hints=hints, strength=strength)
    words, provider = modules.evaluate(SHARPEN, [name, text(luma), *size, fields(hints), strength])
    assert provider == "WebAssembly \N{MULTIPLICATION SIGN} 1"
    sharpened = plane(words, size[1], size[0])
    assert np.abs(sharpened.astype(int) - expected).max() <= 1
    assert np.abs(expected.astype(int) - luma).max() > 8


@runtime
def test_a_graphics_processor_has_the_result_of_the_server(browser, chromium_program, site):
    # An emulated one, which the page would not use.
    options = (
        "--enable-unsafe-webgpu",
        "--use-webgpu-adapter=swiftshader",
        "--enable-features=Vulkan",
        "--no-first-run",
    )
    emulated = browser.browser_type.launch(executable_path=chromium_program, args=options, chromium_sandbox=False)
    tab = emulated.new_page()
    tab.goto(site)
    try:
        if not tab.evaluate("navigator.gpu?.requestAdapter().then(Boolean) ?? false"):
            pytest.skip("this browser emulates no graphics processor for WebGPU")
        tab.evaluate("Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false })")
        luma, hints = picture(128, 72), Hints(24.0, 0.05, 1.0, 0.4)
        words, provider = tab.evaluate(
            SHARPEN.replace("(name, false)", "(name)"), ["nano", text(luma), 128, 72, fields(hints), 1.0]
        )
    finally:
        emulated.close()
    assert provider == "WebGPU"
    expected = Engine.open("nano", "cpu", threads=1).sharpen(luma, hints=hints)
    assert np.abs(plane(words, 72, 128).astype(int) - expected).max() <= 1


@runtime
@pytest.mark.parametrize(("size", "student"), [((128, 72), "nano"), ((64, 36), "nano-enlarged")])
def test_the_worker_changes_only_luma(modules, size, student):
    width, height = size
    luma, chroma = picture(width, height), picture(width // 2, height)
    done = modules.evaluate(
        WORKER, [text(np.concatenate([luma.ravel(), chroma.ravel()])), width, height, [128, 72], "planes"]
    )
    assert "failure" not in done, done
    assert done["size"] == [128, 72]
    assert (done["timestamp"], done["colours"]["fullRange"], done["colours"]["matrix"]) == (7, False, "smpte170m")
    data = np.frombuffer(base64.b64decode(done["data"]), np.uint8)
    sized = resized(luma, chroma, 128, 72)
    ratio = 128 / width
    hints = Hints(20.0, 0.05, ratio, detail_ratio(np.ascontiguousarray(sized[:72])))
    expected = Engine.open(student, "cpu", threads=1).sharpen(np.ascontiguousarray(sized[:72]), hints=hints)
    # Enlarged frames may differ by the rounding of both filters, which a student sharpens.
    far = np.abs(data[: 128 * 72].reshape(72, 128).astype(int) - expected).max()
    assert far <= (1 if ratio == 1 else 6)
    if ratio == 1:
        assert np.array_equal(data[128 * 72 :], sized[72:].ravel())


@runtime
def test_a_frame_without_planes_is_enhanced_in_its_colours(modules):
    luma, grey = picture(128, 72), np.full(64 * 36 * 2, 128, np.uint8)
    planes = text(np.concatenate([luma.ravel(), grey]))
    done = modules.evaluate(WORKER, [planes, 128, 72, [128, 72], "bitmap"])
    assert "failure" not in done, done
    rgb = np.frombuffer(base64.b64decode(done["data"]), np.uint8).reshape(72, 128, 4)[..., :3].astype(float)
    hints = Hints(20.0, 0.05, 1.0, detail_ratio(luma))
    expected = Engine.open("nano", "cpu", threads=1).sharpen(luma, hints=hints)
    full = np.clip((expected.astype(float) - 16) * 255 / 219, 0, 255)
    assert np.abs(rgb.mean(axis=2) - full).max() <= 4
    assert np.ptp(rgb, axis=2).max() <= 2  # grey stays grey


def test_the_newest_frame_waits_and_all_others_are_closed(modules):
    seen = modules.evaluate(EDGE)
    assert seen["posted"] == ["1'", "3'"]
    assert seen["shown"] == [["sent 1'", "one", True], ["sent 3'", "three", True]]
    assert seen["open"] == 0
    assert seen["ready"] == "WebGPU"
    assert seen["times"]["p50"] == 9
    assert (seen["failed"], seen["ended"]) == ("out of memory", True)


def test_a_device_that_is_too_slow_says_so_and_offers_the_server(modules):
    seconds = [
        [1_000, None, 3, 30],
        [6_000, None, 9, 30],
        [7_000, None, 16, 30],
        [8_000, None, 5, 5],
        [9_000, 400, 2, 4],
    ]
    seen = modules.evaluate(PANEL, seconds)
    assert seen["loading"] == ["Loading the student and its runtime\N{HORIZONTAL ELLIPSIS}", False]
    slow = "Too slow: this device enhances 9 of 30 frames per second, fewer than 15."
    busy = "Too slow: this device enhances 2 of 4 frames per second, fewer than 15."
    # At the start nothing is known; then the connection is slow; then the device, which has no time for the connection.
    assert seen["shown"] == [["", True], [slow, False], ["", True], ["", True], [busy, False]]
    assert seen["device"] == ["2", "25.0 dB", "WebGPU"]
    assert seen["active"]
    assert seen["after"] == [False, False, 2]
