"""Copying the sent frames causes no lost frames and no superfluous keyframes."""

import pytest

OBSERVED = """async () => {
    const { observed } = await import('/static/pairs/observed.js');
    const seen = [];
    const given = new ReadableStream({
        start(controller) {
            for (let chunk = 0; chunk < 5; chunk++) controller.enqueue(chunk);
            controller.close();
        },
    });
    const passed = [];
    await given.pipeThrough(observed((chunk) => {
        seen.push(chunk);
        if (chunk % 2) throw new Error('as the test wants');
    })).pipeTo(new WritableStream({ write: (chunk) => void passed.push(chunk) }));
    return { seen, passed };
}"""


def test_an_observer_that_fails_costs_no_frame(modules):
    assert modules.evaluate(OBSERVED) == {"seen": [0, 1, 2, 3, 4], "passed": [0, 1, 2, 3, 4]}


# A decoder that supports a codec or not, and fails or not; on a clock that the test moves.
DECODED = """async ({ supported, fails, frames, stepMs }) => {
    const { SentDecoder } = await import('/static/pairs/sent-decoder.js');
    let now = 0;
    performance.now = () => now;
    globalThis.EncodedVideoChunk = class { constructor(init) { Object.assign(this, init); } };
    globalThis.VideoDecoder = class {
        static isConfigSupported = async () => ({ supported });
        state = 'unconfigured';
        decodeQueueSize = 0;
        constructor(on) { this.on = on; }
        configure() { this.state = 'configured'; }
        close() { this.state = 'closed'; }
        decode(chunk) {
            if (fails) {
                this.close();
                this.on.error(new Error());
            } else this.on.output({ timestamp: chunk.timestamp });
        }
    };
    const posted = [];
    let requested = 0;
    let wantsKey = true;
    const decoder = new SentDecoder(
        ({ timestamp, frame }) => posted.push([timestamp, frame !== null]), () => { requested++; wantsKey = true; });
    const key = new Uint8Array([0x50, 0x2e, 0, 0x9d, 0x01, 0x2a, 0x80, 2, 0x68, 1]).buffer;
    for (let index = 0; index < frames; index++) {
        const type = wantsKey ? 'key' : 'delta';
        wantsKey = false;
        decoder.take({ timestamp: index, type, data: key });
        now += stepMs;
        await new Promise((resolve) => setTimeout(resolve));
    }
    return { posted, requested };
}"""


def test_sent_frames_are_decoded_from_the_first_frame_on(modules):
    done = modules.evaluate(DECODED, {"supported": True, "fails": False, "frames": 4, "stepMs": 33})
    assert done == {"posted": [[index, True] for index in range(4)], "requested": 0}


@pytest.mark.parametrize(("supported", "fails", "most"), [(False, False, 0), (True, True, 2)])
def test_a_codec_that_cannot_be_decoded_costs_no_keyframes(modules, supported, fails, most):
    # 100 s of a call, in which a keyframe every five seconds would be 20.
    done = modules.evaluate(DECODED, {"supported": supported, "fails": fails, "frames": 100, "stepMs": 1_000})
    assert done["requested"] <= most
    assert not any(decoded for _, decoded in done["posted"])
