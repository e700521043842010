"""Missing packets: how long to wait for each, and when to request it again."""

from dataclasses import dataclass

# Time to wait for a missing packet. It covers two retransmissions of one round trip each. Jitter alone can
# reach the shortest; after the longest, a keyframe is faster, which takes one round trip as well.
SHORTEST_PATIENCE_S, LONGEST_PATIENCE_S = 0.3, 1.0
_PATIENCE, _REPEAT = 2.5, 1.5  # round trips
_SHORTEST_REPEAT_S = 0.05
_GUESSED_ROUND_TRIP_S = 0.1
# A packet that arrives sooner was not retransmitted: the network only reordered it.
_SHORTEST_ROUND_TRIP_S = 0.03
_SMOOTHING = 1 / 8  # of the round trip, as in RFC 6298, section 2
_MAX_REQUESTS = 4
# As a sender, aiortc keeps no more packets (RTP_HISTORY_SIZE). After a longer gap a keyframe is requested.
_MAX_GAP = 128
_MAX_KNOWN = 1024


@dataclass
class _Absence:
    since: float
    requested_at: float
    requests: int = 0


class Retransmissions:
    """Lists the missing packets. Positions are sequence numbers that do not wrap; times are in seconds.

    Attributes:
        round_trip: time from noticing that a packet is missing to its retransmission; None before the first.
    """

    def __init__(self) -> None:
        self.round_trip: float | None = None
        self._absent: dict[int, _Absence] = {}

    @property
    def patience(self) -> float:
        """Time to wait for a missing packet, in seconds."""
        return min(LONGEST_PATIENCE_S, max(SHORTEST_PATIENCE_S, _PATIENCE * self._likely_round_trip))

    def expect(self, gap: range, now: float) -> None:
        """Add missing positions, each of which aiortc has already requested once."""
        if len(gap) > _MAX_GAP:
            return
        self._absent |= {position: _Absence(now, now) for position in gap}
        # Packets that count as lost stay in the list: their late arrival still measures the round trip.
        for position in list(self._absent)[: max(0, len(self._absent) - _MAX_KNOWN)]:
            del self._absent[position]

    def arrived(self, position: int, now: float) -> None:
        """Note that a packet arrived."""
        absence = self._absent.pop(position, None)
        if absence is None or now - absence.since < _SHORTEST_ROUND_TRIP_S:
            return
        elapsed = min(now - absence.since, LONGEST_PATIENCE_S)
        if self.round_trip is None:
            self.round_trip = elapsed
        else:
            self.round_trip += _SMOOTHING * (elapsed - self.round_trip)

    def is_lost(self, position: int, now: float) -> bool:
        """Return whether to stop waiting for the packet at ``position``."""
        absence = self._absent.get(position)
        return absence is None or now - absence.since >= self.patience

    def due(self, first: int, now: float) -> tuple[int, ...]:
        """Return the positions from ``first`` on to request again now, and mark them as requested."""
        repeat = max(_SHORTEST_REPEAT_S, _REPEAT * self._likely_round_trip)
        again = {
            position: absence
            for position, absence in self._absent.items()
            if position >= first and absence.requests < _MAX_REQUESTS and now - absence.requested_at >= repeat
        }
        for absence in again.values():
            absence.requests += 1
            absence.requested_at = now
        return tuple(sorted(again))

    def clear(self) -> None:
        """Forget all packets, for a stream that restarts."""
        self._absent.clear()

    @property
    def _likely_round_trip(self) -> float:
        return _GUESSED_ROUND_TRIP_S if self.round_trip is None else self.round_trip
