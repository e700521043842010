"""Keys of the objects that routes get from the application."""

from aiohttp import web

from acutance.server.forward.rules import ForwardRules
from acutance.server.sessions.host import Host

HOST = web.AppKey("host", Host)
FORWARDING = web.AppKey("forwarding", ForwardRules)
