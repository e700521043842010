"""Options for limits on clients. A request beyond a limit gets an error response and is counted in the metrics."""

from typing import Annotated

from pydantic import BaseModel, Field

from acutance.server.options.session_limits import MOST_CANDIDATES, Limits

# In bytes. A browser's offer has 3 to 8 kB; with many codecs and candidates perhaps 20 kB.
LARGEST_BODY = 64 * 1024
# An offer fits into about ten packets: a slower client is an attacker or has no bandwidth for a call.
BODY_TIMEOUT_S = 10.0


class LimitOptions(BaseModel):
    """Sessions, requests, frames, messages."""

    max_sessions: Annotated[
        int, Field(ge=1, le=1000, description="Maximum number of sessions (peers that send video); more get 503")
    ] = 4
    max_viewers: Annotated[
        int, Field(ge=0, le=10_000, description="Maximum number of viewers of all streams together; more get 503")
    ] = 50
    max_sessions_per_address: Annotated[
        int | None,
        Field(
            ge=1,
            description="Maximum number of sessions and viewers of one client address (IPv6: /64 network); none: "
            "no limit",
        ),
    ] = None
    max_sessions_per_token: Annotated[
        int | None,
        Field(
            ge=1,
            description="Maximum number of sessions and viewers of one token, unless NAME/SESSIONS:SECRET sets "
            "another; none: no limit",
        ),
    ] = None
    max_handshakes: Annotated[
        int, Field(ge=1, le=1000, description="Maximum number of peers that are not yet connected; more get 503")
    ] = 16
    max_session_length: Annotated[
        float | None, Field(gt=0, description="Seconds after which a session is ended; none: no limit")
    ] = None
    max_frame_pixels: Annotated[
        int, Field(ge=64 * 64, description="Largest frame in pixels; a session that sends a larger one is ended")
    ] = Limits.max_frame_pixels
    max_frame_rate: Annotated[
        float, Field(ge=1, le=1000, description="Largest frame rate in frames/s; further frames are dropped")
    ] = Limits.max_frame_rate
    max_messages_per_second: Annotated[
        float, Field(gt=0, le=1000, description="Largest rate of a peer's data channel messages; more are refused")
    ] = Limits.max_messages_per_second
    max_candidates: Annotated[
        int, Field(ge=1, le=MOST_CANDIDATES, description="Maximum number of ICE candidates of a peer; more get 400")
    ] = MOST_CANDIDATES
    max_body: Annotated[
        int, Field(ge=1024, le=16 * 1024 * 1024, description="Largest request body in bytes; a larger one gets 413")
    ] = LARGEST_BODY
    body_timeout: Annotated[
        float,
        Field(gt=0, le=300, description="Seconds within which a request body must arrive; a slower one gets 408"),
    ] = BODY_TIMEOUT_S
    max_requests_per_minute: Annotated[
        float,
        Field(
            gt=0,
            description="Maximum rate of POST, PATCH and DELETE requests of one client address (IPv6: /64 network), a "
            "quarter of them in one burst; more get 429",
        ),
    ] = 240
