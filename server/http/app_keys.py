"""Application keys of the objects that several groups of routes use."""

from aiohttp import web

from acutance.server.forward.rules import ForwardRules
from acutance.server.sessions.host import Host

HOST = web.AppKey("host", Host)
FORWARDING = web.AppKey("forwarding", ForwardRules)
