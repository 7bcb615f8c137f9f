from __future__ import annotations

from typing import Any

import pytest

from sessionlog_client.records.text import to_text

from .support import cases


@pytest.mark.parametrize("case", cases("text.jsonl"))
def test_to_text_repairs_and_cuts(case: dict[str, Any]) -> None:
    text = case["text"] if "text" in case else bytes.fromhex(case["bytes"])
    assert to_text(text, case.get("code_points_max")) == case["expected"]


def test_to_text_joins_a_pair_that_came_as_two_halves() -> None:
    assert to_text("\ud83d\ude00") == "😀"
    assert to_text("\ud83d\ude00" * 5, 3) == "😀" * 3


def test_to_text_repairs_bytes_that_were_decoded_with_surrogateescape() -> None:
    assert to_text(b"caf\xc3".decode("utf-8", "surrogateescape")) == "caf\ufffd"


@pytest.mark.parametrize("buffer", [bytearray, memoryview])
def test_to_text_takes_buffers(buffer: Any) -> None:
    assert to_text(buffer(b"caf\xc3\xa9\xff")) == "café\ufffd"


def test_to_text_refuses_other_types() -> None:
    with pytest.raises(TypeError, match="found int"):
        to_text(3)
