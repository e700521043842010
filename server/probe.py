"""`python -m acutance.server.probe [URL]`: whether the server of this machine answers, for a container's health check.

Without a URL: `/health` on the port of ``ACUTANCE_PORT``, by HTTP or HTTPS, whichever it speaks. Exits with 1 where it
does not answer, or not well. Imports nothing that takes long: a check runs every few seconds.
"""

import os
import ssl
import sys
import urllib.error
import urllib.request

_WITHIN_S = 2.0


def answers(url: str) -> bool:
    """Return whether a GET of this URL is answered with a status below 400 within 2 s; certificates are not checked."""
    unchecked = ssl.create_default_context()
    # It asks its own machine: whom the certificate names is no matter.
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=_WITHIN_S, context=unchecked):
            return True
    except (OSError, ValueError):  # urllib's errors are OSErrors; ValueError: no URL
        return False


def main() -> int:
    """Return the exit status."""
    own = f"127.0.0.1:{os.environ.get('ACUTANCE_PORT', '8080')}/health"
    urls = sys.argv[1:] or [f"{scheme}://{own}" for scheme in ("http", "https")]
    return 0 if any(answers(url) for url in urls) else 1


if __name__ == "__main__":
    sys.exit(main())
