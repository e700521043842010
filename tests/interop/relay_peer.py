"""A peer that connects through a relay only: python relay_peer.py SERVER CLIP. Prints JSON."""

import asyncio
import json
import sys
from typing import Any

import aiohttp
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcconfiguration import RTCIceTransportPolicy


async def call(server: str, clip: str) -> dict[str, Any]:
    """Call through the relay that the server names; return frames, size and the kinds of this side's candidates."""
    seen: dict[str, Any] = {"frames": 0, "width": 0, "height": 0}
    done = asyncio.Event()
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{server}/ice-servers") as response:
            listed = (await response.json())["iceServers"]
        servers = [RTCIceServer(each["urls"], each.get("username"), each.get("credential")) for each in listed]
        peer = RTCPeerConnection(RTCConfiguration(servers, iceTransportPolicy=RTCIceTransportPolicy.RELAY))
        peer.addTrack(MediaPlayer(clip).video)

        @peer.on("track")
        async def watch(track: MediaStreamTrack) -> None:
            try:
                while frame := await asyncio.wait_for(track.recv(), 5):
                    seen.update(frames=seen["frames"] + 1, width=frame.width, height=frame.height)  # type: ignore[union-attr]
            except (MediaStreamError, TimeoutError):
                done.set()

        await peer.setLocalDescription(await peer.createOffer())
        sdp = peer.localDescription.sdp
        seen["candidates"] = sorted({line.split()[7] for line in sdp.splitlines() if line.startswith("a=candidate")})
        async with http.post(f"{server}/offer", json={"sdp": sdp, "type": "offer"}) as response:
            answer = await response.json()
        await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
        await asyncio.wait_for(done.wait(), 40)
        await peer.close()
    return seen


print(json.dumps(asyncio.run(call(*sys.argv[1:3]))))
