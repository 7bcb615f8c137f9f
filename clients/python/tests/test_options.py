from __future__ import annotations

import sys

import pytest

from sessionlog_client.options import program_name


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["/usr/bin/validatord"], "validatord"),
        (["src/validatord.py", "--port"], "validatord"),
        (["/srv/validatord/__main__.py"], "validatord"),
        (["my daemon (v2)!"], "mydaemonv2"),
        (["d" * 99], "d" * 64),
        (["größe"], "gre"),
    ],
)
def test_program_name_is_reduced(argv: list[str], expected: str) -> None:
    assert program_name(argv) == expected


@pytest.mark.parametrize("argv", [[], [""], ["-c"]])
def test_program_name_without_a_script_is_the_interpreter(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert program_name(argv) == "python3"
