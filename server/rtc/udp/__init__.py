"""UDP sockets of peer connections, which read all waiting datagrams in one wake-up of the event loop.

Imported by `rtc.aiortc_private`.
"""
