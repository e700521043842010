"""How each documented command is tested. A command without a rule fails the test."""

import re
from dataclasses import dataclass
from enum import Enum, auto


class Handling(Enum):
    """How a command is tested."""

    RUN = auto()
    """It is run; its exit code must be 0."""
    SERVE = auto()
    """It is started, must answer `/health`, and must end with exit code 0 on SIGTERM."""
    SLOW = auto()
    """As RUN, but only in `make docs-commands`; `make test` compares its options with the help of the program."""
    NOT_RUN = auto()
    """It is not run, because a test host lacks something; the reason says how it is checked."""


@dataclass(frozen=True)
class Rule:
    """How the commands that match a pattern are tested.

    Attributes:
        pattern: regular expression for the whole command.
        handling: how the command is tested.
        replacements: texts that are replaced before the command is run.
        reason: why the command is changed or not run; empty if that is obvious.
    """

    pattern: str
    handling: Handling
    replacements: dict[str, str]
    reason: str

    def matches(self, text: str) -> bool:
        """Return whether the pattern matches the command."""
        return re.fullmatch(self.pattern, text) is not None

    def rewritten(self, text: str) -> str:
        """Return the command with the replacements made."""
        for old, new in self.replacements.items():
            text = text.replace(old, new)
        return text


# {url} is a server that the test has started, {clip} a short clip with audio, {root} the repository.
_SMALL = "--steps 2 --set validation.pictures=2 --set pairs.clips=2 --out"
_GENERATOR = "--camera testsrc2=size=320x192:rate=20,realtime,format=yuv420p --format lavfi --seconds 1"
_LOG = "docs/benchmarks/DATE-MACHINE"
_DEPLOYING = "; see `make lint-deploy` and tests/docs/test_deploy.py"
_RULES: tuple[tuple[str, Handling, dict[str, str], str], ...] = (
    (r"make serve.*", Handling.SERVE, {}, "`acutance serve` is started in the environment of the tests instead"),
    (r"make gpu", Handling.NOT_RUN, {}, "no GPU"),
    (r"acutance serve --help", Handling.RUN, {}, ""),
    (
        r"acutance serve --host 0\.0\.0\.0 .*",
        Handling.SERVE,
        {"0.0.0.0": "127.0.0.1"},
        "tests use only loopback",
    ),
    (r"acutance doctor", Handling.RUN, {}, ""),
    (
        r"acutance serve --forward-whip .*",
        Handling.SERVE,
        {"sfu.example:7080": "127.0.0.1:9"},
        "no stream is published, so nothing is forwarded",
    ),
    (r"curl -X POST .*/forwards .*", Handling.NOT_RUN, {}, "needs an SFU; tests/server/http and tests/interop"),
    (r"acutance peer", Handling.RUN, {"peer": "peer --url {url} --seconds 1"}, ""),
    (
        r"acutance peer --camera .*",
        Handling.RUN,
        {"--camera /dev/video0": _GENERATOR, "https://host": "{url}", "…": "unused"},
        "FFmpeg's generator replaces the camera",
    ),
    (
        r"acutance peer --pull .*",
        Handling.RUN,
        {"https://host/whep/a": "{url}/whep/live", "--seconds 10": "--seconds 1"},
        "",
    ),
    (r"acutance peer --file clip\.mp4 --whip .*", Handling.RUN, {"clip.mp4": "{clip}", "https://host": "{url}"}, ""),
    (r"acutance peer --file clip\.mp4 .*", Handling.RUN, {"clip.mp4": "{clip} --url {url}"}, ""),
    (r"acutance-train prepare .*", Handling.SLOW, {}, ""),
    (r"acutance-train distil --resume .*", Handling.SLOW, {}, ""),
    (r"acutance-train distil .*--steps 5000 .*", Handling.SLOW, {"--steps 5000 --out": _SMALL}, "hours"),
    (r"acutance-train (distil|teacher) .*", Handling.SLOW, {"--out": _SMALL}, "hours"),
    (r"acutance-train study .*", Handling.SLOW, {"training/study/ablation.toml": "study.toml"}, "hours"),
    (r"acutance-train choose runs/mine", Handling.SLOW, {}, ""),
    (
        r"acutance-train choose .* --against .*",
        Handling.NOT_RUN,
        {},
        "needs a second run; the rule on harm is tested in tests/training/validation",
    ),
    (
        r"acutance-train memory.*",
        Handling.NOT_RUN,
        {},
        "hours, and needs a run with a plate; its parts are tested in tests/training/evaluation/memory",
    ),
    (
        r"acutance-train hull.*",
        Handling.NOT_RUN,
        {},
        "hours; the rule that it fits is tested in tests/training/evaluation/hull",
    ),
    (r"acutance-train export .*", Handling.SLOW, {}, ""),
    (
        r"acutance-train evaluate .* --set ~/calls .*",
        Handling.SLOW,
        {"--size halved": "--frames 4 --jod-frames 4 --codec vp8 --regime steady"},
        "minutes",
    ),
    (r"acutance-train compare .*", Handling.SLOW, {}, ""),
    (
        r"acutance-train evaluate .*",
        Handling.SLOW,
        {"--degradation call": "--degradation h264-0.1"},
        "minutes",
    ),
    (r"acutance-train figures .*", Handling.SLOW, {}, ""),
    (r"acutance study .*", Handling.NOT_RUN, {}, "needs clips and raters; tests/server/study and tests/browser/study"),
    (
        r"pip install 'acutance\[study\]'",
        Handling.NOT_RUN,
        {},
        "`make test` has done it; its extra is checked",
    ),
    (
        r"pip install -e .*",
        Handling.NOT_RUN,
        {},
        "`make test` has done it; its extra is checked",
    ),
    (r"acutance bench report .*", Handling.RUN, {"docs/benchmarks/*": "{root}/docs/benchmarks/*two-cores*"}, ""),
    (
        r"acutance bench model .*",
        Handling.SLOW,
        {_LOG: "mine", "model": "model --student nano --size 320x180"},
        "minutes",
    ),
    (
        r"acutance bench stream .*",
        Handling.SLOW,
        {_LOG: "mine", "FILE": "{clip}", "--size 1280x720": "--size 320x192 --seconds 10"},
        "minutes",
    ),
    (
        r"python -m acutance\.server\.bench\.second_encoding CLIP.*",
        Handling.RUN,
        {
            "CLIP… --student small --student base": "{clip} --size 320x192 --student nano",
            "--bits 0.02 --bits 0.2": "--bits 0.2",
        },
        "minutes",
    ),
    (
        r"python -m acutance\.server\.bench\.second_encoding --rows .*",
        Handling.RUN,
        {"rows.jsonl": "{root}/docs/benchmarks/2026-11-28-second-encoding.jsonl"},
        "",
    ),
    (
        r"acutance cluster .*|ACUTANCE_CLUSTER_TOKEN=.*|RAY_REDIS_ADDRESS=.*|apt install redis-server",
        Handling.NOT_RUN,
        {},
        "needs Ray: `make cluster` starts clusters",
    ),
    (r"export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1", Handling.RUN, {}, ""),
    (r"torchrun .*", Handling.NOT_RUN, {}, "needs hosts; tests/training/run/test_elastic.py starts two agents"),
    (r"cd docs/deploy", Handling.RUN, {"docs": "{root}/docs"}, ""),
    (r"openssl rand -hex 24 > token", Handling.RUN, {}, ""),
    (r"export PUBLIC_HOST=.*", Handling.RUN, {}, ""),
    (r"docker compose (-f \S+ )*up --build", Handling.NOT_RUN, {}, "no Docker daemon" + _DEPLOYING),
    (r"kubectl .*", Handling.NOT_RUN, {}, "no cluster" + _DEPLOYING),
    (r"sh ffmpeg_whip\.sh .*", Handling.NOT_RUN, {}, "`make interop` runs the script by FFmpeg's program"),
    (r"gst-launch-1\.0 .*", Handling.NOT_RUN, {}, "neither Debian 12 nor PyPI has the plugin; its page says so"),
    (r"python room_to_acutance\.py .*", Handling.NOT_RUN, {}, "`make interop` runs the script with Janus"),
)
RULES = tuple(Rule(*each) for each in _RULES)


def rule_for(text: str) -> Rule | None:
    """Return the first rule that matches the command."""
    return next((rule for rule in RULES if rule.matches(text)), None)
