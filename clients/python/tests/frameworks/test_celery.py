"""Workers of Celery: every row of their tasks is stored."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ..support import FakeService, eventually

pytest.importorskip("celery")

TASKS = 10

# The README's recipe is in it: a child of prefork ends by os._exit.
APP = """
import os
from celery import Celery, signals
from sessionlog_client import SessionLogger, SessionRecord

log = SessionLogger(os.environ["ADDRESS"])
app = Celery("app", broker="filesystem://", set_as_current=True)
app.conf.task_ignore_result = True
app.conf.broker_transport_options = {
    "data_folder_in": "queue", "data_folder_out": "queue", "processed_folder": "done", "control_folder": "control",
    "polling_interval": 0.05,
}

@signals.worker_process_shutdown.connect
def close(**_):
    log.close()

@app.task
def work(number):
    log.append(SessionRecord("fill", "infra_error", session_id=str(number)))
    open(f"ran-{number}", "w").close()
"""

SEND = f"import app; [app.work.delay(number) for number in range({TASKS})]"


@pytest.mark.parametrize("options", ["prefork", "threads", "prefork --max-tasks-per-child=1"])
def test_celery(fake: FakeService, address: str, tmp_path: Path, options: str) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "queue").mkdir()
    env = os.environ | {"ADDRESS": address}
    subprocess.run([sys.executable, "-c", SEND], cwd=tmp_path, env=env, check=True, timeout=60)
    command = [sys.executable, "-m", "celery", "-A", "app", "worker", "-c", "2", "-P", *options.split()]
    worker = subprocess.Popen(command, cwd=tmp_path, env=env)
    try:
        # What the worker has only fetched by then goes back to the queue.
        eventually(lambda: len(list(tmp_path.glob("ran-*"))) == TASKS, 60)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        worker.kill()
    assert sorted(fake.stored) == [str(number) for number in range(TASKS)]
