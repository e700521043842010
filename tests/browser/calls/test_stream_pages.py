"""A camera is published by one page and watched on another."""

import re

from playwright.sync_api import expect


def test_a_published_camera_is_watched(browser, server):
    context = browser.new_context(permissions=["camera", "microphone"])
    faults = []
    watcher, publisher = context.new_page(), context.new_page()
    for tab in (watcher, publisher):
        tab.on("pageerror", lambda error: faults.append(str(error)))
    watcher.goto(f"{server.url}/watch/anna")
    expect(watcher.locator("#message")).to_contain_text("cannot be played now", timeout=20_000)
    publisher.goto(f"{server.url}/publish/anna")
    publisher.get_by_role("button", name="Publish").click()
    expect(publisher.locator("#message")).to_have_text("You are published as anna.", timeout=30_000)
    expect(watcher.locator("#message")).to_be_empty(timeout=40_000)
    expect(watcher.locator("#video")).to_have_js_property("videoWidth", 640, timeout=20_000)
    assert publisher.get_by_role("link", name="Watch it").get_attribute("href") == "../watch/anna"
    publisher.get_by_role("button", name="Stop publishing").click()
    expect(publisher.locator("#message")).to_contain_text(re.compile("^Publishes your camera"))
    context.close()
    assert faults == []
