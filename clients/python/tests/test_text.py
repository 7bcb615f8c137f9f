from __future__ import annotations

import pytest

from sessionlog_client.text import cut, to_text, utf8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ana", "Ana"),
        ("häß 😀", "häß 😀"),
        ("a\udc80b", "a\ufffdb"),
        (b"caf\xc3".decode("utf-8", "surrogateescape"), "caf\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d", "\ufffd"),
        ("\ude00\ud83dx", "\ufffd\ufffdx"),
        ("a\x00b", "a\x00b"),
    ],
)
def test_utf8_repairs_what_is_not_well_formed(text: str, expected: str) -> None:
    assert utf8(text).decode() == expected


def test_cut_counts_code_points() -> None:
    assert cut("😀" * 5, 3) == "😀" * 3
    assert cut("abc", 3) == "abc"


def test_cut_does_not_split_a_pair_that_came_as_two_halves() -> None:
    assert cut("\ud83d\ude00" * 5, 3) == "😀" * 3


def test_to_text_takes_bytes_as_utf8() -> None:
    assert to_text(b"caf\xc3\xa9\xff") == "café\ufffd"


def test_to_text_refuses_other_types() -> None:
    with pytest.raises(TypeError, match="found int"):
        to_text(3)
