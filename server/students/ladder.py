"""The open students of a server, best first, each with its measured cost on this host."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from acutance.model.engine import catalog
from acutance.model.engine.choice import Candidates, Choice, Cost, Known, candidates, choose, reopen
from acutance.model.engine.providers import TRAITS, Request
from acutance.model.engine.sharpener import Sharpener
from acutance.model.engine.specialists import with_specialist
from acutance.model.memory.opening import limit_threads, with_gate
from acutance.server.options.serving import AUTO
from acutance.server.students.rungs import PASS, REMEMBER, Recalls, Rung

if TYPE_CHECKING:
    # Needs OpenCV, which a server without memory has not.
    from acutance.model.memory.rehearsal import PlateCost

log = logging.getLogger(__name__)

WARM_SIZES = ((640, 360), (1280, 720), (1920, 1080))
"""Width and height of frames for which a GPU is prepared before calls are admitted."""


class Ladder:
    """The open students and their rungs.

    Attributes:
        engines: by the name of their rung, best first.
        rungs: best first; the last one passes frames through.
        choices: provider of each student and the figures behind it, best student first.
        memory: the student that takes what is remembered of a call, after any other student; None without a memory.
        known: how each student was chosen, by the name that was asked for; empty for a ladder that was not opened.
    """

    def __init__(self, choices: Sequence[Choice], memory: Choice | None = None, plate_cost: "PlateCost | None" = None):
        """Build the rungs.

        Args:
            choices: best student first.
            memory: the student that takes what is remembered of a call; None without a memory.
            plate_cost: what finding that takes; None to measure it.
        """
        self.choices = list(choices)
        self.memory = None if memory is None else memory.engine
        self._memory_costs = {} if memory is None else _memory_costs(memory.cost, plate_cost)
        self.known: Mapping[str, Known] = {}
        self.engines = {choice.engine.student.name: choice.engine for choice in choices}
        self.rungs = [_rung(choice.engine.student.name, choice) for choice in choices]
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
        if memory:
            limit_threads(threads)
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
        """Return the engine of the rung with this name, see `catalog`; None for ``pass-through`` and unknown names."""
        return self.memory if rung == REMEMBER else self.engines.get(rung)

    def engine_of(self, rung: Rung) -> Sharpener | None:
        """Return the engine of the student of a rung, or of its memory if that works alone; None if neither works."""
        name = rung.student or (None if rung.recalls is Recalls.NOTHING else REMEMBER)
        return None if name is None else self.engine(name)

    def recalling(self, rungs: Sequence[Rung]) -> list[Rung]:
        """Return the rungs for frames of which something is remembered, best first; none without a memory.

        What is remembered gives more than any student in the first second, and alignment more than both, see
        docs/quality/memory.md.

        Args:
            rungs: those for other frames, ``pass-through`` included.
        """
        students = [rung for rung in rungs if rung.student is not None]
        if self.memory is None or not students:
            return []

        def with_memory(recalls: Recalls, student: Rung | None) -> Rung:
            cost = self._memory_costs[recalls]
            if student is None:
                return Rung(recalls.value, cost.seconds_per_pixel, cost.cpu_per_pixel, recalls)
            seconds = student.seconds_per_pixel + cost.seconds_per_pixel
            cpu = student.cpu_per_pixel + cost.cpu_per_pixel
            return Rung(f"{student.name} + {recalls.value}", seconds, cpu, recalls, student.name)

        aligned, as_it_lies = (
            [with_memory(recalls, student) for student in (*students, None)]
            for recalls in (Recalls.ALIGNED, Recalls.AS_IT_LIES)
        )
        return [*aligned, *as_it_lies, *students, *(rung for rung in rungs if rung.name == PASS)]

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


def _memory_costs(student: Cost, plate: "PlateCost | None") -> dict[Recalls, Cost]:
    if plate is None:
        from acutance.model.memory.rehearsal import measure

        plate = measure()
    found = {Recalls.AS_IT_LIES: plate.as_it_lies, Recalls.ALIGNED: plate.aligned}
    return {
        recalls: Cost(cost.seconds_per_pixel + student.seconds_per_pixel, cost.cpu_per_pixel + student.cpu_per_pixel)
        for recalls, cost in found.items()
    }


def _chosen(names: Sequence[str], provider: Request, threads: int, known: Mapping[str, Known] | None) -> list[Choice]:
    if known is not None:
        reopened = [reopen(name, provider, threads, known[name]) for name in names]
        return [replace(choice, engine=with_gate(choice.engine)) for choice in reopened]
    opened = [candidates(name, provider, threads) for name in names]
    return choose([replace(each, engines=[with_gate(engine) for engine in each.engines]) for each in opened])
