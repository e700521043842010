"""Other WebRTC software against the real server: `make interop`."""
