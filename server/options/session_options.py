"""The options that a process with sessions needs: all but those of access to the HTTP server, with its secrets."""

from acutance.server.options.forwarding import ForwardOptions
from acutance.server.options.learning import LearningOptions
from acutance.server.options.limits import LimitOptions
from acutance.server.options.network import NetworkOptions
from acutance.server.options.serving import ServingOptions
from acutance.server.options.session_limits import Limits


class SessionOptions(ForwardOptions, NetworkOptions, LimitOptions, LearningOptions, ServingOptions):
    """Options of `acutance serve` for sessions."""

    @property
    def limits(self) -> Limits:
        """Limits of one session."""
        return limits_of(self, self)


def limits_of(serving: ServingOptions, limits: LimitOptions) -> Limits:
    """Return the limits of one session."""
    return Limits(
        max_bitrate=serving.max_bitrate,
        handshake_timeout=serving.handshake_timeout,
        idle_timeout=serving.idle_timeout,
        upscale=serving.upscale,
        output_height=serving.output_height,
        forward_unchanged=serving.forward_unchanged,
        forward_good=serving.forward_good,
        advise_size=serving.advise_size,
        govern=serving.governor,
        max_session_length=limits.max_session_length,
        max_frame_pixels=limits.max_frame_pixels,
        max_frame_rate=limits.max_frame_rate,
        max_messages_per_second=limits.max_messages_per_second,
        max_candidates=limits.max_candidates,
    )
