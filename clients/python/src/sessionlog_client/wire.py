"""Writing of the protobuf wire format, https://protobuf.dev/programming-guides/encoding/.

Records are written by hand: building the generated messages, google.protobuf.Struct above all, takes several times as
long, on the thread of the daemon's request.
"""

from __future__ import annotations

KNOWN = 1 << 12


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


VARINTS = tuple(_varint(value) for value in range(KNOWN))
"""Most lengths are among these; the loops that write artifacts look them up themselves."""


def varint(value: int) -> bytes:
    """A number as a varint; negative ones in two's complement of 64 bits."""
    if 0 <= value < KNOWN:
        return VARINTS[value]
    return _varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def delimited(tag: bytes, payload: bytes) -> bytes:
    """A length-delimited field: text, bytes or a message."""
    length = len(payload)
    return tag + (VARINTS[length] if length < KNOWN else _varint(length)) + payload
