"""URLs of other servers: parsing them, and showing them without secrets."""

from yarl import URL


def without_secrets(url: URL, query: bool = False) -> URL:
    """Return ``url`` without user, password, query and fragment, so that it can be shown.

    Args:
        url: absolute URL.
        query: whether to keep the query.
    """
    shown = url.with_user(None).with_fragment(None)
    return shown if query else shown.with_query(None)


def web_url(text: str, base: URL | None = None) -> URL:
    """Parse an absolute ``http`` or ``https`` URL.

    Args:
        text: URL from an untrusted source; may be relative if ``base`` is given.
        base: URL to which ``text`` is relative.

    Raises:
        ValueError: it is not such a URL.
    """
    url = URL(text) if base is None else base.join(URL(text))
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("it must begin with http:// or https:// and name a host")
    return url
