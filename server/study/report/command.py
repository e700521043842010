"""`acutance study report STUDY.toml`."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import CliPositionalArg

from acutance.server.study import manifest, study_file
from acutance.server.study.errors import StudyError
from acutance.server.study.votes import Votes

_JSON, _MARKDOWN, _PLOT = "report.json", "report.md", "report.png"


class StudyReportOptions(BaseModel):
    """Screen the raters and compute opinion scores, their intervals, and the votes still needed."""

    model_config = ConfigDict(extra="forbid")

    study: CliPositionalArg[Path] = Field(description="STUDY.toml")
    difference: Annotated[
        list[Annotated[float, Field(gt=0)]],
        Field(description="difference in scale points for which to compute the votes needed; repeatable"),
    ] = [0.1, 0.25, 0.5, 1.0]


def report(options: StudyReportOptions) -> None:
    """Write report.json, report.md and report.png to the folder of the study, and print the Markdown.

    Raises:
        StudyError: the study, its votes or the libraries are missing, or there are too few votes.
    """
    try:
        # Here, because they import pandas and matplotlib, which no other command needs.
        from acutance.server.study.report.plot import plot
        from acutance.server.study.report.results import analyse
        from acutance.server.study.report.text import write
    except ImportError as error:
        raise StudyError(f"the report needs {error.name}: pip install 'acutance[study]'") from None
    study = study_file.read(options.study)
    stimuli = manifest.load(study)
    folder = study.located(study.folder)
    votes = Votes.open(folder, study.digest)
    try:
        results = analyse(study, stimuli, votes.raters(), votes.votes(), options.difference)
    except ImportError as error:
        raise StudyError(f"the report needs {error.name}: pip install 'acutance[study]'") from None
    finally:
        votes.close()
    plot(results, folder / _PLOT)
    markdown = write(results, _PLOT)
    try:
        (folder / _JSON).write_text(results.model_dump_json(indent=1), encoding="utf-8")
        (folder / _MARKDOWN).write_text(markdown, encoding="utf-8")
    except OSError as error:
        raise StudyError(f"cannot write the report to {folder}: {error.strerror or error}") from error
    print(markdown, end="")
