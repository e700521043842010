from acutance.server.rtc.h264_profile import with_profiles, with_received_level, with_stand_ins
from tests.offers import VIDEO, offer
from tests.server.recorded import RECORDED


def test_the_answer_names_the_level_that_is_decoded() -> None:
    line = "a=fmtp:{} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={}\r\n"
    answer = line.format(99, "42001f") + line.format(101, "42e01f") + line.format(103, "42e034")
    expected = line.format(99, "42002a") + line.format(101, "42e02a") + line.format(103, "42e034")
    assert with_received_level(answer) == expected


def test_baseline_stands_for_what_aiortc_cannot_negotiate_and_the_answer_keeps_the_offers_profile() -> None:
    offered = RECORDED["ffmpeg-high"].decode()
    sdp, stood = with_stand_ins(offered)
    assert stood == {106: "64000d"}
    assert "profile-level-id=42e01f" in sdp
    assert with_profiles(sdp, stood) == offered


def test_what_aiortc_can_negotiate_is_left_as_it_is() -> None:
    for sdp in (offer(VIDEO), offer(VIDEO.replace("42e01f", "640c1f")), RECORDED["chrome"].decode()):
        assert with_stand_ins(sdp) == (sdp, {})
