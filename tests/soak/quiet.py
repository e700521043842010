"""The resources of a server at rest."""

from time import monotonic, sleep

from acutance.server.bench.server import MeasuredServer, Usage

_UNCHANGED, _LIMIT_S = 15, 10.0


def quiet(server: MeasuredServer) -> Usage:
    """Return the server's resources once they have not changed for a second and a half, or after 10 s."""
    deadline, unchanged = monotonic() + _LIMIT_S, 0
    server.record_usage()
    while unchanged < _UNCHANGED and monotonic() < deadline:
        sleep(0.1)
        server.record_usage()
        before, now = server.usages[-2:]
        same = (before.threads, before.files, before.rss) == (now.threads, now.files, now.rss)
        unchanged = unchanged + 1 if same else 0
    return server.usages[-1]
