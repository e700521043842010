"""Ten minutes with the page open: `make soak-page`. CI does not run it."""

import os
import statistics

import psutil
import pytest
from playwright.sync_api import Page

SECONDS = int(os.environ.get("SOAK_PAGE_SECONDS", "600"))
EVERY_S = 10
WARM_UP = 13  # samples: plots and bug report hold at most two minutes of them


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 120)
def test_memory_is_flat_and_what_is_returned_is_displayed(open_page, server):
    page = open_page(server)
    page.start()
    devtools = page.page.context.new_cdp_session(page.page)
    devtools.send("Performance.enable")
    heaps, tabs, nodes, returned, displayed = [], [], [], [], []
    for _ in range(SECONDS // EVERY_S):
        page.page.wait_for_timeout(EVERY_S * 1_000)
        devtools.send("HeapProfiler.collectGarbage")
        metrics = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
        heaps.append(metrics["JSHeapUsedSize"] / 1e6)
        tabs.append(_largest_renderer(page.page))
        nodes.append(metrics["Nodes"])
        returned.append(page.number("figure-returned"))
        displayed.append(page.number("figure-displayed"))
    print(
        f"\nheap {heaps[WARM_UP]:.2f} to {heaps[-1]:.2f} MB, tab {tabs[WARM_UP]:.0f} to {tabs[-1]:.0f} MB, "
        f"nodes {nodes[WARM_UP]} to {nodes[-1]}, "
        f"returned {statistics.mean(returned):.2f}, displayed {statistics.mean(displayed):.2f} frames/s"
    )
    for memory, slack in ((heaps, 0.5), (tabs, 10.0)):
        early, late = statistics.median(memory[WARM_UP : WARM_UP + 6]), statistics.median(memory[-6:])
        assert late <= early * 1.05 + slack
    assert nodes[-1] <= nodes[WARM_UP] * 1.05
    assert statistics.mean(displayed) == pytest.approx(statistics.mean(returned), abs=1)


def _largest_renderer(page: Page) -> float:
    """Return the resident memory in MB, shared pictures included, of the browser's largest tab: the call's."""
    assert page.context.browser is not None
    devtools = page.context.browser.new_browser_cdp_session()
    processes = devtools.send("SystemInfo.getProcessInfo")["processInfo"]
    devtools.detach()
    return max(psutil.Process(each["id"]).memory_info().rss / 1e6 for each in processes if each["type"] == "renderer")
