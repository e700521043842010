"""Limits and repairs of aioice's connectivity checks (RFC 8445, section 7)."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from aioice import stun
from aioice.candidate import candidate_priority
from aioice.ice import CandidatePair, Connection

from acutance.server.options.session_limits import MOST_CANDIDATES
from acutance.server.rtc.aiortc_private.datagrams import is_of_peer

# Addresses of one peer: candidates that it has signalled, and sources of its connectivity checks. aioice starts a check
# for each and sorts all of them each time; a peer could send from thousands of ports.
_MAX_ADDRESSES = 2 * MOST_CANDIDATES
# One repetition solves a role conflict (RFC 8445, section 7.2.5.1). aioice repeats for as long as the peer reports
# conflicts, until Python's recursion limit ends the task.
_MAX_ATTEMPTS = 4


def limit_checks(connection: Connection) -> None:
    """Limit the checks that a peer can cause, and accept checks without PRIORITY. Call it before the first check."""
    connection.check_incoming = partial(  # type: ignore[method-assign]
        _check_incoming, connection, connection.check_incoming
    )
    connection.check_start = partial(  # type: ignore[method-assign]
        _check_start, connection, connection.check_start, WeakKeyDictionary()
    )


def _check_incoming(
    connection: Connection,
    check: Callable[[stun.Message, tuple[str, int], Any], None],
    message: stun.Message,
    address: tuple[str, int],
    protocol: Any,
) -> None:
    if len(connection._remote_candidates) >= _MAX_ADDRESSES and not is_of_peer(connection, address):
        return
    # FFmpeg 8.0's WHIP muxer omits PRIORITY, which RFC 8445, section 7.1.1, requires: aioice replies to such a check
    # and then fails. The default is the priority of a peer-reflexive candidate.
    message.attributes.setdefault("PRIORITY", candidate_priority(1, "prflx"))
    check(message, address, protocol)


async def _check_start(
    connection: Connection,
    check: Callable[[CandidatePair], Awaitable[None]],
    attempts: "WeakKeyDictionary[asyncio.Task[Any], int]",
    pair: CandidatePair,
) -> None:
    # aioice calls it in a task for each check, and again in the same task after each conflict.
    task = asyncio.current_task()
    assert task is not None
    attempts[task] = attempts.get(task, 0) + 1
    if attempts[task] > _MAX_ATTEMPTS:
        connection.check_state(pair, CandidatePair.State.FAILED)
        connection.check_complete(pair)
        return
    await check(pair)
