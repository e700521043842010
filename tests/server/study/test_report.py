"""From the votes of simulated raters to the report, by the command that users run."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from acutance.server import cli
from acutance.server.study.manifest import Manifest, save
from acutance.server.study.serve.plan import plan
from acutance.server.study.study_file import Study
from acutance.server.study.votes import Votes
from tests.server.study.simulated import ACR, CCR, Raters, prepared

SEEING = {"right": {}, "asked": {}, "passed": {"acuity": True, "colour": True, "brightness": True}}
BLURRED = SEEING | {"passed": {"acuity": False, "colour": True, "brightness": True}}
ASLEEP, SHORT_SIGHTED = 8, 9


def held(study: Study, manifest: Manifest, truth: dict[str, float], raters: int = 12) -> None:
    """Hold the study: raters vote on their plans, but one answers at random and one sees badly.

    Args:
        study: the study.
        manifest: its stimuli.
        truth: score of each treatment in ACR, of the treatment that is compared in CCR.
        raters: how many.
    """
    save(study, manifest)
    rng = np.random.default_rng(11)
    simulated = Raters.draw(rng, raters)
    low, high = study.scale
    votes = Votes.open(study.located(study.folder), study.digest)
    votes._connection.execute("PRAGMA synchronous = OFF")  # hundreds of votes at once need not reach the disk
    for number in range(raters):
        rater = votes.enrol("en", "2026-11-27", 100, lambda number: plan(study, manifest, number))
        votes.note(rater.id, "vision", BLURRED if number == SHORT_SIGHTED else SEEING)
        one = Raters(simulated.bias[[number]], simulated.inconsistency[[number]])
        for position, trial in enumerate(rater.plan):
            stimulus = manifest.stimuli[trial.stimulus]
            value = int(one.vote(rng, np.array([truth[stimulus.test]]), low, high)[0, 0])
            if stimulus.role in ("gold", "same") and stimulus.expected is not None:
                value = int(np.clip(value, *stimulus.expected))
            given = -value if study.method == "ccr" and trial.swapped else value
            if trial.instructed is not None:
                given = trial.instructed
            if number == ASLEEP:
                given = int(rng.integers(low, high + 1))
            now = votes.rater(rater.id)
            assert now is not None
            votes.vote(now, position, given, {}, ccr=study.method == "ccr")
    votes.close()


def report(study: Study, *options: str) -> dict[str, object]:
    assert cli.main(["study", "report", str(study.path), *options]) == 0
    result: dict[str, object] = json.loads((study.located(study.folder) / "report.json").read_text())
    return result


def test_a_ccr_report_recovers_the_truth_and_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, manifest = prepared(tmp_path, CCR.replace("[checks]", "[checks]\ngold = 4"), sources=8)
    held(study, manifest, {"sharpened": 0.6, "reference": 2.5})
    result = report(study, "--difference", "0.2", "--difference", "2")
    (mean,) = result["differences"]  # type: ignore[misc]
    assert mean["name"] == "sharpened against plain"
    assert mean["low"] <= 0.6 <= mean["high"]
    assert (mean["clips"], mean["votes"]) == (8, 80)
    raters = {rater["number"]: rater for rater in result["raters"]}  # type: ignore[attr-defined]
    assert raters[SHORT_SIGHTED]["reasons"] == ["vision: acuity"]
    assert "wrong answers" in raters[ASLEEP]["reasons"][0]
    assert len(raters[ASLEEP]["failed_checks"]) >= 2
    assert all(not rater["reasons"] for number, rater in raters.items() if number not in (ASLEEP, SHORT_SIGHTED))
    needs = {need["difference"]: need for need in result["needs"]}  # type: ignore[attr-defined]
    assert needs[0.2]["more"] == {mean["name"]: needs[0.2]["votes"] - 80}
    assert needs[2]["more"] == {mean["name"]: 0}
    markdown = (tmp_path / "study" / "report.md").read_text()
    assert capsys.readouterr().out == markdown
    assert f"| sharpened against plain | {mean['score']:.2f} |" in markdown
    assert "vision: acuity" in markdown
    with Image.open(tmp_path / "study" / "report.png") as plot:
        assert plot.width > 500


def test_an_acr_report_has_opinion_scores_and_differences_from_the_hidden_reference(tmp_path: Path) -> None:
    study, manifest = prepared(tmp_path, ACR, sources=10)
    held(study, manifest, {"reference": 4.2, "plain": 2.4, "sharpened": 3.0, "bad": 1.0})
    result = report(study)
    scores = {each["name"]: each for each in result["absolute"]}  # type: ignore[attr-defined]
    differences = {each["name"]: each for each in result["differences"]}  # type: ignore[attr-defined]
    assert scores.keys() == {"reference", "plain", "sharpened"}
    assert scores["plain"]["low"] <= 2.4 <= scores["plain"]["high"]
    assert differences.keys() == {"plain", "sharpened"}
    assert differences["plain"]["low"] <= -1.8 <= differences["plain"]["high"]
    assert differences["plain"]["high"] < differences["sharpened"]["score"] < 0


def test_a_rater_who_votes_the_other_way_is_left_out_by_correlation(tmp_path: Path) -> None:
    study, manifest = prepared(tmp_path, ACR + "[session]\nmax_raters = 20\n", sources=10)
    held(study, manifest, {"reference": 4.5, "plain": 2.0, "sharpened": 3.0, "bad": 1.0}, raters=7)
    votes = Votes.open(study.located(study.folder), study.digest)
    rater = votes.enrol("en", "2026-11-27", 100, lambda number: plan(study, manifest, number))
    turned = {"reference": 1, "plain": 5, "sharpened": 4, "bad": 2}
    for position, trial in enumerate(rater.plan):
        now = votes.rater(rater.id)
        assert now is not None
        vote = turned[manifest.stimuli[trial.stimulus].test] if trial.instructed is None else trial.instructed
        votes.vote(now, position, vote, {}, ccr=False)
    votes.close()
    last = report(study)["raters"][-1]  # type: ignore[index]
    assert last["correlation"] < 0
    assert last["reasons"][0].startswith("correlation -")


def test_a_study_without_votes_has_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study, manifest = prepared(tmp_path)
    save(study, manifest)
    assert cli.main(["study", "report", str(study.path)]) == 2
    assert "0 of 0 raters remain after screening" in capsys.readouterr().err
