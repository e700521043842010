"""The nodes of a cluster as they announce themselves: soft state, which ends if it is not renewed."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

log = logging.getLogger(__name__)

# A node announces itself this often; after three missing announcements it counts as gone.
ANNOUNCE_S = 5.0
_GONE_S = 16.0


class Member(BaseModel):
    """A node, as it announces itself.

    Attributes:
        name: of letters and digits, a new one at each start; part of the identifiers of its sessions.
        host: private address on which it listens for doors.
        port: its TCP port there.
        fingerprint: SHA-256 of its certificate, in hexadecimal digits.
        processors: number of processors that it may use.
        machine: identifier of the machine in Ray.
        head: ``HOST:PORT`` of Ray's head.
    """

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(pattern="^[a-z0-9]+$")]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    fingerprint: Annotated[str, Field(pattern="^[a-f0-9]+$")]
    processors: Annotated[float, Field(gt=0)]
    machine: str = ""
    head: str = ""


class Announcement(BaseModel):
    """What a node writes every `ANNOUNCE_S`; ``beat`` grows each time, because clocks of machines differ."""

    member: Member
    beat: int


_ENTRIES = TypeAdapter(dict[str, str])


def parse(line: str) -> dict[str, str]:
    """Return the announcements in a line that the program `ray_side.watch` prints; none if it cannot be read."""
    try:
        return _ENTRIES.validate_json(line)
    except ValidationError:
        return {}


@dataclass
class Silences:
    """Measures for how long announcements have not changed; ``clock`` is in seconds."""

    clock: Callable[[], float] = monotonic
    _known: dict[str, tuple[str, float]] = field(default_factory=dict)

    def longer_than(self, seconds: float, entries: Mapping[str, str]) -> set[str]:
        """Return the names of those that have not changed for longer than this, as far as it was called meanwhile.

        Args:
            seconds: the time.
            entries: all announcements that exist, by name.
        """
        now = self.clock()
        for name, text in entries.items():
            if self._known.get(name, ("", 0.0))[0] != text:
                self._known[name] = text, now
        self._known = {name: known for name, known in self._known.items() if name in entries}
        return {name for name, (_, since) in self._known.items() if now - since > seconds}


@dataclass
class Members:
    """The nodes that have announced themselves a moment ago."""

    silences: Silences = field(default_factory=Silences)

    def update(self, entries: Mapping[str, str]) -> list[Member]:
        """Return the nodes among all announcements that exist, which are JSON by the name of the node.

        An announcement that has not changed for longer than a node is silent, and one that cannot be read, is left out.
        """
        gone = self.silences.longer_than(_GONE_S, entries)
        found = []
        for name, text in entries.items():
            try:
                announced = Announcement.model_validate_json(text)
            except ValidationError as error:
                log.error("the announcement of the node %s cannot be read: %s", name, str(error).splitlines()[0])
                continue
            if name not in gone:
                found.append(announced.member)
        return found
