"""The resources of a server at rest."""

from time import monotonic, sleep

from acutance.server.bench.server import Usage, Watched

_LOOKS, _AT_LAST_S = 15, 10.0


def quiet(server: Watched) -> Usage:
    """Return the server's resources once they have not changed for a second and a half, or after 10 s."""
    deadline, unchanged = monotonic() + _AT_LAST_S, 0
    server.look()
    while unchanged < _LOOKS and monotonic() < deadline:
        sleep(0.1)
        server.look()
        before, now = server.seen[-2:]
        same = (before.threads, before.files, before.rss) == (now.threads, now.files, now.rss)
        unchanged = unchanged + 1 if same else 0
    return server.seen[-1]
