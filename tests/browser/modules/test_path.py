"""The watch over the network path, with a clock of the test; and the descriptions that an ICE restart exchanges."""

import pytest

# `video` and `reports` are lists of [from, interval] in milliseconds; an interval of 0 is a pause. Nothing arrives from
# `broken` on, until a restart repairs the path. `restarts` says how each restart ends: with an error code, or with the
# milliseconds after which packets arrive again, or null for never.
WATCH = """async ({ video, reports, broken, restarts, suspected, until }) => {
    const [{ PathWatch }, { CallError }] = await Promise.all(
        ['path-watch', 'call-error'].map((name) => import(`/static/call/${name}.js`)));
    let [time, repaired] = [0, Infinity];
    const [events, over] = [[], new AbortController()];
    const arrives = (at) => at < broken || at >= repaired;
    const count = (table) => {
        let sum = 0;
        for (const [i, [from, interval]] of table.entries()) {
            const to = Math.min(table[i + 1]?.[0] ?? Infinity, time + 1);
            for (let at = from; interval > 0 && at < to; at += interval) sum += arrives(at);
        }
        return sum;
    };
    const watch = new PathWatch({
        frame: () => count(video),
        received: async () => 1000 * count(video) + 100 * count(reports),
        restart: async () => {
            events.push(['restart', time]);
            const end = restarts.shift();
            if (typeof end === 'string') throw new CallError(end);
            if (typeof end === 'number') repaired = time + end;
        },
        onBroken: (value) => events.push([value ? 'broken' : 'whole', time]),
        pause: async (ms) => {
            time += ms;
            if (time >= suspected) {
                watch.suspect();
                suspected = Infinity;
            }
            if (time >= until) over.abort();
        },
        now: () => time,
    });
    try {
        await watch.run(over.signal);
    } catch ({ code }) {
        events.push([code, time]);
    }
    return events;
}"""
NEVER = 1_000_000


def events(
    modules, *, video=((0, 40),), reports=((0, 1000),), broken=NEVER, restarts=(), suspected=NEVER, until=12_000
):
    return modules.evaluate(
        WATCH,
        {
            "video": [list(entry) for entry in video],
            "reports": [list(entry) for entry in reports],
            "broken": broken,
            "restarts": list(restarts),
            "suspected": suspected,
            "until": until,
        },
    )


def test_a_path_that_works_is_left_alone(modules):
    assert events(modules) == []


def test_a_broken_path_is_repaired_within_a_second_and_nobody_is_alarmed(modules):
    ((event, at),) = events(modules, broken=2_000, restarts=[100])
    assert event == "restart"
    assert 2_500 < at < 3_000


def test_a_video_that_pauses_while_reports_arrive_is_no_broken_path(modules):
    assert events(modules, video=[[0, 40], [3_000, 0]], reports=[[0, 200]]) == []


def test_a_video_of_two_frames_per_second_is_no_broken_path(modules):
    assert events(modules, video=[[0, 500]]) == []


def test_without_video_a_broken_path_is_noticed_later(modules):
    got = events(modules, video=[[0, 0]], broken=3_100, restarts=[100])
    assert [event for event, _ in got] == ["restart", "broken", "whole"]
    assert 5_400 < got[0][1] < 6_500


def test_an_event_of_the_browser_restarts_at_once(modules):
    assert events(modules, suspected=1_000, restarts=[0]) == [["restart", 1_000]]


def test_restarts_on_a_connection_that_often_falls_silent_become_rare(modules):
    # A second of video, and 1.4 s of nothing, again and again.
    video = [[at + offset, interval] for at in range(0, 60_000, 2_400) for offset, interval in ((0, 40), (1_000, 0))]
    got = events(modules, video=video, reports=[[0, 0]], restarts=[0] * 30, until=30_000)
    assert 2 <= len(got) <= 4, got


def test_while_the_server_is_unreachable_the_restart_is_repeated(modules):
    got = events(modules, broken=2_000, restarts=[*["server-unreachable"] * 9, 100])
    assert [event for event, _ in got] == [*["restart", "broken"] * 9, "restart", "whole"]


def test_a_server_that_stays_unreachable_has_ended_the_session(modules):
    got = events(modules, broken=2_000, restarts=["server-unreachable"] * 99, until=60_000)
    assert got[-1][0] == "connection-lost"
    assert 17_000 < got[-1][1] < 18_500


@pytest.mark.parametrize("code", ["refused", "token-wrong", "full", "unexpected"])
def test_a_server_that_cannot_restart_gets_a_new_session(modules, code):
    got = events(modules, broken=2_000, restarts=[code])
    assert [event for event, _ in got] == ["restart", "network-changed"]


def test_restarts_without_effect_are_followed_by_a_new_session(modules):
    got = events(modules, broken=2_000, restarts=[None] * 3)
    assert [event for event, _ in got] == ["restart", "broken", "restart", "restart", "network-changed"]
    assert got[-1][1] < 10_000


OFFER = (
    "v=0\r\na=group:BUNDLE 0 1\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n"
    "a=candidate:1 1 udp 2 192.0.2.1 9 typ host\r\na=ice-ufrag:newu\r\na=ice-pwd:newp\r\na=ice-options:trickle\r\n"
    "a=mid:0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:newu\r\na=ice-pwd:newp\r\na=mid:1\r\n"
)
ANSWER = (
    "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ice-ufrag:olds\r\na=ice-pwd:oldp\r\n"
    "a=candidate:7 1 udp 2 192.0.2.9 5 typ host\r\na=end-of-candidates\r\na=setup:active\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:olds\r\na=ice-pwd:oldp\r\na=mid:1\r\n"
)
FRAGMENT = (
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ice-ufrag:srvu\r\na=ice-pwd:srvp\r\n"
    "a=candidate:8 1 udp 2 192.0.2.8 5 typ host\r\na=end-of-candidates\r\n"
)
DESCRIPTIONS = """async ([offer, answer, fragment]) => {
    const { iceFragment, withFragment } = await import('/static/call/ice-restart.js');
    return [iceFragment(offer), withFragment(answer, fragment)];
}"""


def test_a_restart_changes_credentials_and_candidates_and_nothing_else(modules):
    sent, applied = modules.evaluate(DESCRIPTIONS, [OFFER, ANSWER, FRAGMENT])
    assert sent == (
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=candidate:1 1 udp 2 192.0.2.1 9 typ host\r\na=ice-ufrag:newu\r\n"
        "a=ice-pwd:newp\r\na=mid:0\r\n"
    )
    assert applied == (
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ice-ufrag:srvu\r\na=ice-pwd:srvp\r\n"
        "a=candidate:8 1 udp 2 192.0.2.8 5 typ host\r\na=end-of-candidates\r\na=setup:active\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=ice-ufrag:srvu\r\na=ice-pwd:srvp\r\n"
    )
