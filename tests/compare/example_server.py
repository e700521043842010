"""aiortc's examples/server with an unsharp mask as its transform: what one writes first; ours is held against it.

As there: a track whose ``recv`` takes a frame, treats it as BGR and gives it back; everything else is the library's.
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
        picture = frame.to_ndarray(format="bgr24")
        # OpenCV's usual recipe: 1.5 of the picture less 0.5 of its blur.
        picture = cv2.addWeighted(picture, 1.5, cv2.GaussianBlur(picture, (0, 0), 1.5), -0.5, 0)
        sharpened = VideoFrame.from_ndarray(picture, format="bgr24")
        sharpened.pts = frame.pts
        sharpened.time_base = frame.time_base
        return sharpened


async def offer(request: web.Request) -> web.Response:
    """Answer an offer."""
    parameters = await request.json()
    # Without this aiortc asks Google's STUN server, which this comparison has no use for.
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
    """Close what is open."""
    for peer in list(_peers):
        await peer.close()


if __name__ == "__main__":
    app = web.Application()
    app.on_shutdown.append(close)
    app.router.add_post("/offer", offer)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
