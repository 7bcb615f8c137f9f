"""Text in messages: what is not well-formed is replaced by U+FFFD, as JSON printers do, and never costs a record."""

from __future__ import annotations


def to_text(value: object, code_points_max: int | None = None) -> str:
    """Well-formed text of a str, of bytes, which are UTF-8, or of None, which is empty; of a longer one the first
    `code_points_max` code points.

    Raises TypeError for any other type: to print an object may take any time, and give any text.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        # A code point has at most four bytes; what is cut off is not copied first.
        text = bytes(value if code_points_max is None else value[: 4 * code_points_max]).decode("utf-8", "replace")
    elif isinstance(value, str):
        # Two halves of a surrogate pair are one code point.
        text = well_formed(value if code_points_max is None else str.__getitem__(value, slice(2 * code_points_max)))
    elif value is None:
        return ""
    else:
        raise TypeError(f"expected a text, found {type_name(value)}")
    return text[:code_points_max]


def well_formed(text: str) -> str:
    """The text with the halves of surrogate pairs joined, and U+FFFD for each half that has no other."""
    try:
        str.encode(text)
    except UnicodeEncodeError:
        return str.encode(text, "utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return str.__str__(text)


def type_name(value: object) -> str:
    """The name of a value's type, which a metaclass may have raise."""
    try:
        return f"{type(value).__name__}"
    except Exception:  # noqa: BLE001 a missing name is no reason to raise in a daemon
        return "an object of a type without a name"


_CAUSES_MAX = 8
"""Causes beyond these are left out."""
_GROUPED_MAX = 4
"""Exceptions of a group beyond these are left out."""


def error_chain(error: BaseException | str | None, code_points_max: int) -> str:
    """The messages of an exception and of its causes, of which `code_points_max` code points are kept: `model call
    failed: connection refused`. A message that an earlier one contains is not repeated. Raises nothing."""
    if error is None or isinstance(error, (str, bytes)):
        return to_text(error, code_points_max)
    text = error_text(error)
    cause = error.__cause__
    # What exceeds this is cut, however many causes follow.
    for _ in range(_CAUSES_MAX):
        if cause is None or len(text) > 2 * code_points_max:
            break
        cause_text = error_text(cause)
        if cause_text not in text:
            text = f"{text}: {cause_text}"
        cause = cause.__cause__
    return to_text(text, code_points_max)


def error_text(error: BaseException) -> str:
    """The message of an exception, else its type's name. Raises nothing, whatever the exception's own code does."""
    try:
        text = str(error)
        # Of a TaskGroup: the message counts the exceptions, and names none.
        grouped = getattr(error, "exceptions", None)
        if isinstance(grouped, tuple):
            text = f"{text}: {'; '.join(map(error_text, grouped[:_GROUPED_MAX]))}"
    except Exception:  # noqa: BLE001 as above
        text = ""
    return text or type_name(error)
