"""What Python has and JSON has not: models, dataclasses, ids, dates, … as values that JSON has."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, Protocol, TypeAlias
from uuid import UUID

from .._limits import ARTIFACT_BYTES_MAX, ARTIFACT_LEVELS_MAX
from ..errors import RefusedError, too_long
from .text import type_name


class SupportsModelDump(Protocol):
    """A model of pydantic."""

    @property
    def model_dump(self) -> Callable[..., Any]: ...


class DataclassInstance(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


class AttrsInstance(Protocol):
    __attrs_attrs__: ClassVar[Any]


Artifact: TypeAlias = Mapping[str, object] | SupportsModelDump | DataclassInstance | AttrsInstance
"""What is an object in JSON."""

_JSON_TYPES = frozenset((str, int, float, bool, type(None), dict, list))
_CONVERSIONS_MAX = 8
"""A model whose dump is a model …; what says that it can do everything, such as a mock, is one without end."""


def convert(value: object) -> object:
    """A value of a type that JSON lacks, as one that it has; what is inside it is not converted. Any other value as it
    is. Raises what the value's own code raises."""
    for _ in range(_CONVERSIONS_MAX):
        converted = _convert(value)
        if converted is value:
            return value
        value = converted
    raise not_json(value)


def not_json(value: object) -> RefusedError:
    return RefusedError.of(
        "record.artifact", "INVALID_FORMAT", f"expected a value that JSON has, found {type_name(value)}"
    )


def _convert(value: object) -> object:
    if type(value) in _JSON_TYPES or isinstance(value, (Mapping, type)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return _number_of(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, AbstractSet):
        return _sorted(value)
    if hasattr(type(value), "model_dump"):
        dumped: object = value.model_dump(mode="json")  # type: ignore[attr-defined]
        return dumped
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    names = getattr(type(value), "__attrs_attrs__", None)
    return value if names is None else {field.name: getattr(value, field.name) for field in names}


def _number_of(value: Decimal) -> float | str:
    """A number where the row then has the same digits, as of 19.99, else text. NaN and infinity are numbers, which are
    refused."""
    number = float(value)
    if not value.is_finite() or (math.isfinite(number) and Decimal(repr(number)) == value):
        return number
    return str(value)


def _sorted(values: AbstractSet[object]) -> list[object]:
    if len(values) > ARTIFACT_BYTES_MAX:
        raise too_long("record.artifact", ARTIFACT_BYTES_MAX)
    converted: list[Any] = [convert(value) for value in values]
    try:
        return sorted(converted)
    except TypeError:
        return sorted(converted, key=repr)


def to_plain(artifact: object) -> object:
    """A copy of an artifact, of dictionaries and lists, for roster checks. Raises RefusedError when it is larger or
    deeper than a session log takes, and what the artifact's own code raises."""
    return _Copier().copy(artifact, 1)


class _Copier:
    def __init__(self) -> None:
        self._items_left = ARTIFACT_BYTES_MAX

    def copy(self, value: object, level: int) -> Any:
        self._items_left -= 1
        if self._items_left < 0:
            raise too_long("record.artifact", ARTIFACT_BYTES_MAX)
        value = convert(value)
        if isinstance(value, Mapping):
            _check_level(level)
            return {convert(key): self.copy(item, level + 1) for key, item in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview)):
            _check_level(level)
            return [self.copy(item, level + 1) for item in value]
        return value


def _check_level(level: int) -> None:
    if level > ARTIFACT_LEVELS_MAX:
        raise too_deep()


def too_deep() -> RefusedError:
    message = f"expected at most {ARTIFACT_LEVELS_MAX} levels of objects and lists; does it contain itself?"
    return RefusedError.of("record.artifact", "TOO_DEEP", message)
