"""From a newsroom's feed to a partner's webhook, by ``up``, after a ping: real servers on loopback, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.clock import system_clock
from bot.demo.receiver import receiver
from bot.store import Store
from bot.testing import KEYS, NEWSROOM

PATIENCE = 60.0
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
TOML = """
[http]
allow_loopback = true

[web]
port = 0

[images]
host = false

[delivery]
collect_every = "1h"

[sources.site]
type = "feed"
url = "{feed}"
full_text = false

[channels.partners]
type = "webhook"
url = "{hook}"

[schedules.breaking]
name = "Breaking"
on_publish = true
settle = "1s"
channels = ["partners"]
"""


@pytest.fixture
def site():
    """A newsroom's own server: a JSON Feed of what is published, and how often it was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(
                {"version": "https://jsonfeed.org/version/1.1", "title": "Record", "items": server.items}
            ).encode()
            server.asked += 1
            self.send_response(200)
            self.send_header("Content-Type", "application/feed+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.items, server.asked = [], 0
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _publish(site, number, title):
    site.items.insert(
        0,
        {
            "id": f"post-{number}",
            "url": f"https://record.example/{number}",
            "title": title,
            "content_html": f"<p>{title}, said the harbour master on Monday.</p>",
            "date_published": datetime.now(UTC).isoformat(),
        },
    )


def _wait(until):
    deadline = time.monotonic() + PATIENCE
    while not (found := until()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_a_new_article_is_posted_within_seconds_of_a_ping_and_never_again(broadsheet, folder, site, monkeypatch):
    monkeypatch.setenv("BROADSHEET_PARTNERS_SECRET", SECRET)
    _publish(site, 1, "What was there before")
    posts = folder / "posts"
    with receiver(posts, SECRET, system_clock) as hook:
        feed = f"http://127.0.0.1:{site.server_port}/feed.json"
        (folder / "config" / "broadsheet.toml").write_text(NEWSROOM + TOML.format(feed=feed, hook=hook))
        ping = broadsheet("sources", "ping", "site", "--json").value["url"]
        running = subprocess.Popen(
            [sys.executable, "-m", "bot", "up"],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            pages = next(line for line in running.stdout if line.startswith("pages at ")).split()[-1]
            store = Store.open(f"sqlite:///{folder}/var/broadsheet.db", KEYS.address_key)
            _wait(lambda: site.asked and _listens(store))
            _publish(site, 2, "The night ferry returns on Friday")

            def pinged():
                path = ping.removeprefix("https://news.record.example")
                request = urllib.request.Request(pages + path, method="POST", data=b"<methodCall/>")
                with urllib.request.urlopen(request) as answer:
                    return answer.status

            assert [pinged(), pinged(), pinged()] == [204, 204, 204]
            began = time.monotonic()
            _wait(lambda: list(posts.glob("*.json")))
            assert time.monotonic() - began < 30, "collecting by itself comes once an hour"
            site.items[0]["title"] = "The night ferry returns on Saturday"
            seen = site.asked
            pinged()
            _wait(lambda: site.asked > seen)
            _wait(lambda: broadsheet("articles", "--json").value[0]["revision"] == 2)
            time.sleep(2.5)
            running.send_signal(signal.SIGTERM)
            out = running.communicate(timeout=PATIENCE)[0]
            assert running.returncode == 0, out
        finally:
            running.kill()
        store.close()
    (kept,) = list(posts.glob("*.json"))
    post = json.loads(kept.read_text())
    assert post["data"]["story"]["title"] == "The night ferry returns on Friday"
    (edition,) = broadsheet("editions", "--json").value
    assert edition["state"] == "sent"


def _listens(store):
    with store.read() as tx:
        return tx.schedules.get("breaking") and tx.sources.get("site").last_success
