"""H.264 profiles and levels of offers and answers."""

import pytest
from aiortc.sdp import SessionDescription

from acutance.server.rtc.h264_profile import raise_received_level, restore_profiles, substitute_profiles
from tests.offers import VIDEO, offer
from tests.server.recorded import RECORDED


@pytest.mark.parametrize(
    ("written", "expected"), [("42001f", "42002a"), ("42e01f", "42e02a"), ("42e034", "42e034"), ("64001f", "64001f")]
)
def test_the_answer_names_the_level_that_is_decoded(written: str, expected: str) -> None:
    answer = SessionDescription.parse(offer(VIDEO.replace("42e01f", written)))
    raise_received_level(answer)
    assert f"a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={expected}\r\n" in str(answer)


def test_baseline_replaces_what_aiortc_cannot_negotiate_and_the_answer_keeps_the_offers_profile() -> None:
    offered = SessionDescription.parse(RECORDED["ffmpeg-high"].decode())
    before = str(offered)
    replaced = substitute_profiles(offered)
    assert replaced == {106: "64000d"}
    assert "profile-level-id=42e01f" in str(offered)
    restore_profiles(offered, replaced)
    assert str(offered) == before


def test_profiles_that_aiortc_negotiates_are_not_changed() -> None:
    for sdp in (offer(VIDEO), offer(VIDEO.replace("42e01f", "640c1f")), RECORDED["chrome"].decode()):
        offered = SessionDescription.parse(sdp)
        before = str(offered)
        assert substitute_profiles(offered) == {}
        assert str(offered) == before
