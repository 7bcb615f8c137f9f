"""An artifact, a Python value that is an object in JSON, → google.protobuf.Struct."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from math import isfinite
from struct import Struct as Packing

from .errors import RefusedError, Violation
from .text import to_text, type_name, utf8
from .wire import KNOWN as _KNOWN
from .wire import VARINTS as _VARINTS
from .wire import delimited, varint

_FIELD_1 = b"\x0a"
_FIELD_2 = b"\x12"
_NULL = b"\x08\x00"
_NUMBER = b"\x11"
_TEXT = b"\x1a"
_TRUE = b"\x20\x01"
_FALSE = b"\x20\x00"
_OBJECT = b"\x2a"
_LIST = b"\x32"

_pack_double = Packing("<d").pack

_KEYS_MAX = 1_000
_KEY_BYTES_MAX = 64
_key_fields: dict[object, bytes] = {}

_LEVELS_MAX = 100
"""Ends the walk into a value that contains itself. The service's own limit is lower, and its to tell."""


def encode_artifact(artifact: object, bytes_max: int) -> bytes:
    """The fields of a google.protobuf.Struct. Raises RefusedError when JSON cannot say the value, or when it has more
    than `bytes_max` bytes, which also bounds the time that values take which hold a part of themselves many times."""
    if not isinstance(artifact, Mapping):
        raise _refusal("INVALID_FORMAT", f"expected an object, found {type_name(artifact)}")
    try:
        return _object(artifact, 1, bytes_max)
    except RecursionError:
        raise _refusal("TOO_DEEP", "nested too deep; does it contain itself?") from None


def _object(items: Mapping[object, object], level: int, bytes_max: int) -> bytes:
    if level > _LEVELS_MAX:
        raise _too_deep()
    parts: list[bytes] = []
    size = 0
    for key, value in items.items():
        key_field = _key_fields.get(key) or _key_field(key, bytes_max)
        payload = _value(value, level, bytes_max)
        length = len(payload)
        head = key_field + _FIELD_2 + (_VARINTS[length] if length < _KNOWN else varint(length))
        length += len(head)
        parts += (_FIELD_1, _VARINTS[length] if length < _KNOWN else varint(length), head, payload)
        size += length
        if size > bytes_max:
            raise _too_long(bytes_max)
    return b"".join(parts)


def _key_field(key: object, bytes_max: int) -> bytes:
    """Field 1 of an object's entry. Objects mostly have the keys that others had: some are remembered."""
    if not isinstance(key, str):
        raise _refusal("INVALID_FORMAT", f"expected text as keys of objects, found {type_name(key)}")
    if len(key) > bytes_max:
        raise _too_long(bytes_max)
    field = delimited(_FIELD_1, utf8(key))
    if len(_key_fields) < _KEYS_MAX and len(field) <= _KEY_BYTES_MAX and type(key) is str:
        _key_fields[key] = field
    return field


def _list(items: Sequence[object], level: int, bytes_max: int) -> bytes:
    if level > _LEVELS_MAX:
        raise _too_deep()
    parts: list[bytes] = []
    size = 0
    for value in items:
        payload = _value(value, level, bytes_max)
        length = len(payload)
        parts += (_FIELD_1, _VARINTS[length] if length < _KNOWN else varint(length), payload)
        size += length
        if size > bytes_max:
            raise _too_long(bytes_max)
    return b"".join(parts)


def _value(value: object, level: int, bytes_max: int) -> bytes:
    """A google.protobuf.Value. The types that json.loads makes come first: they are nearly all."""
    kind = type(value)
    if kind is str:
        if len(value) > bytes_max:  # type: ignore[arg-type]
            raise _too_long(bytes_max)
        return delimited(_TEXT, utf8(value))  # type: ignore[arg-type]
    if kind is dict:
        return delimited(_OBJECT, _object(value, level + 1, bytes_max))  # type: ignore[arg-type]
    if kind is float or kind is int:
        return _number(value)  # type: ignore[arg-type]
    if kind is list:
        return delimited(_LIST, _list(value, level + 1, bytes_max))  # type: ignore[arg-type]
    if kind is bool:
        return _TRUE if value else _FALSE
    return _NULL if value is None else _unusual(value, level, bytes_max)


def _unusual(value: object, level: int, bytes_max: int) -> bytes:
    if isinstance(value, (str, bytes, bytearray, memoryview)):
        # As UTF-8 it is no shorter, also where it is repaired.
        if len(value) > bytes_max:
            raise _too_long(bytes_max)
        return delimited(_TEXT, utf8(to_text(value)))
    if isinstance(value, numbers.Real):
        return _number(value)
    if isinstance(value, Mapping):
        return delimited(_OBJECT, _object(value, level + 1, bytes_max))
    if isinstance(value, Sequence):
        return delimited(_LIST, _list(value, level + 1, bytes_max))
    raise _refusal("INVALID_FORMAT", f"expected what JSON can say, found {type_name(value)}")


def _number(value: numbers.Real | float) -> bytes:
    try:
        number = float(value)
    except OverflowError:
        raise _refusal("OUT_OF_RANGE", "expected numbers that a double can hold") from None
    if not isfinite(number):
        raise _refusal("NOT_FINITE", "expected finite numbers only")
    return _NUMBER + _pack_double(number)


def _too_deep() -> RefusedError:
    return _refusal("TOO_DEEP", f"more than {_LEVELS_MAX} levels of objects and lists; does it contain itself?")


def _refusal(reason: str, description: str) -> RefusedError:
    return RefusedError([Violation("record.artifact", description, reason)])


def _too_long(bytes_max: int) -> RefusedError:
    return _refusal("TOO_LONG", f"expected a record of at most {bytes_max} bytes")
