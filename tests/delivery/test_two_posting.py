"""Two real processes, one store, one receiver: its posts come one per gap, and each once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import bot
from bot.clock import system_clock
from bot.model import EditionState
from bot.testing import ENVIRONMENT, settings
from tests.delivery.posting import begin, books, posts

GAP = 2.0
PATIENCE = 90
TOML = """
[http]
allow_loopback = true

[channels.town]
type = "webhook"
url = "http://127.0.0.1:{port}/hook"
gap = "2s"

[store]
url = "{url}"
"""
SECRET = {"BROADSHEET_TOWN_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


@pytest.fixture
def receiver():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            server.arrived.append((time.monotonic(), body["data"]["text"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.arrived = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_two_workers_post_a_backlog_one_per_gap(tmp_path, store, store_url, receiver):
    secret = next(iter(SECRET))
    settings(tmp_path, TOML.format(port=receiver.server_port, url=store_url), environment=SECRET)
    made = begin(store, system_clock(), *posts("a", "b", "c", "d"))
    ours = {"PYTHONPATH": str(Path(bot.__file__).parent.parent), secret: SECRET[secret]}
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "bot", "worker"]
    workers = [subprocess.Popen(command, cwd=tmp_path, env={**environment, **ENVIRONMENT, **ours}) for _ in range(2)]
    try:
        deadline = time.monotonic() + PATIENCE
        while books(store, made)[0] is not EditionState.SENT:
            assert time.monotonic() < deadline
            assert all(each.poll() is None for each in workers)
            time.sleep(0.1)
    finally:
        for each in workers:
            each.send_signal(signal.SIGTERM)
        ended = [each.wait(PATIENCE) for each in workers]
    assert ended == [0, 0]
    assert Counter(text for _, text in receiver.arrived) == Counter("abcd")
    at = sorted(moment for moment, _ in receiver.arrived)
    # A reservation is as long before its arrival as this machine is slow.
    assert all(later - sooner >= 0.85 * GAP for sooner, later in zip(at, at[1:], strict=False))
