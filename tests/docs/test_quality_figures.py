"""Figures of quality that the README and docs/ quote are those of the tables, logs and model cards."""

import json
import re
from functools import cache
from pathlib import Path
from statistics import fmean

import pytest

from acutance.training.evaluation.clips.summary import Summary, summaries
from acutance.training.evaluation.clips.tables import markdown
from acutance.training.judge.results import read_results
from acutance.training.metrics.psnr_ssim import HIGHEST_PSNR

ROOT = Path(__file__).parents[2]
QUALITY = ROOT / "docs" / "quality"
BENCHMARKS = ROOT / "docs" / "benchmarks"
FIGURE = re.compile(r"[+-]?\d+\.\d+ dB|(?<![\d.])[+-]?\.\d{4}")
"""Decibels, and SSIM as it is written in text."""
ELSEWHERE = {"docs/quality/README.md": ["37.00 dB / .9558 on Set5"]}
"""Figures that papers publish; the sentence names the paper."""

GAIN = "gain over the input in PSNR"
Tables = dict[str, dict[str, dict[str, str]]]


@cache
def tables(name: str) -> Tables:
    """Cells of a Markdown file, by title of the table (its heading), name of the row and title of the column."""
    found: Tables = {}
    title, columns = "", list[str]()
    for line in (QUALITY / name).read_text("utf-8").splitlines():
        if line.startswith("#"):
            title, columns = line.lstrip("# "), []
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not columns:
                columns = cells
            elif set(cells[1]) - set("-: "):
                found.setdefault(title, {})[cells[0]] = dict(zip(columns, cells, strict=True))
    return found


def cell(file: str, title: str, row: str, column: str) -> str:
    (rows,) = (rows for name, rows in tables(file).items() if name.startswith(title) and row in rows)
    return rows[row][column]


def gain(file: str, row: str, method: str, of: str) -> str:
    return cell(file, f"{of}: {GAIN}", row, method).partition(" ")[0]


def unsigned(text: str) -> str:
    return text.replace("+", "")


def quality(file: str, row: str, method: str, of: str) -> str:
    psnr, _, ssim = cell(file, f"{of}: PSNR in dB / SSIM", row, method).partition(" / ")
    return f"{psnr} dB / {short(ssim)}"


def short(figure: str) -> str:
    return figure.replace("0.", ".", 1)


@cache
def summarised(regime: str) -> list[Summary]:
    """All methods on the validation clips in one regime; the bootstrap of their intervals takes a second."""
    return summaries(read_results(QUALITY / f"{regime}.json").rows)


def judged(regime: str, method: str) -> Summary:
    """A method on the validation clips in one regime: the mean over the settings that the JSON file holds."""
    return [one for one in summarised(regime) if one.method == method][-1]


def visible(regime: str, method: str) -> str:
    """Gains in JOD, VMAF-NEG and PSNR of luma."""
    changes = judged(regime, method).gains
    return f"{changes['jod'].mean:+.2f} / {changes['vmaf_neg'].mean:+.1f} / {changes['psnr_y'].mean:+.2f} dB"


def seen(regime: str) -> str:
    """Gain of `base` in JOD, with its interval over clips."""
    change = judged(regime, "base").gains["jod"]
    return f"{change.mean:+.2f} [{change.low:+.2f}, {change.high:+.2f}]"


def arrived(regime: str) -> str:
    return f"{judged(regime, 'input').figures['jod'].mean:.1f}"


def harm(regime: str, method: str) -> str:
    found = judged(regime, method).harm
    assert found is not None
    return f"{found.harmed} of {found.pairs}" + (f", worst {-found.worst:.2f} dB" if found.harmed else "")


def study(file: str, variant: str) -> str:
    return cell(file, file.removesuffix(".md"), variant, "gain in PSNR, dB: mean ± deviation (each seed)").split()[0]


