"""Janus in front of Acutance: forward a publisher of a VideoRoom to Acutance over one peer connection.

python room_to_acutance.py ws://localhost:8188 ROOM FEED http://localhost:8080/whip/NAME [TOKEN]

Only session descriptions pass through this program: Janus offers the feed to a subscriber, the program posts that offer
to Acutance by WHIP, and returns the answer. FEED is the number of the publisher, 0 for the first one of the room.
"""

import asyncio
import sys
from typing import Any
from urllib.parse import urljoin

import aiohttp
from janus_api import Janus, JanusError, joined


async def first_feed(janus: Janus, room: int) -> int:
    """Return the first publisher of a room."""
    listed, _ = await janus.ask({"request": "listparticipants", "room": room})
    feeds = [each["id"] for each in listed["participants"] if each["publisher"]]
    if not feeds:
        raise JanusError(f"room {room} has no publisher")
    return int(feeds[0])


async def bridge(url: str, room: int, feed: int, whip: str, token: str = "") -> None:
    """Connect the feed to Acutance until the feed ends.

    Raises:
        JanusError: Janus does not offer the feed, or Acutance refuses the offer.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with joined(url) as janus, aiohttp.ClientSession(headers=headers) as http:
        feed = feed or await first_feed(janus, room)
        wanted: dict[str, Any] = {"request": "join", "ptype": "subscriber", "room": room, "streams": [{"feed": feed}]}
        _, offer = await janus.ask(wanted)
        async with http.post(whip, data=offer, headers={"Content-Type": "application/sdp"}) as response:
            answer = await response.text()
            if response.status != 201:
                raise JanusError(f"{whip} answered {response.status}: {answer}")
            session = urljoin(str(response.url), response.headers["Location"])
        try:
            await janus.ask({"request": "start"}, {"type": "answer", "sdp": answer})
            print(f"feed {feed} of room {room} goes to {whip}", flush=True)
            await janus.hung_up.wait()
        finally:
            async with http.delete(session):
                pass


if __name__ == "__main__":
    try:
        asyncio.run(bridge(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:6]))
    except JanusError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
