"""`python -m acutance.server.bench.second_encoding CLIP…`: what a student gains and the second encoding costs.

The thresholds of `server/encoding/forwarding/quality_rule.py` are fitted with it. Everything runs offline, with the
encoders, hints and students of the server: no network, no clock. Each line is JSON; `--rows FILE` prints such lines as
a Markdown table instead.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np

from acutance.model.bitstream.quantiser import QuantiserReader
from acutance.model.engine.engine import Engine
from acutance.model.hints import StreamHints, with_frame
from acutance.model.planes import Chroma, Plane
from acutance.model.sharpness import detail_ratio
from acutance.server.bench.material import Camera, Plan, decoded_frames, decoder, prepare, pristine_frames
from acutance.server.encoding.bitrate import RateControl, start_bitrate
from acutance.server.encoding.encoder_choice import ENCODERS
from acutance.server.encoding.forwarding.quality_rule import ENOUGH_BITS, FINEST_STEPS, MANY_BITS, SHARP
from acutance.server.frames.planes import new_like, plane_view

# The first second is that of the keyframe; calls last longer.
_SETTLED, _FRAMES = 30, 30
_SAMPLE_EVERY = 3
_CAMERAS: tuple[Camera, ...] = ("sharp", "soft")


def measure(clip: Path, plan: Plan, students: dict[str, Engine]) -> Iterator[dict[str, Any]]:
    """Yield one row for each student, and one without: PSNR of what arrived and of what would be returned, in dB.

    Args:
        clip: video file.
        plan: of the stream that arrives.
        students: by name.
    """
    material = prepare(clip, plan)
    pristine = [plane_view(frame, 0)[plan.compared_rows].copy() for frame in pristine_frames(clip, plan)]
    reader, stream = QuantiserReader("vp8" if plan.codec == "VP8" else "h264"), StreamHints()
    pixels = plan.size[0] * plan.size[1]
    hints = [stream.add(reader.read(packet), len(packet), pixels) for packet in material.packets]
    arrived = list(decoded_frames(plan, material.packets))
    sharpness = [detail_ratio(plane_view(frame, 0)) for frame in arrived]
    settled = range(_SETTLED, plan.count, _SAMPLE_EVERY)
    before = _psnr(pristine, [plane_view(frame, 0) for frame in arrived], plan, settled)
    for name, engine in (("none", None), *students.items()):
        frames = []
        for hint, frame in zip(hints, arrived, strict=True):
            treated = new_like(frame)
            for index in range(3):
                plane_view(treated, index)[:] = plane_view(frame, index)
            if engine is not None:
                luma = plane_view(frame, 0)
                chroma = Chroma(plane_view(treated, 1), plane_view(treated, 2))
                engine.sharpen(luma, plane_view(treated, 0), with_frame(hint, luma, plan.size[0]), chroma=chroma)
            frames.append(treated)
        encoder = ENCODERS[plan.codec](RateControl(start_bitrate(*plan.size, 8_000_000)))
        decode = decoder(plan.codec)
        returned = [plane_view(decode.decode(av.Packet(bytes(encoder.encode(frame))))[0], 0).copy() for frame in frames]
        after = _psnr(pristine, returned, plan, settled)
        yield {
            "clip": clip.stem,
            "size": f"{plan.size[0]}x{plan.size[1]}",
            "codec": plan.codec,
            "camera": plan.camera,
            "student": name,
            "step": round(median(hint.step for hint in hints[_SETTLED:]), 2),
            "bits": round(hints[-1].bits, 4),
            "sharpness": round(median(sharpness[_SETTLED:]), 3),
            "arrived": round(before, 3),
            "gain": round(after - before, 3),
        }


def _psnr(pristine: list[Plane], lumas: list[Plane], plan: Plan, numbers: range) -> float:
    rows = plan.compared_rows
    errors = [np.mean(np.square(pristine[each].astype(np.float32) - lumas[each][rows])) for each in numbers]
    return float(np.mean([10 * np.log10(255**2 / max(error, 1e-8)) for error in errors]))


def table(rows: list[dict[str, Any]]) -> str:
    """Return a Markdown table of the gains of a student, by codec, camera and the decision of the `QualityRule`."""
    lines = [
        "| codec | camera | rule | settings | mean gain, dB | least | most |",
        "|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        if row["student"] != "none":
            fine = row["step"] <= FINEST_STEPS[row["codec"]]
            good = row["sharpness"] >= SHARP and (fine or row["bits"] >= ENOUGH_BITS)
            good = good or (row["bits"] >= MANY_BITS and not fine)
            key = row["codec"], row["camera"], "forward" if good else "enhance"
            groups.setdefault(key, []).append(row["gain"])
    for (codec, camera, rule), gains in sorted(groups.items()):
        mean = sum(gains) / len(gains)
        lines.append(
            f"| {codec} | {camera} | {rule} | {len(gains)} | {mean:+.2f} | {min(gains):+.2f} | {max(gains):+.2f} |"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measure every combination of clips, sizes, codecs, cameras and bits per pixel; print the rows."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path, nargs="*")
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--size", action="append", default=[])
    parser.add_argument("--bits", type=float, action="append", default=[])
    parser.add_argument("--camera", choices=_CAMERAS, action="append", default=[])
    parser.add_argument("--student", action="append", default=[])
    options = parser.parse_args(arguments)
    if options.rows is not None:
        print(table([json.loads(line) for line in options.rows.read_text().splitlines()]))
        return
    students = {name: Engine.open(name, "cpu") for name in options.student}
    for size in options.size or ["640x360"]:
        width, height = map(int, size.split("x"))
        for bits in options.bits or [0.05, 0.1, 0.2, 0.4]:
            for codec in ("H264", "VP8"):
                for camera in options.camera or _CAMERAS:
                    rate = round(bits * width * height * 30)
                    plan = Plan((width, height), codec, camera, rate, 30, _SETTLED + _FRAMES)
                    for clip in options.clips:
                        for row in measure(clip, plan, students):
                            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