def card_gain(name: str) -> tuple[str, str]:
    """Mean gain of a card on reduced video, in dB and SSIM."""
    card = json.loads((ROOT / "model" / "weights" / f"{name}.json").read_text("utf-8"))
    rows = [r for r in card["quality"]["rows"] if r["degradation"].startswith("shrunk") and r["method"] == name]
    assert len(rows) == 4
    psnr, ssim = (fmean(row["gains"][metric]["mean"] for row in rows) for metric in ("psnr", "ssim"))
    return f"{psnr:.2f}", short(f"{ssim:.4f}")


def runs(name: str) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in (BENCHMARKS / name).read_text("utf-8").splitlines()]


def timed(figures: list[dict]) -> str:  # type: ignore[type-arg]
    p50, p95, drift = (
        fmean(f["latency_ms"]["p50"] for f in figures),
        fmean(f["latency_ms"]["p95"] for f in figures),
        fmean(f["drift_ms"] for f in figures),
    )
    return f"{p50:.0f} / {p95:.0f} ms | {drift:+.1f} ms"


EARLIER, PRESENT = "2026-11-23-two-cores.jsonl", "2026-11-28-two-cores.jsonl"
"""Logs of round trips: of the first version, and of the present server."""


def round_trip(size: str, codec: str, camera: str, resize: str | None = None, log: str = EARLIER) -> str:
    def wanted(options: dict) -> bool:  # type: ignore[type-arg]
        keys = ("size", "codec", "camera", "resize")
        return tuple(options[key] for key in keys) == (size, codec, camera, resize)

    figures = [run["figures"] for run in runs(log) if wanted(run["options"])]
    uplink, returned = (short(f"{fmean(f['ssim'][which] for f in figures):.4f}") for which in ("uplink", "returned"))
    mark = "**" if returned > uplink else ""
    return f"{timed(figures)} | {uplink} | {mark}{returned}{mark} |"


def resized() -> str:
    figures = [run["figures"] for run in runs("2026-11-23-resize.jsonl")]
    assert len(figures) == 9
    before, after = (
        short(f"{fmean(f['after_resize']['ssim'][which] for f in figures):.4f}") for which in ("bicubic", "returned")
    )
    return f"{timed(figures)} | {before} | **{after}** |"


BLUR = "bicubic2.md"
SHOWN = ("nano", "small", "base", "unsharp")
SETS = ("benchmarks/Set5", "benchmarks/Set14", "benchmarks/Kodak24")
REGIMES = {
    "steady": "steady state, 0.02 and 0.05 bits per pixel",
    "first-second": "first second, 0.02 bits per pixel",
    "shrunk": "shrunk 2 by the sender, 0.05 bits per pixel",
    "native": "steady state at the clips' own size, 0.02 bits per pixel",
}
"""Results on clips by the name of their file, and what a table of the pages calls them."""


def saved(codec: str, measure: str) -> str:
    """The BD-rates of the students at equal quality by a measure, as in docs/09-measurements.md."""
    cells = (cell("bdrate.md", f"{codec}: mean over clips", student, measure) for student in ("nano", "small", "base"))
    return " | ".join(f"{text.partition(' ')[0]} %" for text in cells)


def ssims(size: str, codec: str, camera: str, resize: str | None = None, log: str = EARLIER) -> str:
    before, after = re.findall(r"\.\d{4}", round_trip(size, codec, camera, resize, log))
    return f"SSIM {before} → {after}"


def remembered(file: str, setting: str) -> str:
    """Gain in JOD of `small` with the memory; its rows begin with those without one."""
    return cell(file, "Gain after a drop of the connection", "small", setting).split(", ")[1]


def chosen(student: str) -> str:
    """What `choose` measured for a student on the validation clips, from its card."""
    choice = json.loads((ROOT / "model" / "weights" / f"{student}.json").read_text("utf-8"))["training"]["choice"]
    harmed = f"{choice['harmed'] or 'no'} pair{'s' * (choice['harmed'] > 1)} harmed"
    return f"{choice['gain']:+.2f} VMAF-NEG, {choice['gain_psnr']:+.3f} dB, {harmed}"


