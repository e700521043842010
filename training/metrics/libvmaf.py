"""VMAF of a video against its reference, by the libvmaf filter inside PyAV; its models are built in."""

import gc
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from acutance.training.data.planes import Luma

MODELS: Mapping[str, str] = {"vmaf": "vmaf_v0.6.1", "vmaf_neg": "vmaf_v0.6.1neg"}
"""Models of libvmaf by the name of the figure: VMAF, and VMAF without credit for enhancement."""
VMAF_KIND = "VMAF v0.6.1 and VMAF-NEG v0.6.1 of libvmaf, mean over frames"


def missing() -> str | None:
    """The reason why VMAF cannot be measured here, or None."""
    if "libvmaf" in av.filter.filters_available:
        return None
    return "this build of PyAV has no libvmaf filter"


def vmaf(pairs: Iterable[tuple[Luma, Luma]], size: tuple[int, int], names: Iterable[str]) -> dict[str, float]:
    """VMAF of a video, with its motion feature: the mean over its frames.

    Args:
        pairs: The luma of each frame of the test and of the reference, uint8 `[H, W]`, in the order of time.
        size: Width and height of the frames in pixels; an odd last row or column is left out.
        names: `vmaf`, `vmaf_neg` or both; their common features are computed once.

    Returns:
        The figures by name, 0 to 100; about 97 for equal videos without motion.
    """
    wanted = list(names)
    width, height = (side // 2 * 2 for side in size)
    models = "|".join(rf"version={MODELS[name]}\:name={name}" for name in wanted)
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "vmaf.json"
        with _youngest_generation():
            _run(pairs, (width, height), f"model={models}:log_fmt=json:log_path={log}")
        if not log.is_file() or not log.stat().st_size:
            gc.collect()
        pooled: dict[str, Any] = json.loads(log.read_text())["pooled_metrics"]
    return {name: float(pooled[name]["mean"]) for name in wanted}


def _run(pairs: Iterable[tuple[Luma, Luma]], size: tuple[int, int], options: str) -> None:
    width, height = size
    graph = av.filter.Graph()
    vmaf_filter, sink = graph.add("libvmaf", options), graph.add("buffersink")
    sources = [graph.add_buffer(width=width, height=height, format="yuv420p", time_base=Fraction(1)) for _ in range(2)]
    for index, source in enumerate(sources):
        source.link_to(vmaf_filter, 0, index)
    vmaf_filter.link_to(sink)
    graph.configure()
    grey = np.full((height // 2, width), 128, np.uint8)  # VMAF ignores chroma, but its models are for yuv420p
    for time, pair in enumerate(pairs):
        for source, plane in zip(sources, pair, strict=True):
            frame = av.VideoFrame.from_ndarray(np.concatenate([plane[:height, :width], grey]), format="yuv420p")
            frame.pts = time
            source.push(frame)
        _drain(graph)
    for source in sources:
        source.push(None)
    _drain(graph)


@contextmanager
def _youngest_generation() -> Iterator[None]:
    """Free the graph at the end: a reference cycle, of which the filter writes its log only when it is freed.

    A full collection takes a second beside torch; without one in between, all of the graph is in the first generation.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
    gc.collect(0)


def _drain(graph: av.filter.Graph) -> None:
    with suppress(av.error.EOFError, av.error.BlockingIOError):
        while True:
            graph.pull()
