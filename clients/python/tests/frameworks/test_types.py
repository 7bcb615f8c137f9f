"""What mypy --strict takes of the client's types, and what it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")
pytest.importorskip("pydantic")
pytest.importorskip("attrs")

# Each line with `# error` is to have one, no other line.
PROGRAM = """
import asyncio
import dataclasses
import attrs
import pydantic
from collections.abc import Mapping
from sessionlog_client import Artifact, IterateResponse, SessionAttempt, SessionLogger, SessionRecord

class Model(pydantic.BaseModel):
    worker_id: str

@dataclasses.dataclass
class Data:
    worker_id: str

@attrs.define
class Attr:
    worker_id: str

def check(artifact: Mapping[str, object]) -> bool | None:
    return "worker_id" in artifact

SessionRecord("fill", "accepted", artifact=Model(worker_id="W-1"), duration_ms=1.5)
SessionRecord("an own kind", "max_iter_exhausted", artifact=Data("W-1"))
SessionRecord("fill", "infra_error", attempts=[SessionAttempt(0, "no_json")], artifact=Attr("W-1"))
SessionRecord("fill", "accepted", artifact={"n": [1]})
IterateResponse(Model(worker_id="W-1"), 1)
SessionRecord("fill", "acepted")  # error
SessionAttempt(0, "nojson")  # error
SessionRecord("fill", "accepted", artifact=[1, 2])  # error
SessionRecord("fill", "accepted", artifact="text")  # error
IterateResponse(3, 1)  # error

with SessionLogger("").session("fill", prompt="p", max_iterations=3, roster=check) as session:
    model: Model = session.accept(Model(worker_id="W-1"))
    for number in session.attempts():
        session.no_json(ValueError(number))
    session.accept([1])  # error
    session.no_json(3)  # error
"""


def test_types(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(file)]
    checked = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300, cwd=tmp_path)
    found = sorted({int(line.split(":")[1]) for line in checked.stdout.splitlines() if ": error:" in line})
    expected = [number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# error")]
    assert found == expected, checked.stdout
