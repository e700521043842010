"""The database takes each vote once, in order, and nothing about a person."""

import sqlite3
from pathlib import Path

import pytest

from acutance.server.study.errors import StudyError
from acutance.server.study.votes import FullError, Trial, VoteError, Votes

PLAN = [Trial("aa", "training"), Trial("bb", "test", swapped=True), Trial("cc", "trap", instructed=2)]


def enrolled(votes: Votes, most: int = 9):  # type: ignore[no-untyped-def]
    return votes.enrol("en", "2026-11-27", most, lambda number: PLAN)


def test_votes_are_kept_and_a_swapped_pair_is_turned_round(tmp_path: Path) -> None:
    votes = Votes.open(tmp_path, "d")
    rater = enrolled(votes)
    for position, vote in enumerate((1, -2, 2)):
        votes.vote(votes.rater(rater.id), position, vote, {}, ccr=True)  # type: ignore[arg-type]
    votes.close()
    votes = Votes.open(tmp_path, "d")
    assert [(each.kind, each.vote, each.value) for each in votes.votes()] == [
        ("training", 1, 1),
        ("test", -2, 2),
        ("trap", 2, 2),
    ]
    again = votes.rater(rater.id)
    assert again is not None
    assert (again.votes, again.plan) == (3, tuple(PLAN))
    votes.close()


def test_a_vote_repeated_after_a_lost_response_counts_once_and_another_one_is_refused(tmp_path: Path) -> None:
    votes = Votes.open(tmp_path, "d")
    rater = enrolled(votes)
    votes.vote(rater, 0, 1, {}, ccr=True)
    votes.vote(rater, 0, 1, {}, ccr=True)
    with pytest.raises(VoteError, match="has a vote already"):
        votes.vote(rater, 0, 2, {}, ccr=True)
    with pytest.raises(VoteError, match="not the next one"):
        votes.vote(rater, 2, 2, {}, ccr=True)
    assert len(votes.votes()) == 1
    votes.close()


def test_no_more_raters_than_admitted(tmp_path: Path) -> None:
    votes = Votes.open(tmp_path, "d")
    numbers = [enrolled(votes, 2).number for _ in range(2)]
    assert numbers == [0, 1]
    with pytest.raises(FullError):
        enrolled(votes, 2)
    assert len(votes.raters()) == 2
    votes.close()


def test_what_the_page_measured_is_kept_by_step(tmp_path: Path) -> None:
    votes = Votes.open(tmp_path, "d")
    rater = enrolled(votes)
    votes.note(rater.id, "screen", {"fits": False})
    votes.note(rater.id, "vision", {"passed": {"acuity": True}})
    votes.note(rater.id, "screen", {"fits": True})
    (found,) = votes.raters()
    assert found.facts == {"screen": {"fits": True}, "vision": {"passed": {"acuity": True}}}
    votes.close()


def test_a_report_reads_while_votes_arrive(tmp_path: Path) -> None:
    writing = Votes.open(tmp_path, "d")
    rater = enrolled(writing)
    reading = Votes.open(tmp_path, "d")
    writing.vote(rater, 0, 1, {}, ccr=True)
    assert len(reading.votes()) == 1
    (mode,) = sqlite3.connect(tmp_path / "votes.sqlite").execute("PRAGMA journal_mode").fetchone()
    assert mode == "wal"
    reading.close()
    writing.close()


def test_votes_for_other_clips_are_refused(tmp_path: Path) -> None:
    Votes.open(tmp_path, "d").close()
    with pytest.raises(StudyError, match="give the study another `folder`"):
        Votes.open(tmp_path, "e")
    with pytest.raises(StudyError, match="cannot open the votes"):
        Votes.open(tmp_path / "none", "d")
    (tmp_path / "votes.sqlite").write_bytes(b"no database, but long enough for its header" * 30)
    with pytest.raises(StudyError, match="cannot open the votes"):
        Votes.open(tmp_path, "d")
