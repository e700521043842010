"""Figures of quality that the README and docs/quality quote are those of the tables, logs and model cards."""

import json
import re
from pathlib import Path
from statistics import fmean

import pytest

from acutance.training.metrics.psnr_ssim import HIGHEST_PSNR

ROOT = Path(__file__).parents[2]
QUALITY = ROOT / "docs" / "quality"
BENCHMARKS = ROOT / "docs" / "benchmarks"
FIGURE = re.compile(r"[+-]?\d+\.\d+ dB|(?<![\d.])[+-]?\.\d{4}")
"""Decibels, and SSIM as it is written in text."""
ELSEWHERE = {"docs/quality/README.md": ["37.00 dB / .9558 on Set5"]}
"""Figures that papers publish; the sentence names the paper."""

GAIN, SSIM_GAIN, WORSE = "gain over the input in PSNR", "gain over the input in SSIM", "share worse"
Tables = dict[str, dict[str, dict[str, str]]]


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


def gain(file: str, row: str, method: str, of: str = "clips/test") -> str:
    return cell(file, f"{of}: {GAIN}", row, method).partition(" ")[0]


def both(file: str, row: str, method: str, of: str = "clips/test") -> str:
    ssim = cell(file, f"{of}: {SSIM_GAIN}", row, method).partition(" ")[0]
    return f"{gain(file, row, method, of)} dB / {short(ssim)}"


def unsigned(text: str) -> str:
    return text.replace("+", "")


def quality(file: str, row: str, method: str, of: str) -> str:
    psnr, _, ssim = cell(file, f"{of}: PSNR in dB / SSIM", row, method).partition(" / ")
    return f"{psnr} dB / {short(ssim)}"


def psnr(row: str, method: str) -> str:
    return cell("calls.md", "clips/test: PSNR in dB / SSIM", row, method).partition(" ")[0]


def short(figure: str) -> str:
    return figure.replace("0.", ".", 1)


def pairs_below(method: str, metric: int, pairs: int = 90) -> int:
    """Number of pairs that lose, from the rounded percentage of the table."""
    shares = re.findall(r"(\d+)%", cell("calls.md", f"clips/test: {WORSE}", "all but identity", method))
    (count,) = (n for n in range(pairs + 1) if f"{n / pairs:.0%}" == f"{shares[1 + metric]}%")
    return count


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


def round_trip(size: str, codec: str, camera: str, resize: str | None = None) -> str:
    def wanted(options: dict) -> bool:  # type: ignore[type-arg]
        keys = ("size", "codec", "camera", "resize")
        return tuple(options[key] for key in keys) == (size, codec, camera, resize)

    figures = [run["figures"] for run in runs("2026-11-23-two-cores.jsonl") if wanted(run["options"])]
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


CALLS, SOFT, BLUR = "calls.md", "soft.md", "bicubic2.md"
LOW, HIGH = "codecs up to 0.05", "codecs above 0.05"
SHOWN = ("nano", "small", "base", "unsharp")
SETS = ("benchmarks/Set5", "benchmarks/Set14", "benchmarks/Kodak24")


def saved(codec: str, measure: str) -> str:
    """The BD-rates of the students at equal quality by a measure, as in the README."""
    cells = (cell("bdrate.md", f"{codec}: mean over clips", student, measure) for student in ("nano", "small", "base"))
    return " | ".join(f"{text.partition(' ')[0]} %" for text in cells)


