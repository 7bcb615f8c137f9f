"""Forks of a process whose logger has sent records, which gRPC does not survive by itself."""

from __future__ import annotations

import _thread
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from sessionlog_client.delivery import exit_hooks

from .support import FakeService

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

PROGRAM = """
import os, sys, threading, time
from sessionlog_client import SessionLogger, SessionRecord

log = SessionLogger(sys.argv[1], close_timeout=20)

def append(name):
    log.append(SessionRecord("fill", "infra_error", session_id=name))

appended = 0
ended = threading.Event()

def load():
    global appended
    while not ended.wait(0.002):
        append(f"parent-{appended}")
        appended += 1

append("first")
log.flush(20)
loaders = [threading.Thread(target=load) for _ in range(int(sys.argv[2]))]
for loader in loaders:
    loader.start()
for number in range(10):
    child = os.fork()
    if child == 0:
        append(f"child-{number}")
        os._exit(0 if log.close(20) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
ended.set()
for loader in loaders:
    loader.join()
assert log.close(20), log.stats()
print(appended)
"""


# gRPC's own handlers are on, by default and with 1; with 0 nothing but our hooks stands between it and the fork.
@pytest.mark.parametrize("variable", [None, "1", "0"])
@pytest.mark.parametrize("loaders", [0, 1])
def test_forks_lose_no_record(
    fake: FakeService, address: str, tmp_path: Path, variable: str | None, loaders: int
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {key: value for key, value in os.environ.items() if key != "GRPC_ENABLE_FORK_SUPPORT"}
    if variable is not None:
        environment["GRPC_ENABLE_FORK_SUPPORT"] = variable
    command = [sys.executable, str(program), address, str(loaders)]
    appended = int(subprocess.run(command, check=True, timeout=90, stdout=subprocess.PIPE, env=environment).stdout)
    expected = ["first", *(f"child-{n}" for n in range(10)), *(f"parent-{n}" for n in range(appended))]
    assert sorted(fake.stored) == sorted(expected)


FORK = """
import os, sys, time
import grpc
from sessionlog_client import SessionLogger, SessionRecord

log = SessionLogger(sys.argv[1], min_backoff=0.01, close_timeout=20)

def append(name):
    log.append(SessionRecord("fill", "infra_error", session_id=name))

def fork():
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os._exit(0)
    assert time.monotonic() - began < 5
    os.waitpid(child, 0)
"""


def run(program: str, *words: str) -> None:
    """In a process of its own, as gRPC's server, which is in this one, does not survive a fork."""
    subprocess.run([sys.executable, "-c", FORK + program, *words], check=True, timeout=60)


def test_forks_cancel_a_call_that_takes_too_long(fake: FakeService, address: str, tmp_path: Path) -> None:
    """The records of a call that was cut off are sent again."""

    called = tmp_path / "called"

    def stall(records: object, context: grpc.ServicerContext) -> None:
        called.touch()
        while context.is_active():
            time.sleep(0.01)

    fake.answers.append(stall)
    program = """
append("0")
while not os.path.exists(sys.argv[2]):
    time.sleep(0.01)
fork()
assert log.close(20), log.stats()
"""
    run(program, address, str(called))
    assert (fake.stored, len(fake.calls)) == (["0"], 2)


def test_forks_are_not_held_up_by_channels_of_others(fake: FakeService, address: str) -> None:
    """Their threads do not end, however long one waits."""
    program = """
other = grpc.insecure_channel(sys.argv[1])
grpc.channel_ready_future(other).result(20)
append("0")
assert log.flush(20)
fork()
append("1")
assert log.close(20), log.stats()
"""
    run(program, address)
    assert fake.stored == ["0", "1"]


def _thread_named(name: str, work: Callable[[], object]) -> threading.Event:
    """Starts a thread that looks like one of gRPC's: `threading` knows nothing of it. The event is set at its end."""
    named, ended = threading.Event(), threading.Event()

    def run() -> None:
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name)
        named.set()
        work()
        ended.set()

    _thread.start_new_thread(run, ())
    assert named.wait(60)
    return ended


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of threads")
def test_a_fork_waits_for_threads_of_grpc_that_are_ending_but_not_for_those_that_sleep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exit_hooks, "_GRPC_END_TIMEOUT", 60.0)
    end = threading.Event()
    sleeping = _thread_named("event_engine", end.wait)
    # Without the interpreter's lock: it is running, or waits for a processor.
    ending = _thread_named("grpc_shutdown", lambda: hashlib.pbkdf2_hmac("sha256", b"", b"", 1_000_000))
    exit_hooks._await_end_of_grpc()
    assert ending.is_set()
    assert not sleeping.is_set()
    end.set()
    assert sleeping.wait(60)
