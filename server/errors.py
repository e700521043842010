"""The error with which a request is refused, in every room that reads what a stranger sent."""


class RequestError(ValueError):
    """A request that cannot be served.

    Attributes:
        status: HTTP status that fits: 400 if the request is malformed, 422 if it asks for something unsupported.
        code: one word for programs, listed in openapi.json.
    """

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status = status
        self.code = code
