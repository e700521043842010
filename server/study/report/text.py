"""The report as Markdown."""

from collections.abc import Sequence

from acutance.server.markdown import table
from acutance.server.study.report.power import POWER, SIGNIFICANCE
from acutance.server.study.report.results import Estimate, Results

_WEIGHTED = "P.910, annex E"
_EQUAL = "equal for all raters, P.913, 12.4: there are too few votes to tell who is more consistent"


def write(results: Results, plot: str) -> str:
    """Return the report.

    Args:
        results: of the study.
        plot: file of the plot beside the report.
    """
    ccr = results.method == "ccr"
    kept = [rater for rater in results.raters if not rater.reasons]
    scale = "-3 much worse … +3 much better" if ccr else "1 bad … 5 excellent"
    parts = [
        f"# {results.title}",
        f"{'CCR: comparison category rating' if ccr else 'ACR with hidden reference'} (ITU-T P.910), scale {scale}. "
        f"{len(results.raters)} raters voted, {len(kept)} remain after screening. Scores by maximum likelihood with "
        f"bias and inconsistency of each rater ({_WEIGHTED if results.weighted else _EQUAL}); intervals of 95 % for "
        "other raters and, in means, other clips.",
        f"![Scores with intervals]({plot})",
        "## Differences",
        _estimates("CMOS" if ccr else "difference from the hidden reference", results.differences),
    ]
    if results.absolute:
        parts += ["## Mean opinion scores", _estimates("MOS", results.absolute)]
    parts += [
        "## Votes needed",
        f"One vote deviates by {results.deviation:.2f} points from its score (standard deviation). n = ((z(1 - a/2) + "
        f"z(1 - b)) s / d)² votes show a mean difference d with a power of {POWER:.0%} at a significance level of "
        f"{SIGNIFICANCE:.0%}.",
        table(
            ["difference", "votes needed", *(f"more for {name}" for name in results.needs[0].more)],
            [[f"{need.difference:g}", need.votes, *need.more.values()] for need in results.needs],
        ),
        "## Clips",
        _estimates("CMOS" if ccr else "MOS", results.stimuli),
        "## Raters",
        table(
            ["rater", "votes", "bias", "inconsistency", "correlation", "wrong answers", "left out because"],
            [
                [
                    rater.number,
                    rater.votes,
                    _number(rater.bias),
                    _number(rater.inconsistency),
                    _number(rater.correlation),
                    "; ".join(rater.failed_checks),
                    "; ".join(rater.reasons),
                ]
                for rater in results.raters
            ],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _estimates(title: str, estimates: Sequence[Estimate]) -> str:
    return table(
        ["", title, "95 % interval", "clips", "votes"],
        [
            [each.name, f"{each.score:.2f}", f"{each.low:.2f} to {each.high:.2f}", each.clips, each.votes]
            for each in estimates
        ],
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
