"""What the first bytes of an encoded frame say of it."""

_START = b"\x00\x00\x01"
_VP8_START = b"\x9d\x01\x2a"
# RFC 6184, section 1.3: NAL unit types; 1 to 5 carry a picture's slices.
_SLICES, _IDR, _SPS, _DELIMITER = range(1, 6), 5, 7, 9


def begins_keyframe(codec: str, data: bytes) -> bool:
    """Return whether decoding can begin with this frame.

    Args:
        codec: as in SDP; frames of codecs other than ``H264`` and ``VP8`` are taken for keyframes.
        data: Annex B for H.264, as aiortc's depayloader gives it: an IDR picture, or one behind its parameter sets.
            For VP8 RFC 6386, section 9.1: the lowest bit of the first byte is 0, and a start code follows.
    """
    if codec == "VP8":
        return bool(data) and not data[0] & 1 and data[3:6] == _VP8_START
    if codec == "H264":
        return not {_IDR, _SPS}.isdisjoint(_units(data))
    return True


def opens_keyframe(codec: str, data: bytes) -> bool:
    """Return whether a packet is surely the first one of a keyframe, whatever came before it.

    An IDR picture's slice alone does not say so: it may be the second one, or its parameter sets came before.

    Args:
        codec: as in SDP; of codecs other than ``H264`` and ``VP8`` nothing is sure.
        data: of one packet, as aiortc's depayloader gives it.
    """
    if codec == "H264":
        return data[:4] == b"\0" + _START and data[4] & 0x1F in (_DELIMITER, _SPS) and _SPS in _units(data)
    return codec == "VP8" and begins_keyframe(codec, data)


def has_picture(codec: str, data: bytes) -> bool:
    """Return whether a frame carries more than parameter sets; other codecs' always do."""
    return codec != "H264" or any(unit in _SLICES for unit in _units(data))


def _units(data: bytes) -> set[int]:
    """Return the types of an access unit's NAL units.

    The search is left to ``bytes.find``; slices come last, so that what is behind the first one is not looked at.
    """
    found: set[int] = set()
    at = data.find(_START)
    while 0 <= at < len(data) - len(_START):
        unit = data[at + len(_START)] & 0x1F
        found.add(unit)
        if unit in _SLICES:
            break
        at = data.find(_START, at + len(_START))
    return found
