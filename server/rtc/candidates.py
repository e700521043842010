"""ICE of one peer after its offer: trickled candidates (RFC 8838) and restarts (RFC 8445, section 9)."""

import re
from dataclasses import dataclass
from secrets import token_hex

from aiortc import RTCPeerConnection
from aiortc.sdp import SessionDescription, candidate_from_sdp, candidate_to_sdp

from acutance.server.errors import RequestError
from acutance.server.rtc.aiortc_private.restart import check_until_nominated, restart, selected_pair
from acutance.server.rtc.aiortc_private.transport import ice_gatherers
from acutance.server.rtc.ice import Network

# RFC 8839, section 5.4.
_UFRAG, _PASSWORD = re.compile("[A-Za-z0-9+/]{4,256}"), re.compile("[A-Za-z0-9+/]{22,256}")


@dataclass(frozen=True)
class TrickledCandidates:
    """The content of one PATCH request.

    Attributes:
        candidates: (mid, text after ``candidate:``) of each candidate; the mid is empty if none was given.
        ended: whether the peer announced the end of candidates.
        ufrag, password: the peer's ICE credentials; None if it sent none.
    """

    candidates: tuple[tuple[str, str], ...]
    ended: bool = False
    ufrag: str | None = None
    password: str | None = None


class IceSession:
    """Candidates and credentials of one peer.

    Attributes:
        etag: entity tag of the ICE session (RFC 9725, section 4.3.1), with its quotes; a restart changes it.
    """

    def __init__(self, peer: RTCPeerConnection, network: Network, max_candidates: int):
        """Start without an offer.

        Args:
            peer: aiortc's peer connection.
            network: the public address of this host.
            max_candidates: largest number of candidates that the peer may send before a restart.
        """
        self.etag = _tag()
        self._peer = peer
        self._network = network
        self._most = max_candidates
        self._count = 0
        self._offered = SessionDescription()
        self._credentials = "", ""

    def begin(self, offer: SessionDescription) -> None:
        """Take the peer's offer.

        Raises:
            RequestError: it has too many candidates.
        """
        self._offered = offer
        ice = offer.media[0].ice
        assert ice is not None  # checked by `parse_offer`
        self._credentials = str(ice.usernameFragment), str(ice.password)
        self._take(sum(len(media.ice_candidates) for media in offer.media))

    def is_restart(self, trickled: TrickledCandidates) -> bool:
        """Return whether this is an ICE restart: its credentials are not the peer's (RFC 9725, section 4.3.3)."""
        ufrag, password = self._credentials
        return (trickled.ufrag or ufrag, trickled.password or password) != (ufrag, password)

    async def trickle(self, trickled: TrickledCandidates) -> None:
        """Add candidates that arrived after the offer; unusable ones are ignored (RFC 9725, section 4.3.2).

        Raises:
            RequestError: the peer has too many candidates.
        """
        self._take(len(trickled.candidates))
        await self._add(trickled.candidates)
        # The end of candidates is not passed on: after it, aioice ignores candidates of a PATCH that arrives out of
        # order, and does not wait for peer-reflexive candidates. A peer that never connects is ended by the time limit.

    async def restart(self, trickled: TrickledCandidates) -> str:
        """Restart ICE with the peer's new credentials and candidates.

        Media take the old path until `reconnected`.

        Args:
            trickled: new credentials and candidates of the peer, see `is_restart`.

        Returns:
            The SDP fragment with the server's new credentials and all its candidates.

        Raises:
            RequestError: the credentials are incomplete, a restart is impossible, or the peer has too many candidates.
        """
        ufrag, password = trickled.ufrag or "", trickled.password or ""
        if not _UFRAG.fullmatch(ufrag) or not _PASSWORD.fullmatch(password):
            raise RequestError(
                400,
                "bad_fragment",
                "An ICE restart needs a=ice-ufrag of 4 to 256 and a=ice-pwd of 22 to 256 characters.",
            )
        gatherers = ice_gatherers(self._peer)
        if len(gatherers) != 1 or any(selected_pair(each) is None for each in gatherers):
            raise RequestError(
                422, "no_restart", "Only a connected session with bundled media can restart ICE: begin a new session."
            )
        self._count = 0
        self._take(len(trickled.candidates))
        (gatherer,) = gatherers
        await restart(gatherer, ufrag, password)
        self._credentials = ufrag, password
        self.etag = _tag()
        await self._add(trickled.candidates)
        answer = SessionDescription.parse(self._peer.localDescription.sdp)
        first = answer.media[0]
        first.ice_candidates = gatherer.getLocalCandidates()
        self._network.add_public_address(answer)
        ours = gatherer.getLocalParameters()
        lines = [
            f"m={first.kind} 9 {first.profile} {' '.join(str(each) for each in first.fmt)}",
            f"a=mid:{first.rtp.muxId}",
            f"a=ice-ufrag:{ours.usernameFragment}",
            f"a=ice-pwd:{ours.password}",
            *(f"a=candidate:{candidate_to_sdp(each)}" for each in first.ice_candidates),
            "a=end-of-candidates",
        ]
        return "".join(f"{line}\r\n" for line in lines)

    async def reconnected(self) -> None:
        """Return when a path of the last restart carries the media."""
        (gatherer,) = ice_gatherers(self._peer)
        await check_until_nominated(gatherer, selected_pair(gatherer))

    async def _add(self, candidates: tuple[tuple[str, str], ...]) -> None:
        mids = [media.rtp.muxId for media in self._offered.media]
        groups = (group for group in self._offered.group if group.semantic == "BUNDLE")
        bundled = next(([str(mid) for mid in group.items] for group in groups), [])
        for mid, text in candidates:
            candidate = candidate_from_sdp(text)
            # All bundled sections use the transport of the first section of the group.
            candidate.sdpMid = (mid if mid in mids and mid not in bundled else None) or [*bundled, *mids][0]
            await self._peer.addIceCandidate(candidate)

    def _take(self, count: int) -> None:
        self._count += count
        if self._count > self._most:
            raise RequestError(
                400,
                "bad_candidate",
                f"{self._count} ICE candidates: a peer may have {self._most} (--max-candidates).",
            )


def _tag() -> str:
    return f'"{token_hex(8)}"'
