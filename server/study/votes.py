"""The votes of a study in SQLite: who may vote on what, and what was voted. Blocks: call it in a thread.

One file, votes.sqlite, in write-ahead mode: a report reads while raters vote. Each vote is one transaction, written to
disk before the rater sees the next clip. There is nothing about a rater but a random identifier, the language, and what
the page measured of screen and vision.
"""

import json
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from acutance.server.study.errors import StudyError

_FILE = "votes.sqlite"
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS study (
    digest TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS rater (
    id TEXT PRIMARY KEY,                         -- random, known to the rater's browser only
    number INTEGER NOT NULL UNIQUE,              -- in order of arrival, from 0
    day TEXT NOT NULL,                           -- date of arrival, UTC
    language TEXT NOT NULL,
    plan TEXT NOT NULL,                          -- JSON: list of trials in their order
    facts TEXT NOT NULL DEFAULT '{}'             -- JSON by step: screen, vision
) STRICT;
CREATE TABLE IF NOT EXISTS vote (
    rater TEXT NOT NULL REFERENCES rater (id),
    position INTEGER NOT NULL,                   -- of the trial in the plan, from 0
    stimulus TEXT NOT NULL,
    kind TEXT NOT NULL,                          -- training, test, gold, same or trap
    swapped INTEGER NOT NULL,                    -- 1: the baseline was on the right
    vote INTEGER NOT NULL,                       -- as given; in CCR the right clip against the left one
    value INTEGER NOT NULL,                      -- in CCR the test against its baseline
    timing TEXT NOT NULL,                        -- JSON: milliseconds, plays, skipped frames
    PRIMARY KEY (rater, position)
) STRICT, WITHOUT ROWID;
"""

type Kind = Literal["training", "test", "gold", "same", "trap"]
type Step = Literal["screen", "vision"]


@dataclass(frozen=True)
class Trial:
    """One question for a rater.

    Attributes:
        stimulus: key of the stimulus.
        kind: what the vote is for.
        swapped: whether the test clip of a pair is on the left.
        instructed: the vote that a text over the clip of a trap question asks for.
    """

    stimulus: str
    kind: Kind
    swapped: bool = False
    instructed: int | None = None


@dataclass(frozen=True)
class Rater:
    """A rater.

    Attributes:
        id: random identifier.
        number: in order of arrival, from 0.
        plan: the trials in their order.
        facts: what the page measured, by step.
        votes: number of votes given.
    """

    id: str
    number: int
    plan: tuple[Trial, ...]
    facts: dict[str, Any]
    votes: int


@dataclass(frozen=True)
class Vote:
    """A vote.

    Attributes:
        rater: number of the rater.
        position: of the trial in the rater's plan, from 0.
        stimulus: key of the stimulus.
        kind: what it is for.
        vote: as given; in CCR the right clip against the left one.
        value: in CCR the test against its baseline, whichever side it was on; in ACR ``vote``.
    """

    rater: int
    position: int
    stimulus: str
    kind: Kind
    vote: int
    value: int


class VoteError(ValueError):
    """A vote that cannot be taken: it is not for the rater's next trial."""


class FullError(RuntimeError):
    """The study has as many raters as it admits."""


def has_votes(folder: Path) -> bool:
    """Return whether a folder has a database of votes."""
    return (folder / _FILE).exists()


_TRIALS = TypeAdapter(tuple[Trial, ...])


class Votes:
    """The database of one study. For one thread at a time."""

    def __init__(self, connection: sqlite3.Connection):
        self._connection = connection

    @classmethod
    def open(cls, folder: Path, digest: str) -> "Votes":
        """Open or create the database in a folder, for the study with this digest.

        Raises:
            StudyError: it cannot be opened, or belongs to another version of the study.
        """
        path = folder / _FILE
        try:
            # The server calls it in a thread that it has for this alone, and closes it from another.
            connection = sqlite3.connect(path, autocommit=True, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise StudyError(f"{path} has version {version}, this program reads version {_VERSION}")
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            connection.execute("INSERT INTO study SELECT ? WHERE NOT EXISTS (SELECT 1 FROM study)", (digest,))
            (found,) = connection.execute("SELECT digest FROM study").fetchone()
        except sqlite3.Error as error:
            raise StudyError(f"cannot open the votes in {path}: {error}") from error
        if found != digest:
            raise StudyError(f"the votes in {path} are for other clips: give the study another `folder`")
        return cls(connection)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def enrol(self, language: str, day: str, most: int, plan: Callable[[int], Sequence[Trial]]) -> Rater:
        """Add a rater.

        Args:
            language: of the page.
            day: date, as YYYY-MM-DD.
            most: number of raters that are admitted.
            plan: makes the trials from the number of the rater.

        Raises:
            FullError: there are ``most`` raters.
        """
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                (number,) = cursor.execute("SELECT count(*) FROM rater").fetchone()
                if number >= most:
                    raise FullError(f"the study has {most} raters, as many as it admits")
                trials, key = tuple(plan(number)), secrets.token_hex(16)
                cursor.execute(
                    "INSERT INTO rater (id, number, day, language, plan) VALUES (?, ?, ?, ?, ?)",
                    (key, number, day, language, _TRIALS.dump_json(trials).decode()),
                )
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")
        return Rater(key, number, trials, {}, 0)

    def rater(self, key: str) -> Rater | None:
        """Return a rater; None if there is none with this identifier."""
        row = self._connection.execute(
            "SELECT number, plan, facts, (SELECT count(*) FROM vote WHERE rater = id) FROM rater WHERE id = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        number, plan, facts, votes = row
        return Rater(key, number, _TRIALS.validate_json(plan), json.loads(facts), votes)

    def note(self, rater: str, step: Step, facts: dict[str, Any]) -> None:
        """Keep what the page measured in a step; the last one counts."""
        self._connection.execute(
            "UPDATE rater SET facts = json_set(facts, '$.' || ?, json(?)) WHERE id = ?",
            (step, json.dumps(facts), rater),
        )

    def vote(self, rater: Rater, position: int, vote: int, timing: dict[str, Any], ccr: bool) -> None:
        """Take the vote for a trial; the same vote again, as after a lost response, changes nothing.

        Args:
            rater: who votes.
            position: of the trial in the rater's plan.
            vote: as given.
            timing: what the page measured.
            ccr: whether the vote compares two clips.

        Raises:
            VoteError: the trial is not the next one of this rater.
        """
        row = self._connection.execute(
            "SELECT vote FROM vote WHERE rater = ? AND position = ?", (rater.id, position)
        ).fetchone()
        if row is not None:
            if row[0] != vote:
                raise VoteError(f"trial {position} has a vote already")
            return
        if position != rater.votes or position >= len(rater.plan):
            raise VoteError(f"trial {position} is not the next one: {rater.votes} of {len(rater.plan)} have votes")
        trial = rater.plan[position]
        value = -vote if ccr and trial.swapped else vote
        self._connection.execute(
            "INSERT INTO vote VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (rater.id, position, trial.stimulus, trial.kind, trial.swapped, vote, value, json.dumps(timing)),
        )

    def raters(self) -> list[Rater]:
        """Return all raters in order of arrival."""
        keys = self._connection.execute("SELECT id FROM rater ORDER BY number").fetchall()
        return [rater for (key,) in keys if (rater := self.rater(key)) is not None]

    def votes(self) -> list[Vote]:
        """Return all votes, by rater and in the order in which they were given."""
        rows = self._connection.execute(
            "SELECT number, position, stimulus, kind, vote, value FROM vote JOIN rater ON rater = id "
            "ORDER BY number, position"
        )
        return [Vote(*row) for row in rows]
