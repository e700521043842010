import asyncio

import av
import pytest
from aiortc.mediastreams import MediaStreamError

from acutance.server.rtc.packet_track import Packet, PacketTrack


def packet(number: int, *, key: bool = False) -> Packet:
    made = av.Packet(b"\0")
    made.pts = number
    made.is_keyframe = key
    return made


async def _numbers(track: PacketTrack, count: int) -> list[int | None]:
    return [(await asyncio.wait_for(track.recv(), 1)).pts for _ in range(count)]


async def test_the_first_packet_is_a_keyframe() -> None:
    track = PacketTrack(depth=4)
    for number in range(4):
        track.offer(packet(number, key=number == 2))
    assert await _numbers(track, 2) == [2, 3]
    assert track.dropped == 2


async def test_a_slow_receiver_skips_to_a_keyframe_and_requests_it_when_it_has_caught_up() -> None:
    track, asked = PacketTrack(depth=2), []
    track.on_behind = lambda: asked.append(True)
    track.offer(packet(0, key=True))
    for number in (1, 2, 3):
        track.offer(packet(number))
    assert (track.has_room, track.dropped, asked) == (False, 2, [])
    assert await _numbers(track, 1) == [0]
    assert asked == [], "still behind: a keyframe now would find no room, and cost the others theirs"
    assert await _numbers(track, 1) == [1]
    assert asked == [True]
    track.offer(packet(4))
    track.offer(packet(5, key=True))
    track.offer(packet(6))
    assert await _numbers(track, 2) == [5, 6]


async def test_audio_continues_after_a_gap() -> None:
    track = PacketTrack("audio", depth=2)
    for number in range(3):
        track.offer(packet(number))
    assert await _numbers(track, 2) == [0, 1]
    track.offer(packet(3))
    assert await _numbers(track, 1) == [3]


async def test_stop_ends_a_waiting_receiver_and_refuses_further_packets() -> None:
    track = PacketTrack()
    waiting = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    track.stop()
    with pytest.raises(MediaStreamError):
        await waiting
    track.offer(packet(0, key=True))
    with pytest.raises(MediaStreamError):
        await track.recv()
