"""Consent to send (RFC 7675): a call ends when its peer has answered no check for half a minute."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic

from aioice import stun
from aioice.ice import Connection

# A request is sent again after 0.5 and 1.5 s, and given up after 3.5 s (RFC 8489, section 6.2.1).
_RETRANSMISSIONS = 2


@dataclass(frozen=True)
class ConsentTimes:
    """Times in seconds.

    Attributes:
        interval: mean time between two requests (RFC 7675, section 5.1).
        expiry: time without an answer after which the call ends.
    """

    interval: float = 5.0
    expiry: float = 30.0


def keep_consent(
    connection: Connection, times: ConsentTimes | None = None, clock: Callable[[], float] = monotonic
) -> None:
    """Replace aioice's consent checks, which wait 0.5 s for an answer. Call it before the connection is established.

    On a poor connection with queues that hold more than half a second, aioice counts each answer as missing, and ends
    the call after six.

    Args:
        connection: the connection.
        times: when to ask, and when to give up.
        clock: monotonic time in seconds.
    """
    connection.query_consent = partial(_query, connection, times or ConsentTimes(), clock)  # type: ignore[method-assign]


async def _query(connection: Connection, times: ConsentTimes, clock: Callable[[], float]) -> None:
    answered = clock()
    while clock() - answered < times.expiry:
        await asyncio.sleep(times.interval * random.uniform(0.8, 1.2))
        for pair in list(connection._nominated.values()):
            assert connection.remote_password is not None  # it has authenticated the checks before
            key = connection.remote_password.encode()  # of the last restart
            request = connection.build_request(pair, nominate=False)
            try:
                await pair.protocol.request(request, pair.remote_addr, key, _RETRANSMISSIONS)
            except stun.TransactionError:
                continue
            answered = clock()
    connection._query_consent_task = None  # `close` would cancel this task
    await connection.close()
