"""Options that bound what peers may take: each has a default, and what exceeds it gets a clear error and is counted."""

from typing import Annotated

from pydantic import BaseModel, Field

from acutance.server.http.app import LARGEST_BODY
from acutance.server.options.session_limits import MOST_CANDIDATES, Limits
from acutance.server.security.quota import Quota


class LimitOptions(BaseModel):
    """Sessions, requests, frames, messages."""

    max_sessions: Annotated[int, Field(ge=1, le=1000, description="more peers than this get 503")] = 4
    max_sessions_per_address: Annotated[
        int | None, Field(ge=1, description="of one address at once; none: as many as there are")
    ] = None
    max_sessions_per_token: Annotated[
        int | None, Field(ge=1, description="of one token at once, unless NAME/SESSIONS:SECRET says another number")
    ] = None
    max_handshakes: Annotated[int, Field(ge=1, le=1000, description="of peers that are not connected yet, at once")] = (
        16
    )
    max_session_length: Annotated[
        float | None, Field(gt=0, description="seconds until a call is ended; none: as long as it lasts")
    ] = None
    max_frame_pixels: Annotated[
        int, Field(ge=64 * 64, description="of a picture; a call that sends larger ones is ended")
    ] = Limits.max_frame_pixels
    max_frame_rate: Annotated[
        float, Field(ge=1, le=1000, description="pictures beyond it are dropped, and counted")
    ] = Limits.max_frame_rate
    max_messages_per_second: Annotated[
        float, Field(gt=0, le=1000, description="of a peer's data channel; what exceeds it is refused")
    ] = Limits.max_messages_per_second
    max_candidates: Annotated[
        int, Field(ge=1, le=MOST_CANDIDATES, description="of a peer, in its offer and after it; with more it gets 400")
    ] = MOST_CANDIDATES
    max_body: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024, description="of a request, in bytes")] = LARGEST_BODY
    max_requests_per_minute: Annotated[
        float, Field(gt=0, description="POST, PATCH and DELETE of one address; a quarter of them at once")
    ] = 240

    @property
    def quota(self) -> Quota:
        """How many sessions whom."""
        return Quota(self.max_sessions_per_address, self.max_sessions_per_token, self.max_handshakes)
