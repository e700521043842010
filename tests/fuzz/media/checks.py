"""Connectivity checks (RFC 8445, section 7.2.2) of a connected peer, authentic and without sense."""

from collections.abc import Iterator

from aioice import stun

from tests.fuzz.media.maker import Maker


class CheckMaker(Maker):
    """Sends checks with valid credentials. They can end the call of the peer itself: a role conflict without end."""

    def burst(self) -> Iterator[bytes]:
        """Return a few datagrams."""
        for _ in range(self._random.randrange(1, 4)):
            yield self._check()

    def _check(self) -> bytes:
        random, request = self._random, stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.transaction_id = random.randbytes(12)
        request.attributes["USERNAME"] = self._target.ice_user
        for name, bits in (("PRIORITY", 32), ("ICE-CONTROLLED", 64), ("ICE-CONTROLLING", 64)):
            if random.random() < 0.5:
                request.attributes[name] = self._number_like(bits)
        if random.random() < 0.5:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._target.ice_password.encode())
        return self._mutated(bytes(request), chance=0.1)
