"""Ten minutes with the page open: `make soak-page`. In CI nothing of this runs."""

import os
import statistics

import pytest

SECONDS = int(os.environ.get("SOAK_PAGE_SECONDS", "600"))
EVERY_S = 10
WARM_UP = 6  # samples: plots and percentiles are full after a minute


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 120)
def test_memory_is_flat_and_what_is_returned_is_displayed(open_page, server):
    page = open_page(server)
    page.start()
    devtools = page.page.context.new_cdp_session(page.page)
    devtools.send("Performance.enable")
    heaps, nodes, returned, displayed = [], [], [], []
    for _ in range(SECONDS // EVERY_S):
        page.page.wait_for_timeout(EVERY_S * 1_000)
        devtools.send("HeapProfiler.collectGarbage")
        metrics = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
        heaps.append(metrics["JSHeapUsedSize"] / 1e6)
        nodes.append(metrics["Nodes"])
        returned.append(page.number("figure-returned"))
        displayed.append(page.number("figure-displayed"))
    print(
        f"\nheap {heaps[WARM_UP]:.2f} to {heaps[-1]:.2f} MB, nodes {nodes[WARM_UP]} to {nodes[-1]}, "
        f"returned {statistics.mean(returned):.2f}, displayed {statistics.mean(displayed):.2f} frames/s"
    )
    early, late = statistics.median(heaps[WARM_UP : WARM_UP + 6]), statistics.median(heaps[-6:])
    assert late <= early * 1.05 + 0.5
    assert nodes[-1] <= nodes[WARM_UP] * 1.05
    assert statistics.mean(displayed) == pytest.approx(statistics.mean(returned), abs=1)
