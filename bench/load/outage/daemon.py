"""A daemon in Python that has a session for each POST: daemon.py SESSION_LOG_ADDRESS"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sessionlog_client import (
    IterateRequest,
    IterateResponse,
    SessionAttempt,
    SessionLogger,
    build_session_record,
    trace_id_from_headers,
)

log = SessionLogger(sys.argv[1], "outage")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # head and body in one packet

    def do_POST(self) -> None:
        began = time.perf_counter()
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        artifact = {"fills": [{"candidate_id": "W-1000", "name": "Ana Bianchi"}]}
        request = IterateRequest(
            body["kind"],
            body["prompt"],
            model="none",
            provider="none",
            max_iterations=3,
            trace_id=trace_id_from_headers(self.headers),
        )
        response = IterateResponse(artifact, iterations=1, history=[SessionAttempt(0, "accepted")])
        duration_ms = round((time.perf_counter() - began) * 1_000)
        log.append(build_session_record(request, response, duration_ms=duration_ms))
        answer = json.dumps({"artifact": artifact}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing for each request."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
# What waits is of no interest any more.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print(json.dumps({"msg": "serving", "address": f"127.0.0.1:{server.server_port}"}), file=sys.stderr, flush=True)
server.serve_forever()
