"""The size at which a sender should send: at few bits, a smaller picture that a student enlarges can look better.

The table is data, fitted to measurements by `acutance-train hull`; docs/quality/hull.md has them.
"""

import json
from functools import cache
from pathlib import Path

FIRST_SECOND, STEADY = "first_second", "steady"
"""The first second after a keyframe, and the time after it."""

Step = tuple[float, float]
"""Bits per pixel of full size and frame up to which a size is best, and the reduction of width and height."""
Table = dict[str, dict[str, dict[str, list[Step]]]]
"""Steps in ascending order by codec as in SDP, stretch, and call: `memory` or `blind`."""

FILE = Path(__file__).with_suffix(".json")


def advised_reduction(codec: str, bits_per_pixel: float, *, stretch: str, memory: bool) -> float:
    """Return by how much the sender should reduce width and height; 1 for full size.

    Args:
        codec: Name as in SDP; for others than ``H264`` and ``VP8``, full size is advised.
        bits_per_pixel: Of full size and frame: bit/s divided by pixels of full size and frames per second.
        stretch: `FIRST_SECOND` or `STEADY`.
        memory: Whether the call has a memory.
    """
    steps = _table().get(codec, {}).get(stretch, {}).get("memory" if memory else "blind", [])
    return next((ratio for bits, ratio in steps if bits_per_pixel <= bits), 1.0)


@cache
def _table() -> Table:
    table: Table = json.loads(FILE.read_text("utf-8"))
    return table
