"""`python -m acutance.server.probe [URL]`: checks whether the server on this host responds, for a container.

Without a URL it requests `/health` on the port in ``ACUTANCE_PORT``, by HTTP and by HTTPS. It exits with 1 if there is
no response or an error status. It imports only fast modules, because a container runs it every few seconds.
"""

import os
import ssl
import sys
import urllib.error
import urllib.request

_TIMEOUT_S = 2.0


def responds(url: str) -> bool:
    """Return whether a GET of this URL gets a status below 400 within 2 s; certificates are not checked."""
    unchecked = ssl.create_default_context()
    # The server is on the same host: its name in the certificate is irrelevant.
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S, context=unchecked):
            return True
    except (OSError, ValueError):  # urllib's errors are OSErrors; ValueError: not a URL
        return False


def main() -> int:
    """Return the exit status."""
    own = f"127.0.0.1:{os.environ.get('ACUTANCE_PORT', '8080')}/health"
    urls = sys.argv[1:] or [f"{scheme}://{own}" for scheme in ("http", "https")]
    return 0 if any(responds(url) for url in urls) else 1


if __name__ == "__main__":
    sys.exit(main())
