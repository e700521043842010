"""The offers in tests/server/offers, by name."""

from pathlib import Path

RECORDED = {file.stem: file.read_bytes() for file in sorted((Path(__file__).parent / "offers").glob("*.sdp"))}
PUBLISHERS = ("chrome", "ffmpeg", "ffmpeg-video", "ffmpeg8-video", "firefox", "gstreamer", "obs")
