"""aiortc's examples/server with an unsharp mask as its transform: the obvious first solution, to compare with.

As there, a track's ``recv`` takes a frame, converts it to BGR, sharpens it and returns it; the library does the rest.
"""

import json
import sys

import cv2
from aiohttp import web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import VideoFrame

_peers: set[RTCPeerConnection] = set()


class VideoTransformTrack(MediaStreamTrack):
    """Sharpens each frame when the sender asks for it."""

    kind = "video"

    def __init__(self, track: MediaStreamTrack):
        super().__init__()
        self.track = track

    async def recv(self) -> VideoFrame:
        frame = await self.track.recv()
        image = frame.to_ndarray(format="bgr24")
        # The usual recipe: 1.5 times the frame minus 0.5 times its blur.
        image = cv2.addWeighted(image, 1.5, cv2.GaussianBlur(image, (0, 0), 1.5), -0.5, 0)
        sharpened = VideoFrame.from_ndarray(image, format="bgr24")
        sharpened.pts = frame.pts
        sharpened.time_base = frame.time_base
        return sharpened


async def offer(request: web.Request) -> web.Response:
    """Answer an offer."""
    parameters = await request.json()
    # Without an empty list aiortc contacts Google's STUN server.
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    _peers.add(peer)

    @peer.on("connectionstatechange")
    async def changed() -> None:
        if peer.connectionState in ("failed", "closed"):
            await peer.close()
            _peers.discard(peer)

    @peer.on("track")
    def received(track: MediaStreamTrack) -> None:
        if track.kind == "video":
            peer.addTrack(VideoTransformTrack(track))

    await peer.setRemoteDescription(RTCSessionDescription(parameters["sdp"], parameters["type"]))
    await peer.setLocalDescription(await peer.createAnswer())
    answer = {"sdp": peer.localDescription.sdp, "type": peer.localDescription.type}
    return web.Response(content_type="application/json", text=json.dumps(answer))


async def close(app: web.Application) -> None:
    """Close all connections."""
    for peer in list(_peers):
        await peer.close()


if __name__ == "__main__":
    app = web.Application()
    app.on_shutdown.append(close)
    app.router.add_post("/offer", offer)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
