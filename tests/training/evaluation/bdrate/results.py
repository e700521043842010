"""Results of `evaluate` on clips, as they would be for students of known gain."""

import math
from collections.abc import Mapping, Sequence

from acutance.training.judge.results import Judged, Results

BITS = (0.0125, 0.02, 0.03, 0.05, 0.1)
ABOUT = {
    "command": "acutance-train evaluate input nano base",
    "protocol": "PSNR in dB",
    "machine": "2 x AMD EPYC",
    "versions": {"torch": "2.14.1"},
    "commit": "0123456789ab",
    "date": "2026-11-27",
}


def results(
    gains: Mapping[str, float], clips: Sequence[str] = ("one.mp4", "two.mp4", "three.mp4"), **changed: object
) -> Results:
    """Rows in which the methods have the quality of the input at a bit rate higher by a factor.

    Args:
        gains: The factor by method: a method with 1.25 saves 20 %. Each clip has slightly another one.
        clips: Names of the clips.
        changed: Attributes of every row that differ.
    """
    rows = []
    for index, clip in enumerate(clips):
        for codec in ("h264", "vp8"):
            for bits in BITS:
                kbps = bits * 640 * 360 * 30 / 1000 * (1 + 0.1 * index)
                for method, factor in {"input": 1.0, **gains}.items():
                    octaves = math.log2(kbps * factor * (1 + (factor != 1) * 0.01 * (index - 1)))
                    figures = {"psnr_y": 20 + 3 * octaves, "vmaf_neg": 10 * octaves, "jod": 5 + octaves / 3}
                    row = {
                        "set": "clips/val", "clip": clip, "category": "head", "regime": "steady", "size": "native",
                        "width": 640, "height": 360, "codec": codec, "bits": bits, "kbps": kbps, "method": method,
                        "frames": 60, "figures": figures, **changed,
                    }  # fmt: skip
                    rows.append(Judged(**row))  # type: ignore[arg-type]
    return Results(rows, ABOUT)
