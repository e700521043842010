"""How each documented command is tested: one table, and a command that is not in it fails."""

import re
from dataclasses import dataclass
from enum import Enum, auto


class Way(Enum):
    """What is done with a command."""

    RUN = auto()
    """Run to its end; its exit code is 0."""
    SERVE = auto()
    """Started, asked for its health, ended by SIGTERM; its exit code is 0."""
    SLOW = auto()
    """As RUN, by `make docs-commands`; `make test` holds its options to the program's help."""
    NOT_HERE = auto()
    """Not run: what it needs is not on a test machine; the reason says how it is checked."""


@dataclass(frozen=True)
class Rule:
    """What is done with the commands that match.

    Attributes:
        pattern: of the whole command.
        way: what is done.
        instead: what is put in the place of what, before it is run.
        reason: why it is not run as it stands, where that is not plain.
    """

    pattern: str
    way: Way
    instead: dict[str, str]
    reason: str

    def matches(self, text: str) -> bool:
        """Return whether this rule is for the command."""
        return re.fullmatch(self.pattern, text) is not None

    def rewritten(self, text: str) -> str:
        """Return the command as it is run."""
        for old, new in self.instead.items():
            text = text.replace(old, new)
        return text


# {url} is a server that the test has started, {clip} a short clip with audio, {root} the repository.
_SMALL = "--steps 2 --set validation.pictures=2 --set pairs.clips=2 --out"
_GENERATOR = "--camera testsrc2=size=320x192:rate=20,realtime,format=yuv420p --format lavfi --seconds 1"
_LOG = "docs/benchmarks/DATE-MACHINE"
_DEPLOYING = "; see `make lint-deploy` and tests/docs/test_deploy.py"
_RULES: tuple[tuple[str, Way, dict[str, str], str], ...] = (
    (r"make serve.*", Way.SERVE, {}, "what make would start is started in the environment of the tests"),
    (r"make test", Way.NOT_HERE, {}, "it is what runs this"),
    (r"acutance serve --help", Way.RUN, {}, ""),
    (r"acutance serve --host 0\.0\.0\.0 .*", Way.SERVE, {"0.0.0.0": "127.0.0.1"}, "tests stay on their machine"),
    (r"acutance doctor", Way.RUN, {}, ""),
    (r"acutance peer", Way.RUN, {"peer": "peer --url {url} --seconds 1"}, ""),
    (
        r"acutance peer --camera .*",
        Way.RUN,
        {"--camera /dev/video0": _GENERATOR, "https://host": "{url}", "…": "of-nobody"},
        "FFmpeg's generator stands in for a camera",
    ),
    (
        r"acutance peer --pull .*",
        Way.RUN,
        {"https://host/whep/a": "{url}/whep/live", "--seconds 10": "--seconds 1"},
        "",
    ),
    (r"acutance peer --file clip\.mp4 --whip .*", Way.RUN, {"clip.mp4": "{clip}", "https://host": "{url}"}, ""),
    (r"acutance peer --file clip\.mp4 .*", Way.RUN, {"clip.mp4": "{clip} --url {url}"}, ""),
    (r"acutance-train prepare .*", Way.SLOW, {}, ""),
    (r"acutance-train distil --resume .*", Way.SLOW, {}, ""),
    (r"acutance-train distil .*--steps 5000 .*", Way.SLOW, {"--steps 5000 --out": _SMALL}, "hours"),
    (r"acutance-train (distil|teacher) .*", Way.SLOW, {"--out": _SMALL}, "hours"),
    (r"acutance-train study .*", Way.SLOW, {"training/study/ablation.toml": "study.toml"}, "hours"),
    (r"acutance-train export .*", Way.SLOW, {}, ""),
    (r"acutance-train evaluate .*", Way.SLOW, {"--degradation call": "--degradation h264-0.1"}, "the grid: minutes"),
    (r"acutance-train figures .*", Way.SLOW, {}, ""),
    (r"pip install -e .*", Way.NOT_HERE, {}, "`make test` has done it; its extra is looked up in pyproject.toml"),
    (r"acutance bench report .*", Way.RUN, {"docs/benchmarks/*": "{root}/docs/benchmarks/*two-cores*"}, ""),
    (r"acutance bench model .*", Way.SLOW, {_LOG: "mine", "model": "model --student nano --size 320x180"}, "minutes"),
    (
        r"acutance bench stream .*",
        Way.SLOW,
        {_LOG: "mine", "FILE": "{clip}", "--size 1280x720": "--size 320x192 --seconds 10"},
        "minutes",
    ),
    (r"cd docs/deploy", Way.RUN, {"docs": "{root}/docs"}, ""),
    (r"openssl rand -hex 24 > token", Way.RUN, {}, ""),
    (r"export PUBLIC_HOST=.*", Way.RUN, {}, ""),
    (r"docker compose up --build", Way.NOT_HERE, {}, "no Docker daemon" + _DEPLOYING),
    (r"kubectl .*", Way.NOT_HERE, {}, "no cluster" + _DEPLOYING),
    (r"sh ffmpeg_whip\.sh .*", Way.NOT_HERE, {}, "`make interop` runs the script by FFmpeg's program"),
    (r"gst-launch-1\.0 .*", Way.NOT_HERE, {}, "not run: neither Debian 12 nor PyPI has the plugin, as its page says"),
    (r"python room_to_acutance\.py .*", Way.NOT_HERE, {}, "`make interop` runs the script with Janus"),
)
RULES = tuple(Rule(*each) for each in _RULES)


def rule_for(text: str) -> Rule | None:
    """Return the first rule that is for the command."""
    return next((rule for rule in RULES if rule.matches(text)), None)
