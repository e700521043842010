"""Other people's WebRTC against the real server: `make interop`."""
