"""What the routes' modules find in the application."""

from aiohttp import web

from server.forward_rules import ForwardRules
from server.host import Host

HOST = web.AppKey("host", Host)
FORWARDING = web.AppKey("forwarding", ForwardRules)
