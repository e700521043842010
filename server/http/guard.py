"""Checks host, origin, rate and token of each request before it reaches a route."""

import ipaddress
import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from acutance.server.errors import RequestError
from acutance.server.http.middleware import Handler
from acutance.server.http.responses import CODE, refusal, refusal_of
from acutance.server.security.access import Access
from acutance.server.security.addresses import client_network
from acutance.server.security.origins import Origins
from acutance.server.security.quota import Client
from acutance.server.security.rate_limit import RequestRate

CLIENT = web.RequestKey("client", Client)
# The pages, which must load before they can ask for a token, and the state, which load balancers request.
PUBLIC = ("/", "/watch/{stream}", "/publish/{stream}", "/static/{path}", "/health", "/ready")
_CHANGING = (hdrs.METH_POST, hdrs.METH_PATCH, hdrs.METH_DELETE, hdrs.METH_PUT)


@dataclass
class Guard:
    """Makes the middleware that checks requests. A route needs a token unless it is listed in `PUBLIC`.

    Attributes:
        access: checks tokens.
        origins: checks from which web pages requests may come.
        rate: limits the requests of each client that change something; None for no limit.
        refusals: number of requests refused here or by a route, by error code.
        proxies: networks of reverse proxies whose ``X-Forwarded-For`` header is trusted.
    """

    access: Access = field(default_factory=Access)
    origins: Origins = field(default_factory=Origins)
    rate: RequestRate | None = None
    refusals: Counter[str] = field(default_factory=Counter)
    proxies: Collection[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()

    def middleware(self) -> Middleware:
        """Return the middleware; it must wrap `middleware.answer_errors`."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            origin = request.headers.get(hdrs.ORIGIN)
            shared = origin is not None and self.origins.shares_with(origin)
            if origin is not None and shared and _is_preflight(request):
                return web.Response(status=204, headers=self.origins.preflight_headers(origin))
            response = await self._checked(request, handler, origin)
            if origin is not None and shared:
                response.headers.update(self.origins.answer_headers(origin))
            if CODE in response:
                self.refusals[response[CODE]] += 1
            return response

        return guard

    async def _checked(self, request: web.Request, handler: Handler, origin: str | None) -> web.StreamResponse:
        network = client_network(self._address(request))
        host = request.headers.get(hdrs.HOST)
        if not self.origins.serves_host(host):
            return refusal(
                421,
                "bad_host",
                f"This server accepts only clients on its own host: use localhost in the URL, not {str(host)[:100]!r}, "
                "or start it with --origin for that page.",
            )
        if request.method in _CHANGING:
            if not self.origins.admits(origin, host):
                return refusal(
                    403,
                    "bad_origin",
                    f"Pages of {str(origin)[:99]} may not use this server: start it with --origin for them.",
                )
            wait = self.rate.wait(network) if self.rate is not None else 0.0
            if wait > 0:
                return refusal(
                    429,
                    "too_many_requests",
                    "Too many requests from this client address: try again later.",
                    {"Retry-After": str(math.ceil(wait))},
                )
        try:
            caller = await self.access.caller(request.headers.get(hdrs.AUTHORIZATION))
            request[CLIENT] = Client(caller, network)
        except RequestError as error:
            if not _is_public(request):
                return refusal_of(error)
        return await handler(request)

    def _address(self, request: web.Request) -> str:
        """Return the client's address: the last one in the chain that is not a trusted proxy's."""
        address = request.remote or ""
        if not self.proxies:
            return address
        chain = [one.strip() for one in request.headers.get(hdrs.X_FORWARDED_FOR, "").split(",") if one.strip()]
        while chain and self._is_proxy(address):
            address = chain.pop()
        return address

    def _is_proxy(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.proxies)


def _is_preflight(request: web.Request) -> bool:
    return request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers


def _is_public(request: web.Request) -> bool:
    resource = request.match_info.route.resource
    return resource is not None and request.method in (hdrs.METH_GET, hdrs.METH_HEAD) and resource.canonical in PUBLIC