def in_readme() -> list[str]:
    return [
        *(f"| {codec}, PSNR | {saved(codec, 'PSNR of luma, dB')} |" for codec in ("H.264", "VP8")),
        *(f"| {codec}, VMAF-NEG | {saved(codec, 'VMAF-NEG')} |" for codec in ("H.264", "VP8")),
        *(f"| {codec}, JOD | {saved(codec, 'JOD')} |" for codec in ("H.264", "VP8")),
        " | ".join(both(CALLS, LOW, method) for method in SHOWN),
        " | ".join(both(CALLS, HIGH, method) for method in SHOWN),
        " | ".join(both(SOFT, "soft2-h264-0.1", method) for method in SHOWN),
        "a lower PSNR than the input | " + " | ".join(str(pairs_below(method, 0)) for method in SHOWN),
        "the same for SSIM | " + " | ".join(str(pairs_below(method, 1)) for method in SHOWN),
        "(99 dB: unchanged) | " + " | ".join(f"{psnr('identity', method)} dB" for method in SHOWN),
        "| base, 100% | " + round_trip("640x360", "h264", "soft"),
        "| base, 100% | " + round_trip("640x360", "vp8", "soft"),
        "| nano, 100% | " + round_trip("1280x720", "h264", "soft"),
        "| passed through | " + round_trip("1920x1080", "h264", "sharp"),
        "| nano, 100% | " + round_trip("1280x720", "h264", "sharp", "640x360@5"),
        "| nano, 100% | " + resized(),
    ]


def in_quality() -> list[str]:
    low = {method: unsigned(both(CALLS, LOW, method)).split(" dB / ") for method in SHOWN}
    high = [unsigned(gain(CALLS, HIGH, method)) for method in ("base", "small", "nano")]
    below = [[pairs_below(method, metric) for method in ("base", "small", "nano")] for metric in (0, 1)]
    kept = [psnr("identity", method) for method in ("base", "small", "nano")]
    times = [float(cell("cost.md", "Cost", method, "CPU, 2 threads, 1280x720")) for method in ("teacher", "base")]
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
        f"this teacher gains {unsigned(gain(CALLS, LOW, 'teacher'))} dB where `base` gains {low['base'][0]}, for "
        f"{times[0] / times[1]:.0f} times the milliseconds",
        f"eight channels gain at most {max(study('sweep.md', f'r2c8n{depth}h') for depth in (1, 2))} dB, two "
        f"convolutions of 16 channels {study('sweep.md', 'r2c16n2h')} dB and of 32 channels "
        f"{study('sweep.md', 'r2c32n2h')} dB",
        f"gains {study('optimiser.md', 'SOAP 4e-3, as shipped')} dB in 2,000 steps, Adam at the best of three rates "
        f"{max(study('optimiser.md', f'Adam {rate}e-3') for rate in (1, 2, 4))} dB",
        f"`nano-enlarged` gains {special[0]} dB and {special[1]} there, `nano` {general[0]} dB and {general[1]}",
        f"`base` gains {low['base'][0]} dB and {low['base'][1]} SSIM, `small` {low['small'][0]} dB and "
        f"{low['small'][1]}, `nano` {low['nano'][0]} dB and {low['nano'][1]}; at 0.1 bits {high[0]}, {high[1]} and "
        f"{high[2]} dB. PSNR is lower than that of the input on {below[0][0]}, {below[0][1]} and {below[0][2]} of 90 "
        f"pairs of clip and setting, SSIM on {below[1][0]}, {below[1][1]} and {below[1][2]}. A sharp frame that was "
        f"never coded keeps {kept[0]}, {kept[1]} and {kept[2]} dB",
        f"`bicubic2-base` reaches {exact[0]} on Set5, {exact[1]} on Set14 and {exact[2]} on Kodak24",
        f"{rounded[0]}, {rounded[1]} and {rounded[2]} remain",
        f"`bicubic2-small` gains {over_input('bicubic2-small')} on the three sets, `bicubic2-nano` "
        f"{over_input('bicubic2-nano')}, the best linear filter {over_input('linear')}",
        f"On the five categories `bicubic2-base` has an SSIM of {five[0]}, the input {five[1]}",
        f"gains {unsigned(gain(CALLS, LOW, 'linear'))} dB with 0.02 and 0.05 bits per pixel and makes "
        f"{cell(CALLS, f'clips/test: {WORSE}', LOW, 'linear').partition('%')[0]} % of the pairs",
    ]


QUOTES = {"README.md": in_readme, "docs/quality/README.md": in_quality}


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