def in_a_call(memory: str) -> str:
    """Gain in JOD over what arrived, reduced, in the last real call with or without the memory."""
    calls = [run for run in runs("2026-11-28-memory.jsonl") if run["options"]["serve"] == [f"memory={memory}"]]
    jod = calls[-1]["figures"]["judge"]["regimes"]["shrunk"]["figures"]["jod"]
    return f"{jod['returned'] - jod['arrived']:+.2f}"


def in_readme() -> list[str]:
    small, unsharp = (judged("steady", method).gains for method in ("small", "unsharp"))
    half = "shrunk2-h264-0.05"
    return [
        f"{remembered('memory-jod.md', half)} in the first second after a drop to half the size (H.264)",
        f"when the frames have become better | the same | {remembered('memory-last-second.md', half)} |",
        f"{in_a_call('true')} JOD, with students alone {in_a_call('false')}: slightly visible",
        f"{small['jod'].mean:+.2f} JOD, {small['psnr_y'].mean:+.2f} dB: hardly visible",
        f"{ssims('640x360', 'h264', 'soft')} (640x360, H.264, 0.6 Mbit/s)",
        f"{ssims('1280x720', 'h264', 'soft', log=PRESENT)} (1280x720, H.264, 1.2 Mbit/s)",
        f"{ssims('1280x720', 'h264', 'sharp', '640x360@5')} (1280x720, H.264, 1.4 Mbit/s)",
        round_trip("640x360", "h264", "soft").split(" | ")[0] + ", median and 95th percentile",
        f"by {unsharp['jod'].mean:+.2f} JOD and {unsharp['psnr_y'].mean:+.2f} dB",
    ]


def in_measurements() -> list[str]:
    return [
        *(f"| {codec}, PSNR | {saved(codec, 'PSNR of luma, dB')} |" for codec in ("H.264", "VP8")),
        *(f"| {codec}, VMAF-NEG | {saved(codec, 'VMAF-NEG')} |" for codec in ("H.264", "VP8")),
        *(f"| {codec}, JOD | {saved(codec, 'JOD')} |" for codec in ("H.264", "VP8")),
        *(f"{title} | " + " | ".join(visible(name, one) for one in SHOWN) for name, title in REGIMES.items()),
        "pairs of clip and setting with a lower PSNR, steady state | "
        + " | ".join(harm("steady", method) for method in SHOWN),
        "| base, 100% | " + round_trip("640x360", "h264", "soft"),
        "| base, 100% | " + round_trip("640x360", "vp8", "soft"),
        "| nano, 100% | " + round_trip("1280x720", "h264", "soft"),
        "| passed through | " + round_trip("1920x1080", "h264", "sharp"),
        "| nano, 100% | " + round_trip("1280x720", "h264", "sharp", "640x360@5"),
        "| nano, 100% | " + resized(),
    ]


