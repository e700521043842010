"""Session descriptions as a browser writes them, in pieces."""

SESSION = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
_TRANSPORT = (
    "c=IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\na=setup:actpass\r\n"
)
AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + _TRANSPORT + "a=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n"
    "a=rtpmap:111 opus/48000/2\r\n"
)
VIDEO = (
    "m=video 9 UDP/TLS/RTP/SAVPF 96 98\r\n" + _TRANSPORT + "a=mid:1\r\na=sendrecv\r\na=rtcp-mux\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtpmap:98 H264/90000\r\n"
    "a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
)
DATA = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" + _TRANSPORT + "a=mid:2\r\na=sctp-port:5000\r\n"
CANDIDATE = "a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host\r\n"


def offer(*sections: str) -> str:
    """An offer of these sections, bundled."""
    mids = [line[6:] for section in sections for line in section.splitlines() if line.startswith("a=mid:")]
    return SESSION + f"a=group:BUNDLE {' '.join(mids)}\r\n" + "".join(sections)
