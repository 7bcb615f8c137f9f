"""Text as UTF-8. What is not well-formed is repaired with U+FFFD, as JSON printers do, and never costs a row."""

from __future__ import annotations


def utf8(text: str) -> bytes:
    """The text as UTF-8, half surrogates (undecodable bytes among them) as U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return well_formed(text).encode()


def well_formed(text: str) -> str:
    """The text with the halves of surrogate pairs joined, and U+FFFD for each half that has no other."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def to_text(value: object) -> str:
    """A text of what a daemon has where a text belongs: bytes are UTF-8, None is nothing, an exception its message.

    Raises TypeError for any other type: to print an object may have it say anything, and take any time.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if value is None:
        return ""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    raise TypeError(f"expected a text, found {type_name(value)}")


def type_name(value: object) -> str:
    """The name of a value's type, which a metaclass may have raise."""
    try:
        return f"{type(value).__name__}"
    except Exception:  # noqa: BLE001 what cannot be told is no reason to raise in a daemon
        return "an object of a type without a name"


def error_text(error: BaseException) -> str:
    """What an exception says, else its type's name. Nothing is raised, whatever the exception's own code does."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 as above
        text = ""
    return text or type_name(error)


def to_head(value: object, code_points: int) -> str:
    """The first `code_points` code points of what `to_text` takes."""
    if isinstance(value, (bytes, bytearray)):
        # Four bytes hold one code point at least; what is cut off is not copied first.
        value = value[: 4 * code_points]
    return cut(to_text(value), code_points)


def cut(text: str, code_points: int) -> str:
    """The first `code_points` code points of a text."""
    if len(text) <= code_points:
        return text
    # A pair that came as two halves is one code point; only twice as many can be needed.
    head = text[: 2 * code_points]
    try:
        head.encode()
    except UnicodeEncodeError:
        head = well_formed(head)
    return head[:code_points]
