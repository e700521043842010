"""The open students of a server, best first, each with its measured cost on this host."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import monotonic

from acutance.model.engine import catalog
from acutance.model.engine.choice import Candidates, Choice, Known, candidates, choose, reopen
from acutance.model.engine.providers import TRAITS, Request
from acutance.model.engine.sharpener import Sharpener
from acutance.model.engine.specialists import with_specialist
from acutance.model.memory.opening import with_gate
from acutance.server.options.serving import AUTO
from acutance.server.students.rungs import PASS, REMEMBER, Rung

log = logging.getLogger(__name__)

WARM_SIZES = ((640, 360), (1280, 720), (1920, 1080))
"""Width and height of frames for which a GPU is prepared before calls are admitted."""


class Ladder:
    """The open students and their rungs.

    Attributes:
        engines: by the name of their rung, best first.
        rungs: best first; the last one passes frames through. The one above uses the memory of the call alone, if the
            ladder has one that is cheaper than every student.
        choices: provider of each student and the figures behind it, best student first.
        memory: the student that takes what is remembered of a call, after any other student; None without a memory.
        known: how each student was chosen, by the name that was asked for; empty for a ladder that was not opened.
    """

    def __init__(self, choices: Sequence[Choice], memory: Choice | None = None):
        self.choices = list(choices)
        self.memory = None if memory is None else memory.engine
        self.known: Mapping[str, Known] = {}
        self.engines = {choice.engine.student.name: choice.engine for choice in choices}
        self.rungs = [_rung(choice.engine.student.name, choice) for choice in choices]
        if memory is not None and all(memory.cost.seconds_per_pixel < rung.seconds_per_pixel for rung in self.rungs):
            self.rungs.append(_rung(REMEMBER, memory))
        self.rungs.append(Rung(PASS))

    @classmethod
    def of(cls, *engines: Sharpener, memory: Sharpener | None = None) -> "Ladder":
        """Measure open students, best first; each on its own provider."""
        remembering = None if memory is None else choose([Candidates([memory])])[0]
        return cls(choose([Candidates([engine]) for engine in engines]), remembering)

    @classmethod
    def open(
        cls,
        student: str,
        provider: Request,
        threads: int,
        *,
        memory: bool = False,
        known: Mapping[str, Known] | None = None,
    ) -> "Ladder":
        """Open the students that `student` allows, each on the provider that is the fastest on this host.

        Args:
            student: ``auto`` for all students of `catalog.LADDER`; one of their names for it and the cheaper ones;
                another name of the catalogue, or the path of an ONNX file, for that student alone.
            provider: see `Engine.open`; ``auto`` without a GPU compares ONNX Runtime and OpenVINO.
            threads: see `Engine.open`.
            memory: whether to open the student that takes what is remembered of a call.
            known: the attribute of the ladder of another process with the same arguments, to open its choices without
                timing them; None to time all.

        Raises:
            EngineError: a student cannot be opened.
        """
        names = list(catalog.LADDER)
        if student in names:
            names = names[names.index(student) :]
        elif student != AUTO:
            names = [student]
        choices = _chosen(names, provider, threads, known)
        for choice in choices:
            log.info("student %s", choice.summary)
        remembering = _chosen([catalog.MEMORY], provider, threads, known) if memory else []
        found = dict(zip([*names, catalog.MEMORY], [one.known for one in (*choices, *remembering)], strict=False))
        choices = [replace(one, engine=with_specialist(one.engine, provider, threads)) for one in choices]
        ladder = cls(choices, remembering[0] if remembering else None)
        ladder.known = found
        ladder.warm_up()
        return ladder

    def warm_up(self) -> None:
        """Prepare a GPU for common sizes, which takes some seconds; without a GPU there is nothing to do."""
        begun = monotonic()
        for engine in (*self.engines.values(), self.memory):
            if engine is not None:
                engine.warm_up(WARM_SIZES)
        if TRAITS[self.best.provider].staged:
            log.info("%s is ready for %d sizes after %.1f s", self.best.provider, len(WARM_SIZES), monotonic() - begun)

    def release_memory(self) -> None:
        """Return unused memory of the students to the system; blocks for some milliseconds."""
        for engine in (*self.engines.values(), self.memory):
            if engine is not None:
                engine.release_memory()

    @property
    def best(self) -> Sharpener:
        """The engine of the first rung."""
        return next(iter(self.engines.values()))

    def engine(self, rung: str) -> Sharpener | None:
        """Return the engine of the rung with this name; None for ``pass-through`` and unknown names."""
        return self.memory if rung == REMEMBER else self.engines.get(rung)

    def from_rung(self, name: str) -> list[Rung]:
        """Return the rung with this name and all below it.

        Raises:
            KeyError: there is no rung with this name.
        """
        names = [rung.name for rung in self.rungs]
        if name not in names:
            raise KeyError(name)
        return self.rungs[names.index(name) :]


def _rung(name: str, choice: Choice) -> Rung:
    return Rung(name, choice.cost.seconds_per_pixel, choice.cost.cpu_per_pixel)


def _chosen(names: Sequence[str], provider: Request, threads: int, known: Mapping[str, Known] | None) -> list[Choice]:
    if known is not None:
        reopened = [reopen(name, provider, threads, known[name]) for name in names]
        return [replace(choice, engine=with_gate(choice.engine)) for choice in reopened]
    opened = [candidates(name, provider, threads) for name in names]
    return choose([replace(each, engines=[with_gate(engine) for engine in each.engines]) for each in opened])
