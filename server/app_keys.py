"""What the routes' modules find in the application."""

from aiohttp import web

from server.host import Host

HOST = web.AppKey("host", Host)
