"""Packets that later ones have overtaken: how long each is missing, and when to ask for it again."""

from dataclasses import dataclass

# One retransmission takes a round trip: there is time for two of them. Below this jitter alone may be as much;
# above it a keyframe, which takes a round trip too, is the quicker way.
SHORTEST_PATIENCE_S, LONGEST_PATIENCE_S = 0.3, 1.0
_PATIENCE, _REPEAT = 2.5, 1.5  # round trips
_SHORTEST_REPEAT_S = 0.05
_GUESSED_ROUND_TRIP_S = 0.1
# What comes sooner was not asked for: the line only changed the order.
_SHORTEST_ROUND_TRIP_S = 0.03
_SMOOTHING = 1 / 8  # of the round trip, as in RFC 6298, section 2
_MOST_ASKED = 4
# aiortc asks for no more at once and keeps no more as a sender (RTP_HISTORY_SIZE): behind a longer gap a keyframe is
# the way.
_LONGEST_GAP = 128
_MOST_KNOWN = 1024


@dataclass
class _Absence:
    since: float
    asked_at: float
    asked: int = 0


class Retransmissions:
    """Knows the packets that have not come. Positions are sequence numbers that do not wrap; times are in seconds.

    Attributes:
        round_trip: from noticing that a packet is missing to its retransmission; None before the first.
    """

    def __init__(self) -> None:
        self.round_trip: float | None = None
        self._absent: dict[int, _Absence] = {}

    @property
    def patience(self) -> float:
        """How long a packet is waited for, in seconds."""
        return min(LONGEST_PATIENCE_S, max(SHORTEST_PATIENCE_S, _PATIENCE * self._likely_round_trip))

    def expect(self, gap: range, now: float) -> None:
        """Take the positions that a packet has overtaken. aiortc asks for them at once."""
        if len(gap) > _LONGEST_GAP:
            return
        self._absent |= {position: _Absence(now, now) for position in gap}
        # They stay when they are given up: by their late arrival the round trip becomes known.
        for position in list(self._absent)[: max(0, len(self._absent) - _MOST_KNOWN)]:
            del self._absent[position]

    def came(self, position: int, now: float) -> None:
        """Take a packet's arrival."""
        absence = self._absent.pop(position, None)
        if absence is None or now - absence.since < _SHORTEST_ROUND_TRIP_S:
            return
        took = min(now - absence.since, LONGEST_PATIENCE_S)
        if self.round_trip is None:
            self.round_trip = took
        else:
            self.round_trip += _SMOOTHING * (took - self.round_trip)

    def is_lost(self, position: int, now: float) -> bool:
        """Return whether to wait no longer for the packet at ``position``."""
        absence = self._absent.get(position)
        return absence is None or now - absence.since >= self.patience

    def to_ask(self, first: int, now: float) -> tuple[int, ...]:
        """Return the positions from ``first`` on to ask for again now; each call counts as having asked."""
        repeat = max(_SHORTEST_REPEAT_S, _REPEAT * self._likely_round_trip)
        due = {
            position: absence
            for position, absence in self._absent.items()
            if position >= first and absence.asked < _MOST_ASKED and now - absence.asked_at >= repeat
        }
        for absence in due.values():
            absence.asked += 1
            absence.asked_at = now
        return tuple(sorted(due))

    def clear(self) -> None:
        """Forget the packets, for a stream that begins anew."""
        self._absent.clear()

    @property
    def _likely_round_trip(self) -> float:
        return _GUESSED_ROUND_TRIP_S if self.round_trip is None else self.round_trip
