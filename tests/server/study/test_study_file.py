"""Study files: what is wrong is said with the place and the remedy."""

from pathlib import Path

import pytest

from acutance.server.study import manifest
from acutance.server.study.errors import StudyError
from acutance.server.study.study_file import read
from tests.root import ROOT
from tests.server.study.simulated import ACR, CCR, prepared, study_file


def test_the_example_of_the_documentation_is_valid() -> None:
    study = read(ROOT / "docs" / "examples" / "study.toml")
    roles = [stimulus.role for stimulus in manifest.wanted(study)]
    assert {"test", "gold", "same", "training"} == set(roles)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"ccr"', '"xyz"', "method: Input should be 'ccr' or 'acr'"),
        ("bits = 0.005", "bits = 0", "treatment.3.bits: Input should be greater than or equal to 0.001"),
        ("reduction = 4", "reductoin = 4", "treatment.3.reductoin: Extra inputs are not permitted"),
        (
            'baseline = "plain"',
            'baseline = "plan"',
            "comparison of sharpened with plan needs two different names of bad, ",
        ),
        ('gold_treatment = "bad"', 'gold_treatment = "worse"', "worse is not the name of a [[treatment]]"),
        ('name = "bad"', 'name = "plain"', "given twice: plain"),
        ('name = "bad"', 'name = "reference"', "cannot be named reference"),
        ("training = true", "", "mark at least one [[source]] with training = true"),
        ('clip = "clip-00.mp4"', 'clip = "clip-00.mp4"\nstart = 1', "clip-00 starts at 1 s: lead_in is 2 s"),
        ("title", "title title", "is not a TOML file"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, before: str, after: str, message: str) -> None:
    path = study_file(tmp_path)
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(StudyError) as error:
        read(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_study_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"cannot read the study .*: No such file"):
        read(tmp_path / "none.toml")


def test_acr_has_the_reference_hidden_among_the_treatments(tmp_path: Path) -> None:
    _, stimuli = prepared(tmp_path, ACR)
    tests = {(stimulus.source, stimulus.test) for stimulus in stimuli.of("test")}
    assert {test for source, test in tests if source == "clip-00"} == {"reference", "plain", "sharpened"}
    assert {stimulus.test for stimulus in stimuli.of("gold")} == {"bad"}


def test_a_key_says_nothing_of_the_treatment_and_changes_with_the_seed(tmp_path: Path) -> None:
    _, stimuli = prepared(tmp_path, CCR)
    keys = set(stimuli.stimuli)
    assert all(len(key) == 16 and int(key, 16) >= 0 for key in keys)
    other = CCR.replace('method = "ccr"', 'method = "ccr"\nseed = 1')
    assert keys.isdisjoint(prepared(tmp_path, other)[1].stimuli)


def test_clips_of_another_version_are_refused(tmp_path: Path) -> None:
    study, stimuli = prepared(tmp_path)
    with pytest.raises(StudyError, match="run `acutance study prepare"):
        manifest.load(study)
    manifest.save(study, stimuli)
    assert manifest.load(study) == stimuli
    # What does not change the clips may be changed while the study runs.
    assert manifest.load(read(study_file(tmp_path, CCR + "[session]\nmax_raters = 3\n"))) == stimuli
    changed = read(study_file(tmp_path, CCR.replace("bits = 0.02", "bits = 0.03")))
    with pytest.raises(StudyError, match="another version"):
        manifest.load(changed)
