"""`acutance-train prepare`: make a training set from folders of pictures and clips."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from acutance.training.cli import run_options

if TYPE_CHECKING:
    from acutance.training.prepare.build import Prepared


def prepare(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCE...", help="Folders of pictures and clips; each sub-folder is a category."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the set; the same command continues after an interruption.")],
    val: Annotated[list[Path] | None, typer.Option(help="Folder of validation pictures or clips. Repeatable.")] = None,
    val_share: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=0.5,
            help="Share of each category for validation; for pictures (or clips) only if --val has none.",
        ),
    ] = 0.08,
    seed: Annotated[int, typer.Option(min=0, help="Seed of that choice.")] = 0,
    processes: Annotated[int, typer.Option(min=1, help="Number of files inspected at a time.")] = 2,
    licence: Annotated[str, typer.Option(help="Licence of files that no CATALOG.tsv lists.")] = "",
    smallest: Annotated[int, typer.Option(min=64, help="Minimum of the shorter side, in pixels.")] = 192,
    sharpness: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Minimum share of fine detail; 0 keeps soft pictures.")
    ] = 0.46,
    blockiness: Annotated[
        float, typer.Option(min=0.0, help="Maximum blocking artefacts; 1 keeps compressed pictures.")
    ] = 0.5,
    jpeg_quality: Annotated[float, typer.Option(min=0.0, max=100.0, help="Minimum quality of JPEG files.")] = 70.0,
    reduced_least: Annotated[
        int, typer.Option(min=64, help="Minimum of the shorter side, in pixels, of a soft picture after its reduction.")
    ] = 480,
    apart: Annotated[
        int,
        typer.Option(min=0, max=256, help="Bits of 256 by which two hashes must differ; 0 keeps duplicates."),
    ] = 12,
    clip_segments: Annotated[int, typer.Option(min=1, help="Maximum number of segments of a clip.")] = 6,
    segment_frames: Annotated[int, typer.Option(min=8, help="Length of a segment in frames.")] = 48,
) -> None:
    """Make a training set: inspect, filter and split pictures and clips, and write their frames."""
    from acutance.training.prepare.build import Settings, prepare_set
    from acutance.training.prepare.gate import Gate
    from acutance.training.run.console import progress_bar

    console = run_options.console()
    gate = Gate(smallest, sharpness, blockiness, jpeg_quality, reduced_least)
    settings = Settings(
        tuple(sources), tuple(val or ()), val_share, seed, licence, gate, apart, clip_segments, segment_frames
    )
    _print(console, prepare_set(settings, out, processes, lambda what: progress_bar(console, what)), out)


def _print(console: Console, prepared: "Prepared", out: Path) -> None:
    for file, refusal in prepared.refused:
        console.print(f"dropped: {file.path} {refusal.reason}", highlight=False, markup=False, soft_wrap=True)
    console.print(summary(prepared))
    items = prepared.set.items
    licences = Counter(item.licence_class for item in items)
    words = ", ".join(f"{count} {name}" for name, count in licences.most_common())
    size = sum(item.bytes for item in items) / 1e6
    for line in (f"licences: {words}", f"{out}: {len(items)} items, {size:.0f} MB, {prepared.set.fingerprint[:16]}"):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def summary(prepared: "Prepared") -> Table:
    """Table by category: number of files in each split, reduced files, and files dropped for each reason."""
    kept: dict[str, Counter[str]] = {}
    seen: set[str] = set()
    for item in prepared.set.items:
        counts = kept.setdefault(item.category, Counter())
        # Segments of one clip are one file.
        file = item.name.partition("#")[0]
        if file not in seen:
            seen.add(file)
            counts[item.split] += 1
            counts["reduced"] += bool(item.note)
        counts["segments"] += "#" in item.name
    for file_found, refusal in prepared.refused:
        kept.setdefault(file_found.category, Counter())[f"dropped: {refusal.kind}"] += 1
    reasons = sorted({name for counts in kept.values() for name in counts if name.startswith("dropped")})
    columns = ["train", "val", "segments", "reduced", *reasons]
    table = Table()
    table.add_column("category")
    for name in columns:
        table.add_column(name, justify="right")
    for category, counts in sorted(kept.items()):
        table.add_row(category, *(str(counts[name] or "") for name in columns))
    table.add_section()
    table.add_row("all", *(str(sum(counts[name] for counts in kept.values())) for name in columns))
    return table
