"""What every request passes before it reaches a route: its host, the page it comes from, how often, a token."""

import ipaddress
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from acutance.server.errors import RequestError
from acutance.server.http.responses import CODE, refusal, refusal_of
from acutance.server.security.access import Access
from acutance.server.security.addresses import client_network
from acutance.server.security.origins import Origins
from acutance.server.security.quota import Client
from acutance.server.security.rate_limit import RequestRate
from acutance.server.security.tokens import Caller

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CALLER = web.RequestKey("caller", Caller)
CLIENT = web.RequestKey("client", Client)
# What a browser loads before it can ask its user for a token, and what a load balancer asks.
PUBLIC = ("/", "/static/{path}", "/health", "/ready")
_CHANGING = (hdrs.METH_POST, hdrs.METH_PATCH, hdrs.METH_DELETE, hdrs.METH_PUT)


@dataclass
class Guard:
    """The middleware. Deny by default: a route is closed unless it is listed as public.

    Attributes:
        access: who may.
        origins: from which pages.
        rate: how often; None for any.
        refusals: how many requests were turned away, here or behind, by the code of the answer.
        proxies: networks whose ``X-Forwarded-For`` is believed.
    """

    access: Access = field(default_factory=Access)
    origins: Origins = field(default_factory=Origins)
    rate: RequestRate | None = None
    refusals: Counter[str] = field(default_factory=Counter)
    proxies: Collection[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()

    def middleware(self) -> Middleware:
        """Return it for an application; outside of what turns errors into answers."""

        @web.middleware
        async def guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
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

    async def _checked(self, request: web.Request, handler: _Handler, origin: str | None) -> web.StreamResponse:
        network = client_network(self._address(request))
        host = request.headers.get(hdrs.HOST)
        if not self.origins.serves_host(host):
            return refusal(
                421,
                "bad_host",
                f"This server is for its own machine: ask for it as localhost, not as {str(host)[:100]!r}, or start "
                "it with that page's --origin.",
            )
        if request.method in _CHANGING:
            if not self.origins.lets_in(origin, host):
                return refusal(
                    403,
                    "bad_origin",
                    f"Pages of {str(origin)[:99]} may not use this server: it was started without --origin for them.",
                )
            wait = self.rate.wait(network) if self.rate is not None else 0.0
            if wait > 0:
                return refusal(
                    429,
                    "too_many_requests",
                    "Too many requests from this address: wait, then try again.",
                    {"Retry-After": str(math.ceil(wait))},
                )
        try:
            request[CALLER] = caller = await self.access.caller(request.headers.get(hdrs.AUTHORIZATION))
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
