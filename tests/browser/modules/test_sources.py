"""Cameras, microphones and filters, granted by a simulated browser in the order that the test sets."""

import pytest

# A browser that grants each request for a device when it is told to, in any order.
GRANTS = """
    const tracks = [];
    const requests = [];
    const made = (kind) => {
        const stream = kind === 'audio'
            ? new AudioContext().createMediaStreamDestination().stream
            : Object.assign(document.createElement('canvas'), { width: 64, height: 36 }).captureStream(0);
        tracks.push(stream.getTracks()[0]);
        return stream;
    };
    navigator.mediaDevices.getUserMedia = ({ audio }) => new Promise((resolve, reject) => {
        const kind = audio ? 'audio' : 'video';
        requests.push({
            grant: () => resolve(made(kind)),
            deny: (name) => reject(new DOMException('as the test wants', name)),
        });
    });
    const turn = () => new Promise((resolve) => setTimeout(resolve));
    const live = () => tracks.filter(({ readyState }) => readyState === 'live').length;
"""

MICROPHONE = f"""async (steps) => {{
    const {{ Microphone }} = await import('/static/sources/microphone.js');
    {GRANTS}
    const [sent, errors] = [[], []];
    let lost = 0;
    const microphone = new Microphone({{
        onTrack: (track) => sent.push(track && tracks.indexOf(track)),
        onLost: () => lost++,
    }});
    for (const step of steps) {{
        if (step === 'on') microphone.open().catch(({{ code }}) => errors.push(code));
        else if (step === 'off') microphone.close();
        else if (step === 'unplug') {{
            tracks.at(-1).stop();
            tracks.at(-1).dispatchEvent(new Event('ended'));
        }} else requests[step[1]][step[0]](step[2]);
        await turn();
    }}
    return {{ sent, errors, lost, live: live(), on: microphone.track !== null }};
}}"""


@pytest.mark.parametrize(
    ("steps", "sent", "live"),
    [
        (["on", ["grant", 0]], [0], 1),
        (["on", "off", ["grant", 0]], [], 0),
        (["on", "off", "on", ["grant", 0], ["grant", 1]], [1], 1),
        (["on", "off", "on", ["grant", 1], ["grant", 0]], [0], 1),
        (["on", "off", "on", ["grant", 1], ["grant", 0], "off"], [0, None], 0),
        (["on", ["grant", 0], "off", "on", ["grant", 1], "off"], [0, None, 1, None], 0),
        (["on", "off", ["deny", 0, "NotAllowedError"]], [], 0),
    ],
)
def test_the_microphone_is_live_only_while_it_is_switched_on(modules, steps, sent, live):
    done = modules.evaluate(MICROPHONE, steps)
    assert (done["sent"], done["live"], done["on"]) == (sent, live, live == 1)
    assert done["errors"] == []


def test_a_microphone_that_is_denied_rejects(modules):
    assert modules.evaluate(MICROPHONE, ["on", ["deny", 0, "NotAllowedError"]])["errors"] == ["microphone-denied"]


def test_a_microphone_that_ends_by_itself_is_reported_and_can_be_switched_on_again(modules):
    done = modules.evaluate(MICROPHONE, ["on", ["grant", 0], "unplug", "on", ["grant", 1]])
    assert (done["lost"], done["sent"], done["live"]) == (1, [0, None, 1], 1)


PICTURE = f"""async (steps) => {{
    const {{ OutgoingVideo }} = await import('/static/sources/outgoing-video.js');
    {GRANTS}
    const [sent, results] = [[], []];
    const outgoing = new OutgoingVideo({{
        onTrack: (track) => sent.push(tracks.indexOf(track)), onLost: () => {{}}, onSoftenFailed: () => {{}},
    }});
    const call = new AbortController();
    const settings = {{ kind: 'camera', deviceId: '', file: null, size: [64, 36], framerate: 5 }};
    for (const step of steps) {{
        if (step === 'open') {{
            const at = results.push('pending') - 1;
            outgoing.open(settings, call.signal).then(
                () => (results[at] = 'opened'),
                (error) => (results[at] = error instanceof DOMException ? error.name : error.code));
        }} else if (step === 'stop') {{
            call.abort();
            outgoing.close();
        }} else requests[step[1]][step[0]](step[2]);
        await turn();
    }}
    return {{ sent, results, live: live() }};
}}"""


