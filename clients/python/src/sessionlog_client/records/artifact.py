"""An artifact, a Python value that is an object in JSON, as a google.protobuf.Struct."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from math import isfinite

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value

from .._limits import ARTIFACT_LEVELS_MAX
from ..errors import RefusedError, too_long
from .plain import convert, not_json, too_deep
from .text import to_text, type_name, well_formed

_VALUE_BYTES_MIN = 4
"""Tag, length and content of a Value, and tag and length of what it is an item of."""


def fill_struct(struct: Struct, artifact: object, bytes_max: int) -> None:
    """Sets a Struct to an artifact. Raises RefusedError when JSON cannot express it, or when it needs more than
    `bytes_max` bytes, which also bounds the time for values that contain a part of themselves many times."""
    converted = convert(artifact)
    if not isinstance(converted, Mapping):
        raise _refusal("INVALID_FORMAT", f"expected an object, found {type_name(artifact)}")
    _Filler(bytes_max).fill_object(struct, converted, 1)


class _Filler:
    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes_left = bytes_max

    def fill_object(self, struct: Struct, items: Mapping[object, object], level: int) -> None:
        _check_level(level)
        struct.SetInParent()
        fields = struct.fields
        for key, item in items.items():
            name = key if isinstance(key, str) else convert(key)
            if not isinstance(name, str):
                raise _refusal("INVALID_FORMAT", f"expected text as keys of objects, found {type_name(key)}")
            self._take(len(name))
            self._fill_value(fields[well_formed(name)], item, level)

    def _fill_list(self, list_value: ListValue, items: Sequence[object], level: int) -> None:
        _check_level(level)
        list_value.SetInParent()
        add = list_value.values.add
        for item in items:
            self._fill_value(add(), item, level)

    def _fill_value(self, value: Value, item: object, level: int) -> None:
        self._take(_VALUE_BYTES_MIN)
        if isinstance(item, (str, bytes, bytearray, memoryview)):
            self._take(len(item))
            value.string_value = to_text(item)
        elif isinstance(item, bool):
            value.bool_value = item
        elif item is None:
            value.null_value = NullValue.NULL_VALUE
        elif isinstance(item, (int, float, numbers.Real)):
            value.number_value = _to_double(item)
        elif isinstance(item, (dict, Mapping)):
            self.fill_object(value.struct_value, item, level + 1)
        elif isinstance(item, (list, Sequence)):
            self._fill_list(value.list_value, item, level + 1)
        else:
            converted = convert(item)
            if converted is item:
                raise not_json(item)
            self._fill_value(value, converted, level)

    def _take(self, size: int) -> None:
        """Counts bytes that the Struct has at least. A text counts one for each code point, repaired ones too."""
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise too_long("record.artifact", self._bytes_max)


def _to_double(value: numbers.Real | float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise _refusal("NOT_FINITE", "expected finite numbers only")
    return number


def _check_level(level: int) -> None:
    if level > ARTIFACT_LEVELS_MAX:
        raise too_deep()


def _refusal(reason: str, description: str) -> RefusedError:
    return RefusedError.of("record.artifact", reason, description)
