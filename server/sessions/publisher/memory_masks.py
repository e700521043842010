"""Shows a peer on request which places of the picture come from the memory of its call."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Needs OpenCV, which a server without memory has not.
    from acutance.server.video.recall import Recall
    from acutance.server.video.remembered_mask import RememberedMask

PERIOD_S = 0.25
"""Seconds between two messages: at 720p, 0.6 kB each."""


async def send_masks(
    recall: "Recall | None",
    wanted: Callable[[], bool],
    send: Callable[[dict[str, Any]], object],
    period: float = PERIOD_S,
) -> None:
    """Send a message after each change of the remembered places while it is wanted, until cancelled.

    Args:
        recall: the memory of the call; None for a server without one, which sends nothing.
        wanted: whether the peer wants the messages.
        send: called with each message, see `RememberedMask.message`.
        period: shortest time between two messages, in seconds.
    """
    if recall is None:
        return
    sent: RememberedMask | None = None
    while True:
        await asyncio.sleep(period)
        if not wanted():
            sent = None
            continue
        mask = recall.mask()
        if mask != sent:
            send(mask.message())
            sent = mask
