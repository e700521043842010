"""A server that cannot decode what arrives makes the page restart its sender."""

import json

from playwright.sync_api import expect

from tests.browser.acutance_page import HOLD_CONNECTION, LIVE

SEND_TWICE = """(data) => {
    for (let i = 0; i < 2; i++) held.channel.dispatchEvent(new MessageEvent('message', { data }));
}"""
KEYFRAMES = """async () => {
    const all = [...(await held.pc.getStats()).values()];
    const sent = all.find(({ type, kind }) => type === 'outbound-rtp' && kind === 'video');
    return sent.keyFramesEncoded;
}"""


def test_the_page_restarts_its_sender_with_a_keyframe_and_stays_live(open_page, server):
    page = open_page(server, HOLD_CONNECTION)
    page.start()
    page.page.wait_for_timeout(1_000)
    before = page.page.evaluate(KEYFRAMES)
    # Two requests: the second arrives while the first is being handled.
    page.page.evaluate(SEND_TWICE, json.dumps({"type": "restart_sender", "reason": "no picture"}))
    page.page.wait_for_timeout(1_000)
    assert page.page.evaluate(KEYFRAMES) > before
    pictures = {page.measure("enhanced")["fingerprint"]}
    page.page.wait_for_timeout(1_000)
    pictures.add(page.measure("enhanced")["fingerprint"])
    assert len(pictures) == 2, "the returned video moves on"
    expect(page.page.locator("#status-what")).to_have_text(LIVE)
