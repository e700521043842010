"""Send and receive with GStreamer's webrtcbin: python3 gstreamer_peer.py [http://localhost:8080] [seconds].

Debian: apt-get install gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-nice
gir1.2-gst-plugins-bad-1.0 python3-gi. Run it with the system's Python, which finds these packages.
"""

import json
import sys
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PIPELINE = """
videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=30/1,format=I420
  ! x264enc tune=zerolatency speed-preset=superfast bitrate=1500 key-int-max=60
  ! video/x-h264,profile=constrained-baseline ! rtph264pay aggregate-mode=zero-latency config-interval=-1
  ! application/x-rtp,media=video,encoding-name=H264,payload=96 ! webrtcbin name=peer bundle-policy=max-bundle
"""


def main(server: str, seconds: int) -> int:
    """Call the server for some seconds; return the number of enhanced frames received."""
    Gst.init(None)
    loop, pipeline = GLib.MainLoop(), Gst.parse_launch(PIPELINE)
    peer, seen = pipeline.get_by_name("peer"), {"frames": 0, "size": ""}
    session = {}

    def count_frame(pad: Gst.Pad, info: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
        caps = pad.get_current_caps().get_structure(0)
        seen["frames"] += 1
        seen["size"] = f"{caps.get_value('width')}x{caps.get_value('height')}"
        return Gst.PadProbeReturn.OK

    def pad_added(_: Gst.Element, pad: Gst.Pad) -> None:
        if pad.direction == Gst.PadDirection.SRC:
            decode = Gst.parse_bin_from_description("rtph264depay ! avdec_h264 ! fakesink name=end sync=false", True)
            decode.get_by_name("end").get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, count_frame)
            pipeline.add(decode)
            decode.sync_state_with_parent()
            pad.link(decode.get_static_pad("sink"))

    def gathered(*_: object) -> None:
        if peer.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            return
        sdp = peer.get_property("local-description").sdp.as_text()
        body = json.dumps({"sdp": sdp, "type": "offer"}).encode()
        request = urllib.request.Request(f"{server}/offer", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=15) as response:
            session.update(json.load(response))
        _, message = GstSdp.SDPMessage.new_from_text(session["sdp"])
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        peer.emit("set-remote-description", answer, Gst.Promise.new())

    def offered(promise: Gst.Promise) -> None:
        reply = promise.get_reply()  # keep a reference: the offer is freed with it
        peer.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

    def needed(_: Gst.Element) -> None:
        peer.emit("create-offer", None, Gst.Promise.new_with_change_func(offered))

    peer.connect("on-negotiation-needed", needed)
    peer.connect("notify::ice-gathering-state", gathered)
    peer.connect("pad-added", pad_added)
    pipeline.set_state(Gst.State.PLAYING)
    GLib.timeout_add_seconds(seconds, loop.quit)
    loop.run()
    if session.get("url"):
        urllib.request.urlopen(urllib.request.Request(server + session["url"], method="DELETE"), timeout=5).close()
    pipeline.set_state(Gst.State.NULL)
    print(f"{seen['frames']} enhanced frames of {seen['size']} ({Gst.version_string()})")
    return int(seen["frames"])


if __name__ == "__main__":
    arguments = sys.argv[1:] + ["http://localhost:8080", "5"][len(sys.argv) - 1 :]
    sys.exit(0 if main(arguments[0].rstrip("/"), int(arguments[1])) else 1)
