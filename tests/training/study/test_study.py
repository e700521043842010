from pathlib import Path

import pytest

from acutance.model.engine import catalog
from acutance.training.data.pictures import DataError
from acutance.training.recipes.recipe import load_recipe
from acutance.training.study import study as studies
from acutance.training.study.outcome import markdown, outcomes_of
from acutance.training.study.study import Study, Trial, read_study, run_trials, trials

STUDIES = Path(studies.__file__).parent
TEXT = """
recipe = "call_small"
steps = 20
seeds = [1, 2]
changes = ["validation.pictures=1"]

[variants]
"as it is" = []
"with norm" = ["student.batch_norm=true"]
"""


@pytest.fixture
def study(tmp_path: Path) -> Study:
    file = tmp_path / "study.toml"
    file.write_text(TEXT)
    return read_study(file)


def _ran(trial: Trial, gain: float) -> None:
    trial.folder.mkdir(parents=True)
    columns = "step,score,identity before,identity after,vp8-0.1 before,vp8-0.1 after,h264-0.1 before,h264-0.1 after"
    earlier = "10,0,99,48,30,30,40,40"
    last = f"20,0,99,50,30,{30 + 2 * gain},40,40"
    (trial.folder / "validation.csv").write_text("\n".join([columns, earlier, last]) + "\n")


def test_a_study_runs_every_variant_with_every_seed_and_reports_gains_and_spread(study: Study, tmp_path: Path) -> None:
    planned = trials(study, tmp_path / "runs")
    assert [(t.variant, t.seed) for t in planned] == [
        ("as it is", 1), ("with norm", 1), ("as it is", 2), ("with norm", 2),
    ]  # fmt: skip
    assert planned[3].changes == ("validation.pictures=1", "student.batch_norm=true", "training.seed=2")

    gains = {("as it is", 1): 0.1, ("as it is", 2): 0.3, ("with norm", 1): 0.5, ("with norm", 2): 0.5}
    ran = []

    def run(trial: Trial) -> bool:
        ran.append(trial)
        _ran(trial, gains[trial.variant, trial.seed])
        return len(ran) != 3

    assert not run_trials(planned, study.steps, run)
    assert ran == planned[:3]
    assert run_trials(planned, study.steps, run)
    assert ran == planned

    first, second = outcomes_of(planned, study.steps)
    assert first.psnr.by_seed == pytest.approx((0.1, 0.3))
    assert second.psnr.by_seed == pytest.approx((0.5, 0.5))
    assert first.seen is None
    assert first.identity == (50, 50)
    table = markdown(study, [first, second], "PSNR")
    assert "| as it is | 2 | 0.200 ± 0.141 (0.100, 0.300) | +0.000 | 50.0 |" in table
    assert "| with norm | 2 | 0.500 ± 0.000 (0.500, 0.500) | +0.300 | 50.0 |" in table


def test_variants_are_compared_in_pairs_over_clips(study: Study, tmp_path: Path) -> None:
    planned = trials(study, tmp_path / "runs")
    for trial in planned:
        _ran(trial, 0.1)
        better = 0.2 * (trial.variant == "with norm")
        rows = ["step,degradation,source,gain", "10,vp8-0.1,a,9", "20,identity,a,-40"]
        # Clips differ by far more than variants, and so do seeds.
        rows += [f"20,vp8-0.1,{clip},{at + better + trial.seed}" for at, clip in enumerate("abcd")]
        (trial.folder / "sources.csv").write_text("\n".join(rows) + "\n")
    first, second = outcomes_of(planned, study.steps)
    assert first.psnr.by_source == {"a": 1.5, "b": 2.5, "c": 3.5, "d": 4.5}
    apart = second.psnr.against(first.psnr)
    assert apart is not None
    assert (apart.mean, apart.low, apart.high) == pytest.approx((0.2, 0.2, 0.2))
    assert "+0.000 [+0.200, +0.200]" in markdown(study, [first, second], "PSNR")


def test_what_is_seen_has_columns_of_its_own(study: Study, tmp_path: Path) -> None:
    planned = trials(study, tmp_path / "runs")
    for trial in planned:
        trial.folder.mkdir(parents=True)
        seen = 0.5 * trial.seed + (trial.variant == "with norm")
        columns = ("identity before,identity after,identity seen", "vp8-0.1 before,vp8-0.1 after,vp8-0.1 seen")
        table = [f"step,score,{','.join(columns)}", f"20,0,99,50,0,30,31,{seen}"]
        (trial.folder / "validation.csv").write_text("\n".join(table) + "\n")
        rows = [
            "step,degradation,source,gain,seen",
            *(f"20,vp8-0.1,{clip},1,{seen + at}" for at, clip in enumerate("ab")),
        ]
        (trial.folder / "sources.csv").write_text("\n".join(rows) + "\n")
    outcomes = outcomes_of(planned, study.steps)
    table_of_both = markdown(study, outcomes, "JOD")
    assert "| gain in JOD: mean ± deviation (each seed) |" in table_of_both
    assert "| 0.750 ± 0.354 (0.500, 1.000) | +0.000 | 50.0 |" in table_of_both
    assert "| 1.750 ± 0.354 (1.500, 2.000) | +1.000 [+1.000, +1.000] | 50.0 |" in table_of_both


def test_a_recipe_without_undegraded_pictures_has_no_figure_of_them(study: Study, tmp_path: Path) -> None:
    (planned, *_) = trials(study, tmp_path / "runs")
    planned.folder.mkdir(parents=True)
    (planned.folder / "validation.csv").write_text("step,score,vp8-0.1 before,vp8-0.1 after\n20,0,30,31\n")
    assert markdown(study, outcomes_of([planned], study.steps), "PSNR").count("| not validated |") == 1


def test_a_study_without_a_finished_run_has_an_empty_table(study: Study, tmp_path: Path) -> None:
    assert outcomes_of(trials(study, tmp_path / "runs"), study.steps) == []
    assert "| variant | seeds |" in markdown(study, [], "JOD")


@pytest.mark.parametrize("file", sorted(STUDIES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_shipped_study_changes_its_recipe_to_valid_ones(file: Path) -> None:
    study = read_study(file)
    for changes in study.variants.values():
        load_recipe(study.recipe, [*study.changes, *changes])
    if study.init is not None:
        assert catalog.find(study.init).shape == load_recipe(study.recipe).shape.name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("recipe = 3 =", "is not TOML"),
        (TEXT + "\n[more]\nx = 1", "more: Extra"),
        ("steps = 1", "recipe: Field required"),
    ],
)
def test_a_wrong_study_is_refused_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(DataError, match=why):
        read_study(file)
