"""Workers of gunicorn, with and without --preload: every row is stored, and no worker hangs at its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ..support import FakeService, eventually, free_port

pytest.importorskip("gunicorn")
pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")

RUNS = int(os.environ.get("GUNICORN_RUNS", "1"))
"""How often each is done: 20 before a release."""

_GRACE = 30.0
"""Seconds after which gunicorn kills a worker that hangs. An end takes some 0.5 seconds."""

APP = """
import os
from fastapi import FastAPI
from sessionlog_client import SessionLogger, SessionRecord

log = SessionLogger(os.environ["ADDRESS"])
log.append(SessionRecord("fill", "infra_error", session_id=f"loaded-{os.getpid()}"))
log.flush(20)
app = FastAPI()

@app.get("/{name}")
def answer(name: str) -> str:
    log.append(SessionRecord("fill", "infra_error", session_id=name))
    return name

async def asgi(scope, receive, send):
    await app(scope, receive, send)

def wsgi(environ, start_response):
    name = answer(environ["PATH_INFO"][1:])
    start_response("200 OK", [])
    return [name.encode()]
"""


# Until then a worker has its parent's handlers, and a SIGTERM is lost on it.
SETTINGS = """
import os

def post_worker_init(worker):
    open(f"ready-{os.getpid()}", "w").close()
"""


@pytest.mark.parametrize("run", range(RUNS))
@pytest.mark.parametrize("preload", [True, False], ids=["preload", "no preload"])
@pytest.mark.parametrize(("worker", "app"), [("uvicorn.workers.UvicornWorker", "asgi"), ("sync", "wsgi")])
def test_gunicorn(
    fake: FakeService, address: str, tmp_path: Path, run: int, preload: bool, worker: str, app: str
) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "gunicorn.conf.py").write_text(SETTINGS)
    port = free_port()
    words = ["-w", "2", "-k", worker, "-b", f"127.0.0.1:{port}", "--graceful-timeout", str(int(_GRACE)), f"app:{app}"]
    command = [sys.executable, "-m", "gunicorn", *(["--preload"] if preload else []), *words]
    server = subprocess.Popen(command, cwd=tmp_path, env=os.environ | {"ADDRESS": address, "HOME": str(tmp_path)})
    try:
        eventually(lambda: len(list(tmp_path.glob("ready-*"))) == 2, 60)
        for number in range(8):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{number}", timeout=30) as response:
                assert response.status == 200
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(_GRACE + 10) == 0
        took = time.monotonic() - began
    finally:
        server.kill()
    print(f"ended after {took:.2f} s")
    assert took < _GRACE / 2
    loaded = [name for name in fake.stored if name.startswith("loaded-")]
    assert len(loaded) == (1 if preload else 2)
    assert sorted(set(fake.stored) - set(loaded)) == [str(number) for number in range(8)]
