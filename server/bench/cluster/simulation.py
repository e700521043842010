"""A simulated cell of a large cluster: arrivals, doors with old figures, storms of clients that come back.

Sessions begin as a Poisson process and last exponentially distributed times. Each begins at a random door. The door
knows the number of sessions of each node from the last report, and the sessions that it has placed since. A node that
is full refuses, and the door tries again, on another node.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

type Counts = NDArray[np.int64]
type Nodes = NDArray[np.intp]
type Policy = Callable[[Counts, Nodes, np.random.Generator], int]

_TRIES = 3


def least(known: Counts, free: Nodes, random: np.random.Generator) -> int:
    """Return one of the nodes with the fewest sessions, at random.

    Args:
        known: number of sessions of each node, as the door knows it.
        free: the nodes that have room, as far as the door knows.
        random: the random numbers.
    """
    counts = known[free]
    return int(random.choice(free[counts == counts.min()]))


def better_of_two(known: Counts, free: Nodes, random: np.random.Generator) -> int:
    """Return the one with fewer sessions of two random nodes that have room; see `least`."""
    one, other = free[random.integers(len(free), size=2)]
    return int(one if known[one] <= known[other] else other)


def any_one(known: Counts, free: Nodes, random: np.random.Generator) -> int:
    """Return a random node that has room; see `least`."""
    return int(random.choice(free))


@dataclass(frozen=True)
class Cell:
    """A cell of a cluster.

    Attributes:
        nodes: number of nodes.
        room: number of sessions that a node admits.
        doors: number of doors.
        report_s: seconds between two reports of a node.
        load: share of the room that is in use on average, 0 to 1.
        session_s: mean length of a session in seconds.
    """

    nodes: int = 500
    room: int = 30
    doors: int = 20
    report_s: float = 1.0
    load: float = 0.9
    session_s: float = 600.0

    @property
    def rate(self) -> float:
        """Sessions that begin, in 1/s."""
        return self.nodes * self.room * self.load / self.session_s


@dataclass(frozen=True)
class Storm:
    """Clients that come back at the same time.

    Attributes:
        sessions: their number.
        within_s: seconds over which they are spread evenly.
        lost_nodes: number of nodes of the cell that are lost at its beginning.
    """

    sessions: int
    within_s: float = 1.0
    lost_nodes: int = 0


@dataclass
class Outcome:
    """What happened to the sessions that began.

    Attributes:
        begun: number that were placed.
        refused: number that were refused after all tries.
        tries: number of tries of those that were placed.
        peak: largest number of sessions that began on one node within a second.
    """

    begun: int = 0
    refused: int = 0
    tries: int = 0
    peak: int = 0

    @property
    def refused_share(self) -> float:
        """Share of the sessions that were refused, 0 to 1."""
        return self.refused / max(1, self.refused + self.begun)


@dataclass
class _State:
    cell: Cell
    policy: Policy
    random: np.random.Generator
    running: Counts = field(init=False)
    alive: NDArray[np.bool_] = field(init=False)
    ends: list[tuple[float, int]] = field(default_factory=list)
    reported: Counts = field(init=False)
    reported_at: int = -1
    placed: dict[int, Counts] = field(default_factory=dict)
    second: int = -1
    begun_in_second: Counts = field(init=False)

    def __post_init__(self) -> None:
        cell = self.cell
        self.alive = np.ones(cell.nodes, bool)
        self.running = np.minimum(self.random.poisson(cell.room * cell.load, cell.nodes), cell.room).astype(np.int64)
        for node, count in enumerate(self.running):
            self.ends += [(float(end), node) for end in self.random.exponential(cell.session_s, count)]
        heapq.heapify(self.ends)
        self.begun_in_second = np.zeros(cell.nodes, np.int64)

    def advance(self, now: float) -> None:
        while self.ends and self.ends[0][0] <= now:
            _, node = heapq.heappop(self.ends)
            self.running[node] -= bool(self.alive[node])
        if int(now / self.cell.report_s) != self.reported_at:
            self.reported_at = int(now / self.cell.report_s)
            self.reported = np.where(self.alive, self.running, self.cell.room)
            self.placed.clear()
        if int(now) != self.second:
            self.second = int(now)
            self.begun_in_second[:] = 0

    def begin(self, now: float, outcome: Outcome) -> None:
        cell = self.cell
        door = int(self.random.integers(cell.doors))
        placed = self.placed.setdefault(door, np.zeros(cell.nodes, np.int64))
        known = self.reported + placed
        free = np.flatnonzero(known < cell.room)
        for tried in range(1, _TRIES + 1):
            if not len(free):
                break
            node = self.policy(known, free, self.random)
            if self.alive[node] and self.running[node] < cell.room:
                placed[node] += 1
                self.running[node] += 1
                self.begun_in_second[node] += 1
                heapq.heappush(self.ends, (now + float(self.random.exponential(cell.session_s)), node))
                outcome.begun += 1
                outcome.tries += tried
                outcome.peak = max(outcome.peak, int(self.begun_in_second[node]))
                return
            free = free[free != node]
        outcome.refused += 1


def simulate(cell: Cell, policy: Policy, seconds: float, storm: Storm | None = None, seed: int = 1) -> Outcome:
    """Return what happens to the sessions that begin in a cell; with a storm, only in its time and the next second.

    Args:
        cell: the cell, filled to its load at the beginning.
        policy: chooses a node by the numbers of sessions that a door knows.
        seconds: simulated time; a storm begins at its end.
        storm: clients that come back then.
        seed: of the random numbers.
    """
    random = np.random.default_rng(seed)
    state, outcome = _State(cell, policy, random), Outcome()
    arrivals = np.sort(random.uniform(0, seconds, random.poisson(cell.rate * seconds)))
    for at in arrivals:
        state.advance(float(at))
        state.begin(float(at), outcome)
    if storm is None:
        return outcome
    state.advance(seconds)
    state.alive[: storm.lost_nodes] = False
    state.running[: storm.lost_nodes] = 0
    outcome = Outcome()
    for at in np.sort(seconds + random.uniform(0, storm.within_s, storm.sessions)):
        state.advance(float(at))
        state.begin(float(at), outcome)
    return outcome
