"""What the page weighs: the bytes that travel from opening it to a live call, before anything for this device."""

from collections.abc import Iterator
from time import monotonic

import pytest
from playwright.sync_api import Request

BUDGET = 250_000
LAST = "/fidelity/vif.js"  # of the worker that measures the first frames


@pytest.fixture
def loaded(browser, server) -> Iterator[list[Request]]:
    """The finished requests of a visit: the page in German, and a call with the sample clip for some seconds."""
    requests: list[Request] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="de-DE")
    tab = context.new_page()
    tab.on("requestfinished", lambda request: requests.append(request))
    tab.goto(server.url)
    tab.locator("#source").select_option("sample")
    tab.locator("#start").click()
    tab.locator("#status-box[data-kind='live']").wait_for(timeout=30_000)
    until = monotonic() + 30
    while not any(request.url.endswith(LAST) for request in requests) and monotonic() < until:
        tab.wait_for_timeout(200)
    yield requests
    context.close()


def test_a_visit_with_a_call_is_within_the_budget(loaded):
    files = {request.url.partition("/static/")[2]: request for request in loaded if "/static/" in request.url}
    sizes = [request.sizes() for request in loaded if request.method == "GET"]
    transferred = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    whole = sum(len(request.response().body()) for request in loaded if request.method == "GET")
    print(f"{len(sizes)} requests, {transferred:,} bytes transferred, {whole:,} uncompressed")
    assert {
        "main.js",
        "style.css",
        "pairs/sent-worker.js",
        "pairs/sent-decoder.js",
        "fidelity/vif.js",
    } <= files.keys()
    assert "texts/de.js" in files
    assert "texts/en.js" not in files
    assert not [name for name in files if name.startswith("edge/runtime/")]
    assert transferred < BUDGET
