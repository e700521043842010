"""Any flags, environment and file: the server starts, or reports the wrong option in one line."""

import io
import os
import socket
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acutance.server import cli
from acutance.server.assembly import http_parts, session_parts
from acutance.server.options.server import ServeOptions
from tests.fuzz import mutation
from tests.fuzz.corpus import CORPUS, keep
from tests.fuzz.doors import FaultError
from tests.fuzz.effort import share
from tests.fuzz.tally import LONGEST_S, timed

_KINDS = (".env", ".flags", ".toml")
_SEEDS = {kind: [file.read_bytes() for file in sorted((CORPUS / "options").glob(f"*{kind}"))] for kind in _KINDS}
_LONGEST_SCREEN = 40_000
_MOST_FLAGS = 100
_NAMES = sorted(ServeOptions.model_fields)
# Without options that write files; no host name is resolved.
_KEPT_OUT = ("self_signed", "self_signed_folder")


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    look_up = socket.getaddrinfo

    def without_asking(host: str | None, port: int | None) -> object:
        return look_up(host, port, flags=socket.AI_NUMERICHOST if host != "localhost" else 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("options"))
        patch.setattr(cli, "run", _build)
        patch.setattr(socket, "getaddrinfo", without_asking)
        yield


def _build(options: ServeOptions) -> None:
    # Everything that `acutance serve` builds before it opens the students.
    http_parts.http_parts(options)
    assert (options.limits, session_parts.quota(options), session_parts.network(options)) is not None
    session_parts.ingest(options)


class _Start:
    """`acutance serve` in this process, until it would open the students."""

    def try_with(self, kind: str, data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape").replace("\0", "")
        environment = dict(os.environ)
        Path("acutance.toml").unlink(missing_ok=True)
        flags: list[str] = []
        if kind == ".toml":
            Path("acutance.toml").write_bytes(data)
        elif kind == ".flags":
            flags = text.split("\n")[:-1]
        else:
            pairs = (line.partition("=") for line in text.split("\n"))
            os.environ.update({name: value for name, _, value in pairs if name.startswith("ACUTANCE_")})
        try:
            self._started(flags)
        except Exception as error:
            file = keep("options", data).rename(keep("options", data).with_suffix(kind))
            raise FaultError(f"{kind[1:]} {data[:300]!r} (complete in {file}): {error!r}") from error
        finally:
            os.environ.clear()
            os.environ.update(environment)

    def _started(self, flags: list[str]) -> None:
        (code, screen), seconds = timed("options", lambda: _ended(flags))
        if code not in (0, 2) or (code == 2 and not screen.strip()):
            raise FaultError(f"it ended with {code} and {screen[:300]!r}")
        # argparse repeats its arguments.
        if "Traceback" in screen or len(screen) > _LONGEST_SCREEN + 2 * sum(map(len, flags)):
            raise FaultError(f"{len(screen)} characters: {screen[:300]!r}")
        if seconds > LONGEST_S:
            raise FaultError(f"it took {seconds:.1f} s")


def _ended(flags: list[str]) -> tuple[object, str]:
    """Run the command line; return its exit code and its output."""
    screen = io.BytesIO()
    # As Python's own stderr is.
    stream = io.TextIOWrapper(screen, "utf-8", errors="backslashreplace", write_through=True)
    with redirect_stderr(stream), redirect_stdout(stream):
        try:
            code: object = cli.main(["serve", *flags])
        except SystemExit as end:  # of argparse
            code = end.code
    return code, screen.getvalue().decode()


@pytest.fixture
def start() -> _Start:
    return _Start()


def test_the_corpus_of_options(start: _Start) -> None:
    for kind, seeds in _SEEDS.items():
        for seed in seeds:
            start.try_with(kind, seed)


@share(0.01)
@given(seed=mutation.mutated(_SEEDS[".toml"]))
def test_files(start: _Start, seed: bytes) -> None:
    start.try_with(".toml", seed)


@share(0.01)
@given(seed=mutation.mutated(_SEEDS[".env"]))
def test_the_environment(start: _Start, seed: bytes) -> None:
    start.try_with(".env", seed)


_FLAGS = st.tuples(
    st.sampled_from([name for name in _NAMES if name not in _KEPT_OUT]),
    st.sampled_from([*mutation.TOKENS, b"true", b"auto", b"::1", b"0.0.0.0", b"1-2", b"[]", b"{}", b"https://a"])
    | st.binary(max_size=8),
)


@share(0.01)
@given(pairs=st.lists(_FLAGS, max_size=4))
def test_flags(start: _Start, pairs: list[tuple[str, bytes]]) -> None:
    lines = [(f"--{name.replace('_', '-')}".encode(), value.replace(b"\n", b"")) for name, value in pairs]
    start.try_with(".flags", b"".join(line + b"\n" for pair in lines for line in pair))


@share(0.01)
@given(seed=mutation.mutated(_SEEDS[".flags"]).filter(lambda seed: b"self" not in seed))
def test_mutated_flags(start: _Start, seed: bytes) -> None:
    # argparse is slow with thousands of arguments, which only the operator could give it.
    start.try_with(".flags", b"".join(seed.splitlines(keepends=True)[:_MOST_FLAGS]))