def in_quality() -> list[str]:
    sharpened = judged("steady", "unsharp")
    general, special = card_gain("nano"), card_gain("nano-enlarged")
    ablation = [study("ablation.md", name) for name in ("+ teacher's output", "+ teacher's features")]

    def blurred(row: str) -> list[str]:
        return [quality(BLUR, row, "bicubic2-base", of) for of in SETS]

    def over_input(method: str) -> str:
        one, two, three = (unsigned(gain(BLUR, "bicubic2", method, of)) for of in SETS)
        return f"{one}, {two} and {three} dB"

    exact, rounded = blurred("bicubic2-float"), blurred("bicubic2")
    five = [quality(BLUR, "bicubic2", method, "data/test").split(" / ")[1] for method in ("bicubic2-base", "input")]
    return [
        f"the blurred input itself has an SSIM of {five[1]}",
        f"`small` gains {study('ablation.md', 'truth and harm, as shipped')} dB without a teacher (113,188 parameters)",
        f"and {ablation[0]}, {ablation[1]} and {study('ablation.md', '+ spatial affinity')} dB with its output",
        f"eight channels gain at most {max(study('sweep.md', f'r2c8n{depth}h') for depth in (1, 2))} dB, two "
        f"convolutions of 16 channels {study('sweep.md', 'r2c16n2h')} dB and of 32 channels "
        f"{study('sweep.md', 'r2c32n2h')} dB",
        f"gains {study('optimiser.md', 'SOAP 4e-3, as shipped')} dB in 2,000 steps, Adam at the best of three rates "
        f"{max(study('optimiser.md', f'Adam {rate}e-3') for rate in (1, 2, 4))} dB",
        f"`nano-enlarged` gains {special[0]} dB and {special[1]} there, `nano` {general[0]} dB and {general[1]}",
        f"the others, 3 gains most ({chosen('nano')})",
        f"(`bands`) gain more of what is seen ({chosen('base-enlarged')})",
        f"with `bands` too stay within the bound ({chosen('large')})",
        f"the unsharp mask changes VMAF by {sharpened.gains['vmaf'].mean:+.1f} and JOD by "
        f"{sharpened.gains['jod'].mean:+.2f}; PSNR falls on {harm('steady', 'unsharp')}",
        f"`base` changes JOD by {seen('steady')}, where what arrived has {arrived('steady')} of 10",
        *(
            f"| {title} | {method} | {visible(name, method)} | {harm(name, method)} |"
            for name, title in REGIMES.items()
            for method in ("nano", "small", "base", "linear", "unsharp")
            if method in {one.method for one in summarised(name)}
        ),
        f"`bicubic2-base` reaches {exact[0]} on Set5, {exact[1]} on Set14 and {exact[2]} on Kodak24",
        f"{rounded[0]}, {rounded[1]} and {rounded[2]} remain",
        f"`bicubic2-small` gains {over_input('bicubic2-small')} on the three sets, `bicubic2-nano` "
        f"{over_input('bicubic2-nano')}, the best linear filter {over_input('linear')}",
        f"On the five categories `bicubic2-base` has an SSIM of {five[0]}, the input {five[1]}",
    ]


QUOTES = {"README.md": in_readme, "docs/09-measurements.md": in_measurements, "docs/quality/README.md": in_quality}


@pytest.mark.parametrize("page", QUOTES)
def test_every_quoted_figure_is_that_of_its_source(page: str) -> None:
    text = " ".join((ROOT / page).read_text("utf-8").split())
    for quote in QUOTES[page]():
        assert quote in text, f"{page} should say: {quote}"


@pytest.mark.parametrize("page", QUOTES)
def test_no_figure_is_quoted_without_a_source(page: str) -> None:
    text = " ".join((ROOT / page).read_text("utf-8").split())
    for quote in [*QUOTES[page](), *ELSEWHERE.get(page, [])]:
        text = text.replace(quote, "")
    assert FIGURE.findall(text) == ["0.02 dB"] * text.count("by less than 0.02 dB")


@pytest.mark.parametrize("name", REGIMES)
def test_tables_of_clips_are_made_from_their_results(name: str) -> None:
    results = read_results(QUALITY / f"{name}.json")
    assert (QUALITY / f"{name}.md").read_text("utf-8") == markdown(results)
    assert results.about["command"].startswith("acutance-train evaluate ")


def test_the_page_names_every_card_without_a_commit() -> None:
    cards = [json.loads(file.read_text("utf-8")) for file in sorted((ROOT / "model" / "weights").glob("*.json"))]
    unknown = {card["name"] for card in cards if card["training"]["commit"] == "unknown"}
    (sentence,) = re.findall(r"The cards of (.*?) have `unknown`", (QUALITY / "README.md").read_text("utf-8"))
    assert set(re.findall(r"`([\w-]+)`", sentence)) == unknown


def test_no_published_psnr_exceeds_that_of_an_exact_picture() -> None:
    cards = [json.loads(file.read_text("utf-8")) for file in sorted((ROOT / "model" / "weights").glob("*.json"))]
    rows = [row for card in cards for row in card["quality"]["rows"]]
    assert max(row["figures"]["psnr"][end] for row in rows for end in ("mean", "low", "high")) <= HIGHEST_PSNR
    for file in QUALITY.glob("*.md"):
        figures = re.findall(r"(\d+\.\d\d) / \d\.\d{4}", file.read_text("utf-8"))
        assert all(float(figure) <= HIGHEST_PSNR for figure in figures), file.name
