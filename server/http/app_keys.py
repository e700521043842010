"""Application keys of the objects that several groups of routes use."""

from aiohttp import web

from acutance.server.sessions.host import Host
from acutance.server.signalling.door import Door

# Of static type Door, which `AppKey` cannot check: a protocol is no class of its implementations.
DOOR: web.AppKey[Door] = web.AppKey("door")
HOST = web.AppKey("host", Host)
"""The host of the sessions, if they are in this process."""
