"""ICE restarts (RFC 8445, section 9), which aiortc and aioice do not have, on the connection that they use."""

import asyncio

from aioice.ice import CandidatePair, Connection, get_host_addresses
from aioice.utils import random_string
from aiortc import RTCIceGatherer

# RFC 8445, section 5.3, demands 24 bits of randomness at least; aioice takes 4 characters.
_UFRAG, _PASSWORD = 8, 24
# Pace of the checks (RFC 8445, section 14.2), as in aioice.
_PACE_S = 0.02
_LARGEST_TIE_BREAKER = 2**64 - 1


async def restart(gatherer: RTCIceGatherer, ufrag: str, password: str) -> None:
    """Replace the credentials of both sides, and forget the candidates of the peer.

    This side nominates from now on. The sockets stay, and media take the old path until a new one is nominated.
    Addresses that this host has got since the last gathering become candidates.

    Args:
        gatherer: of an established connection.
        ufrag: new user name fragment of the peer.
        password: new password of the peer.
    """
    connection = gatherer._connection
    await _gather_gained_addresses(connection)
    for pair in connection._check_list:
        if pair.task is not None:
            pair.task.cancel()
    connection._check_list.clear()
    connection._remote_candidates.clear()
    connection._nominating.clear()
    connection._remote_candidates_end = gatherer._remote_candidates_end = False
    connection._local_username, connection._local_password = random_string(_UFRAG), random_string(_PASSWORD)
    connection.remote_username, connection.remote_password = ufrag, password
    # A controlling browser stays on the old path until it has heard nothing for 2.5 s. A controlled one takes the path
    # that is nominated. The larger tie-breaker wins the role (RFC 8445, section 7.3.1.1).
    connection._tie_breaker = _LARGEST_TIE_BREAKER
    connection.switch_role(ice_controlling=True)


def selected_pair(gatherer: RTCIceGatherer) -> CandidatePair | None:
    """Return the pair that carries the media; None before the connection is established."""
    return gatherer._connection._nominated.get(1)


async def check_until_nominated(gatherer: RTCIceGatherer, old: CandidatePair | None) -> None:
    """Check the pairs of new candidates, until another pair than the old one carries the media.

    aioice itself starts only checks that are triggered by the peer once the connection is established.
    """
    connection = gatherer._connection
    waiting = (CandidatePair.State.WAITING, CandidatePair.State.FROZEN)
    while selected_pair(gatherer) is old:
        pair = next((each for each in connection._check_list if each.state in waiting and each.task is None), None)
        if pair is not None:
            connection.check_start_task(pair)
        await asyncio.sleep(_PACE_S)


async def _gather_gained_addresses(connection: Connection) -> None:
    known = {protocol.local_candidate.host for protocol in connection._protocols}
    addresses = get_host_addresses(use_ipv4=connection._use_ipv4, use_ipv6=connection._use_ipv6)
    gained = [address for address in addresses if address not in known]
    if not gained:
        return
    before = len(connection._protocols)
    candidates = await connection.get_component_candidates(1, gained)
    if connection._closing:  # `close` has not seen the new sockets
        for protocol in connection._protocols[before:]:
            protocol.transport.close()
        return
    connection._local_candidates += candidates