@pytest.mark.parametrize(
    ("steps", "sent", "results", "live"),
    [
        (["open", "open", ["grant", 0], ["grant", 1]], [1], ["opened", "opened"], 1),
        (["open", "open", ["grant", 1], ["grant", 0]], [0], ["opened", "opened"], 1),
        (["open", "open", ["grant", 1]], [0], ["opened", "opened"], 1),
        (["open", "stop"], [], ["AbortError"], 0),
        (["open", ["grant", 0], "open", ["grant", 1]], [0, 1], ["opened", "opened"], 1),
        (["open", "open", ["grant", 1], ["grant", 0], "stop"], [0], ["opened", "opened"], 0),
        (["open", "stop", ["grant", 0]], [], ["AbortError"], 0),
        (["open", ["grant", 0], "open", ["deny", 1, "NotFoundError"]], [0], ["opened", "no-camera"], 1),
    ],
)
def test_the_camera_chosen_last_is_sent_and_every_other_one_is_closed(modules, steps, sent, results, live):
    # Tracks count from 0 in the order in which they were granted.
    assert modules.evaluate(PICTURE, steps) == {"sent": sent, "results": results, "live": live}


# A canvas that is drawn on all the time is the camera.
SOFTENED = """async ({ by, breaks, size }) => {
    if (by === 'canvas') delete globalThis.MediaStreamTrackProcessor;
    const { OutgoingVideo } = await import('/static/sources/outgoing-video.js');
    const canvas = Object.assign(document.createElement('canvas'), { width: size[0], height: size[1] });
    const context = canvas.getContext('2d');
    const drawing = setInterval(() => context.fillRect(Math.random() * 99, 0, 9, 9), 30);
    const camera = canvas.captureStream(30).getVideoTracks()[0];
    camera.getSettings = () => ({});
    navigator.mediaDevices.getUserMedia = async () => new MediaStream([camera]);
    let failures = 0;
    const sent = [];
    const outgoing = new OutgoingVideo({
        onTrack: (track) => sent.push(track), onLost: () => {}, onSoftenFailed: () => failures++,
    });
    outgoing.soften(2);
    const settings = { kind: 'camera', deviceId: '', file: null, size, framerate: 30 };
    await outgoing.open(settings, new AbortController().signal);
    if (breaks) {
        for (const { prototype } of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
            prototype.drawImage = () => { throw new Error('as the test wants'); };
        }
    }
    const video = Object.assign(document.createElement('video'), { muted: true });
    const frames = async () => {
        video.srcObject = new MediaStream([sent.at(-1)]);
        await video.play();
        let count = 0;
        for (const until = performance.now() + 3_000; count < 3 && performance.now() < until;) {
            await new Promise((resolve) => {
                video.requestVideoFrameCallback(() => { count++; resolve(); });
                setTimeout(resolve, 500);
            });
        }
        return count;
    };
    if (breaks) for (let i = 0; i < 100 && !failures; i++) await new Promise((resolve) => setTimeout(resolve, 30));
    const result = { frames: await frames(), failures, camera: sent.at(-1) === camera };
    clearInterval(drawing);
    outgoing.close();
    return { ...result, size: [video.videoWidth, video.videoHeight] };
}"""


@pytest.mark.parametrize("by", ["frames", "canvas"])
def test_a_softened_camera_keeps_its_size_whatever_its_settings_tell(modules, by):
    done = modules.evaluate(SOFTENED, {"by": by, "breaks": False, "size": [480, 270]})
    assert done == {"frames": 3, "failures": 0, "camera": False, "size": [480, 270]}


@pytest.mark.parametrize("by", ["frames", "canvas"])
def test_if_softening_fails_the_camera_is_sent_unchanged(modules, by):
    done = modules.evaluate(SOFTENED, {"by": by, "breaks": True, "size": [480, 270]})
    assert done == {"frames": 3, "failures": 1, "camera": True, "size": [480, 270]}
