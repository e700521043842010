"""Send a clip to Acutance and count the returned frames: python python_peer.py clip.mp4 [http://localhost:8080]."""

import asyncio
import sys

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError


async def call(clip: str, server: str) -> None:
    """Make the call."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))  # contacts no STUN server
    peer.addTrack(MediaPlayer(clip).video)
    done = asyncio.Event()

    @peer.on("track")
    async def watch(track):
        frames, size = 0, ""
        try:
            while frame := await asyncio.wait_for(track.recv(), 5):
                frames, size = frames + 1, f"{frame.width}x{frame.height}"
        except (MediaStreamError, TimeoutError):
            print(f"{frames} enhanced frames of {size}")
            done.set()

    await peer.setLocalDescription(await peer.createOffer())
    offer = {"sdp": peer.localDescription.sdp, "type": "offer"}
    async with aiohttp.ClientSession() as http, http.post(f"{server}/offer", json=offer) as response:
        answer = await response.json()
    if response.status != 200:
        sys.exit(f"refused: {answer['message']}")
    await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
    await done.wait()
    await peer.close()


asyncio.run(call(sys.argv[1], *(sys.argv[2:] or ["http://localhost:8080"])))
