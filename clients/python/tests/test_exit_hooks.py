"""Records appended in children of multiprocessing, which end without the functions of atexit."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from .support import FakeService, free_port

PROGRAM = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from sessionlog_client import SessionLogger, SessionRecord

close = float(sys.argv[4])
log = SessionLogger(sys.argv[1], close_timeout=close)

def work(number):
    log.append(SessionRecord("fill", "infra_error", session_id=str(number)))

if __name__ == "__main__":
    log.append(SessionRecord("fill", "infra_error", session_id="parent"))
    log.flush(close)
    context = multiprocessing.get_context(sys.argv[2])
    if sys.argv[3] == "Process":
        children = [context.Process(target=work, args=(number,)) for number in range(10)]
        for child in children:
            child.start()
        for child in children:
            child.join()
    elif sys.argv[3] == "Pool":
        pool = context.Pool(2)
        pool.map(work, range(10))
        pool.close()
        pool.join()
    else:
        with ProcessPoolExecutor(2, context) as executor:
            list(executor.map(work, range(10)))
    assert log.stats().appended <= 1  # those of the children are theirs
"""


def run(tmp_path: Path, address: str, method: str, kind: str, close_timeout: float) -> str:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), address, method, kind, str(close_timeout)]
    return subprocess.run(command, check=True, timeout=60, stderr=subprocess.PIPE, text=True).stderr


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("kind", ["Process", "Pool", "Executor"])
def test_children_store_their_records(fake: FakeService, address: str, tmp_path: Path, method: str, kind: str) -> None:
    run(tmp_path, address, method, kind, 20)
    assert sorted(fake.stored) == [*(str(number) for number in range(10)), "parent"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_report_records_that_they_lose(tmp_path: Path, method: str) -> None:
    errors = run(tmp_path, f"127.0.0.1:{free_port()}", method, "Process", 0.1)
    assert errors.count("1 records lost: not sent before close") == 11
