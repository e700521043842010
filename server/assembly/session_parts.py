"""The host of the sessions and its parts: network, quota, limits, ingest."""

import sys

from acutance.server.assembly import learning, memory
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.forward.forward import Ingest
from acutance.server.forward.rules import ForwardRules
from acutance.server.options.forwarding import ForwardOptions, read_hosts
from acutance.server.options.limits import LimitOptions
from acutance.server.options.network import NetworkOptions
from acutance.server.options.server import ServeOptions
from acutance.server.options.session_options import SessionOptions
from acutance.server.options.values import revealed
from acutance.server.rtc.ice import Network
from acutance.server.security.quota import Quota
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host, StudentUse
from acutance.server.students.ladder import Ladder


def ingest(options: ForwardOptions) -> Ingest | None:
    """Build the WHIP endpoint to which every named stream is forwarded; None without one.

    Redirects are followed within its own host and to the hosts of `--forward-host`.
    """
    url = revealed(options.forward_whip)
    if url is None:
        return None
    return Ingest(url, revealed(options.forward_token), ForwardRules(read_hosts(options.forward_host)).allow)


def network(options: NetworkOptions) -> Network:
    """Build the description of the network path between peers and the server."""
    return Network(
        stun=tuple(options.stun),
        turn=tuple(options.turn),
        turn_secret=revealed(options.turn_secret),
        turn_username=options.turn_username,
        turn_password=revealed(options.turn_password),
        public_ip=options.public_ip,
        udp_ports=options.udp_port_range,
    )


def quota(options: LimitOptions) -> Quota:
    """Build the session limits of each address and token."""
    return Quota(options.max_sessions_per_address, options.max_sessions_per_token, options.max_handshakes)


def host(options: ServeOptions, ladder: Ladder, encoders: EncoderChoice) -> Host:
    """Build the host of the sessions.

    Args:
        options: all options of `acutance serve`.
        ladder: the opened students.
        encoders: the measured encoders.
    """
    return Host(
        ladder,
        options.limits,
        admission_limits(options),
        encoders,
        network(options),
        ingest(options),
        memory.make_enhancer,
        StudentUse(make_learning=learning.make_learning(options, ladder)),
    )


def worker_host(options: SessionOptions, ladder: Ladder, encoders: EncoderChoice, inferences: int) -> Host:
    """Build the host of the sessions of a worker, which admits every session: the accepting process has the limits.

    Args:
        options: the options for sessions.
        ladder: the opened students.
        encoders: the measured encoders.
        inferences: how many inferences run at once.
    """
    return Host(
        ladder,
        options.limits,
        AdmissionLimits(max_sessions=sys.maxsize, max_viewers=sys.maxsize, check_load=False),
        encoders,
        network(options),
        ingest(options),
        memory.make_enhancer,
        StudentUse(inferences, learning.make_learning(options, ladder)),
    )


def admission_limits(options: ServeOptions | SessionOptions) -> AdmissionLimits:
    """Build the limits of the number of sessions."""
    return AdmissionLimits(
        max_sessions=options.max_sessions,
        max_viewers=options.max_viewers,
        check_load=options.admission,
        quota=quota(options),
        redirect=options.redirect,
    )
