"""The programs of README.md, and the handlers of docs/CLIENTS.md, as a newcomer has them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytest.importorskip("pydantic")

CLIENT = Path(__file__).resolve().parents[2]
PAGES = {"README.md": CLIENT / "README.md", "CLIENTS.md": CLIENT.parents[1] / "docs" / "CLIENTS.md"}
HANDLER_LINES_MAX = 8

MODEL = """
from pydantic import BaseModel

class Fill(BaseModel):
    worker_id: str

class Fills(BaseModel):
    fills: list[Fill]

def ask(prompt: str) -> str:
    return '{"fills": [{"worker_id": "W-1042"}]}'

def is_worker(worker_id: str) -> bool:
    return worker_id == "W-1042"
"""

# What a daemon has around the page's lines.
AROUND = {
    "tasks.py": "from celery import signals",
    "metrics.py": """
        from collections.abc import Iterator
        from prometheus_client import REGISTRY, Metric
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
        from prometheus_client.registry import Collector
        """,
    "otel.py": """
        from collections.abc import Callable
        from opentelemetry import metrics
        from opentelemetry.metrics import CallbackOptions, Observation
        """,
}
AFTER = {
    "tasks.py": "signals.worker_process_shutdown.send(None); assert log.stats() == log.stats()",
    "metrics.py": "assert REGISTRY.get_sample_value('sessionlog_appended_total') == 0",
    "otel.py": "assert observe('refused')(CallbackOptions())[0].value == 0",
}


def blocks(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^```python (\S+)\n(.*?)^```$", PAGES[page].read_text(), re.M | re.S)


def readme() -> dict[str, str]:
    return dict(blocks("README.md"))


def run(directory: Path, *words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SESSIONLOG_")}
    command = [sys.executable, *words]
    ended = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_readme_has_a_handler_and_its_test(tmp_path: Path) -> None:
    shown = readme()
    for file in ("handler.py", "test_handler.py"):
        (tmp_path / file).write_text(shown[file])
    (tmp_path / "model.py").write_text(MODEL)
    run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_readme_handler_has_types(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "handler.py").write_text(readme()["handler.py"])
    (tmp_path / "model.py").write_text(MODEL)
    run(tmp_path, "-m", "mypy", "--strict", "handler.py")


@pytest.mark.parametrize("file", AROUND)
def test_readme_lines(tmp_path: Path, file: str) -> None:
    for module in re.findall(r"from (\w+)", AROUND[file]):
        pytest.importorskip(module)
    logger = 'from sessionlog_client import SessionLogger\nlog = SessionLogger("")\n'
    program = f"{textwrap.dedent(AROUND[file])}\n{logger}{readme()[file]}\n{AFTER[file]}\n"
    (tmp_path / f"shown_{file}").write_text(program)
    run(tmp_path, f"shown_{file}")


@pytest.mark.parametrize("page", PAGES)
def test_handlers_are_short(page: str) -> None:
    shown = "\n".join(text for _, text in blocks(page))
    handlers = re.findall(r"^( *)(with .*\.session\(.*\n(?:\1 +.*\n)*)", shown, re.M)
    assert len(handlers) > 0
    for _, handler in handlers:
        assert len(handler.splitlines()) <= HANDLER_LINES_MAX
