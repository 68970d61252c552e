"""The whole job on real parts: a WordPress comes in, a Postfix and a Bluesky PDS take what goes out."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest

from bot.settings import SECRET_KEYS
from bot.testing import NEWSROOM
from bot.tokens import KeyRing

pytestmark = [pytest.mark.real, pytest.mark.slow]

PATIENCE = 30.0

COMMON = """
[http]
allow_loopback = true

[delivery]
retry_after = "8s"
"""

SITE = """
[sources.site]
type = "wordpress"
url = "{WORDPRESS_URL}"
"""

SUBMISSION = """
[channels.mail]
type = "email"
from = "The Record <briefing@newsroom.test>"
host = "{SUBMISSION_HOST}"
port = {SUBMISSION_PORT}
username = "{SMTP_USER}"
ca_file = "{TLS_CA}"
"""

DIRECT = """
[channels.mail]
type = "email"
from = "The Record <briefing@newsroom.test>"
host = "{SMTP_HOST}"
port = {SMTP_PORT}
ca_file = "{TLS_CA}"
connections = 5
"""

SKY = """
[channels.sky]
type = "bluesky"
service = "{SERVICE}"
handle = "{HANDLE}"
gap = "0s"
"""

SCHEDULE = """
[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = [{channels}]
max_lateness = "26h"

[schedules.morning.selection]
window = "last 96h"
max_age = "30d"
exclude_sections = ["About us"]
"""


class Newsroom:
    """A newsroom's folder, and its commands as a person would type them."""

    def __init__(self, folder: Path, toml: str, **secrets_of: str) -> None:
        self.folder = folder
        (folder / "config").mkdir(parents=True)
        (folder / "config" / "broadsheet.toml").write_text(NEWSROOM + COMMON + toml)
        # Its own keys: ids derive from them, and the servers remember those of earlier runs.
        self.environment = {**os.environ, SECRET_KEYS: KeyRing.generate(), **secrets_of}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "bot", *arguments, "--json"]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __call__(self, *arguments: str) -> Any:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        assert out, err
        return json.loads(out)

    def subscribe(self, *addresses: str) -> None:
        (self.folder / "readers.csv").write_text("address\n" + "\n".join(addresses) + "\n")
        self("subscribers", "import", "readers.csv", "--consent", "the form of the Record")

    def states(self, edition: str) -> dict[str, str]:
        return {each["destination"]: each["state"] for each in self("deliveries", "--edition", edition)}


def _wait(until: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := until()):
        assert time.monotonic() < deadline, f"no {what} within {PATIENCE} s"
        time.sleep(0.1)
    return found


def _mails(readers: Callable[[], list[dict[str, str]]], *addresses: str) -> dict[str, dict[str, str]]:
    return {each["envelope-to"]: each for each in readers() if each["envelope-to"] in addresses}


def _records(server: dict[str, str], text: str) -> list[dict[str, Any]]:
    query = urlencode({"repo": server["DID"], "collection": "app.bsky.feed.post", "limit": 100})
    with urlopen(f"{server['SERVICE']}/xrpc/com.atproto.repo.listRecords?{query}") as answer:
        return [each for each in json.load(answer)["records"] if text in json.dumps(each["value"], ensure_ascii=False)]


def test_a_wordpress_becomes_a_digest_in_the_mailbox_and_one_post_with_its_card(
    tmp_path, wordpress_server, mail_server, readers, bluesky_server
):
    newsroom = Newsroom(
        tmp_path,
        SITE.format(**wordpress_server)
        + SUBMISSION.format(**mail_server)
        + SKY.format(**bluesky_server)
        + SCHEDULE.format(channels='"mail", "sky"'),
        BROADSHEET_MAIL_PASSWORD=mail_server["SMTP_PASSWORD"],
        BROADSHEET_SKY_PASSWORD=bluesky_server["PASSWORD"],
    )
    reader = f"main-{secrets.token_hex(4)}@readers.test"
    newsroom.subscribe(reader)
    before = {each["uri"] for each in _records(bluesky_server, "")}
    made = newsroom("run", "morning")
    assert made["state"] == "sent", made
    assert made["deliveries"] == {"accepted": 2}

    mail = _wait(lambda: _mails(readers, reader).get(reader), "mail")
    raw = Path(mail["path"]).read_bytes()
    assert max(len(line) for line in raw.split(b"\n")) <= 998
    message = message_from_bytes(raw, policy=policy.default)
    html = message.get_body(("html",)).get_content()
    text = message.get_body(("plain",)).get_content()
    for story in made["stories"]:
        assert story["url"] in html.replace("&amp;", "&")
        assert story["url"] in text
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "DRAFT" not in html
    assert "phone list" not in html
    assert "Members’ briefing" not in html

    lead = made["stories"][0]

    def posted():
        return [each for each in _records(bluesky_server, lead["url"]) if each["uri"] not in before]

    posts = posted()
    assert len(posts) == 1
    card = posts[0]["value"]["embed"]["external"]
    assert card["title"] == lead["title"]
    assert card["thumb"]["size"] <= 1_000_000

    again = newsroom.start("run", "morning")
    _, err = again.communicate(timeout=60)
    assert again.returncode == 3
    assert "nothing is sent twice" in err
    assert len(posted()) == 1


def test_an_update_is_a_revision_and_a_trashed_post_is_withdrawn(tmp_path, wordpress_server, wordpress_script):
    newsroom = Newsroom(tmp_path, SITE.format(**wordpress_server))
    body = tmp_path / "body.html"
    title = f"The lighthouse keeper retires {secrets.token_hex(3)}"
    body.write_text("<p>He has climbed 214 steps a day.</p>")
    said = dict(line.split("=", 1) for line in wordpress_script("publish", title, body).splitlines() if "=" in line)
    try:
        newsroom("collect")
        body.write_text("<p>He has climbed 241 steps a day.</p>")
        wordpress_script("update", said["ID"], body)
        assert newsroom("collect")[0]["changed"] >= 1
        found = {each["title"]: each for each in newsroom("articles", "--since", "-30d", "--limit", "100")}
        assert found[title]["revision"] == 2
        assert "241" in found[title]["body"]
    finally:
        wordpress_script("trash", said["ID"])
    assert newsroom("collect")[0]["withdrawn"] == 1
    found = {each["title"]: each for each in newsroom("articles", "--since", "-30d", "--limit", "100")}
    assert found[title]["withdrawn"]


def test_the_special_addresses_end_in_the_right_states(tmp_path, wordpress_server, mail_server, readers):
    newsroom = Newsroom(
        tmp_path, SITE.format(**wordpress_server) + DIRECT.format(**mail_server) + SCHEDULE.format(channels='"mail"')
    )
    tag = secrets.token_hex(3)
    names = ("bounce-hard", "bounce-soft", "full", "greylist", "slow", "plain")
    address = {name: f"{name}+{tag}@readers.test" for name in names}
    newsroom.subscribe(*address.values())
    made = newsroom("run", "morning")
    states = newsroom.states(made["edition"])
    assert states[address["plain"]] == "accepted"
    assert states[address["slow"]] == "accepted"
    assert states[address["bounce-hard"]] == "failed"
    assert states[address["bounce-soft"]] == "deferred"
    assert states[address["full"]] == "deferred"
    assert states[address["greylist"]] == "deferred"
    time.sleep(10)
    newsroom.start("run", "morning").communicate(timeout=60)
    states = newsroom.states(made["edition"])
    assert states[address["greylist"]] == "accepted"
    assert states[address["full"]] == "deferred"
    (failed,) = newsroom("deliveries", "--edition", made["edition"], "--state", "failed")
    assert (failed["code"], failed["enhanced"]) == (550, "5.1.1")
    got = _wait(lambda: _mails(readers, address["greylist"], address["plain"], address["slow"]), "mails")
    assert address["bounce-hard"] not in got


class _Stall(ThreadingHTTPServer):
    """Passes requests on to the PDS; once it has taken the record, it keeps the answer for itself."""

    daemon_threads = True

    def __init__(self, service: str) -> None:
        self.target = urlsplit(service)
        self.taken = threading.Event()
        self.stalls = True
        super().__init__(("127.0.0.1", 0), _StallHandler)


class _StallHandler(BaseHTTPRequestHandler):
    server: _Stall

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        there = http.client.HTTPConnection(self.server.target.netloc, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        there.request(self.command, self.path, body, headers)
        answer = there.getresponse()
        content = answer.read()
        if self.server.stalls and "putRecord" in self.path:
            self.server.taken.set()
            time.sleep(30)
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _pass_on

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_kill_between_request_and_answer_leaves_one_post_and_one_question(
    tmp_path, wordpress_server, wordpress_script, bluesky_server
):
    stall = _Stall(bluesky_server["SERVICE"])
    threading.Thread(target=stall.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    proxied = {**bluesky_server, "SERVICE": f"http://127.0.0.1:{stall.server_port}"}
    # A section of its own: other tests publish on the same site at the same time.
    section = f"Tides {secrets.token_hex(3)}"
    newsroom = Newsroom(
        tmp_path,
        SITE.format(**wordpress_server)
        + SKY.format(**proxied)
        + SCHEDULE.format(channels='"sky"').replace(
            "[schedules.morning.selection]", f'[schedules.morning.selection]\nmaximum = 1\nsections = ["{section}"]'
        ),
        BROADSHEET_SKY_PASSWORD=bluesky_server["PASSWORD"],
    )
    body = tmp_path / "body.html"
    body.write_text("<p>The tide table was printed upside down.</p>")
    title = f"A tide table, upside down {secrets.token_hex(3)}"
    said = dict(
        line.split("=", 1) for line in wordpress_script("publish", title, body, section).splitlines() if "=" in line
    )
    try:
        running = newsroom.start("run", "morning")
        assert stall.taken.wait(PATIENCE), "the record was never put"
        running.send_signal(signal.SIGKILL)
        running.wait()
        stall.stalls = False
        assert len(_records(bluesky_server, title)) == 1
        repeated = newsroom.start("run", "morning")
        repeated.communicate(timeout=60)
        assert repeated.returncode == 3
        (unknown,) = newsroom("deliveries", "--state", "unknown")
        assert len(_records(bluesky_server, title)) == 1
        # Even where the editor says "send it again", the same record is put: there is never a second post.
        newsroom("resolve", str(unknown["id"]), "--as", "unsent")
        newsroom.start("run", "morning").communicate(timeout=60)
        (settled,) = newsroom("deliveries")
        assert settled["state"] == "accepted"
        assert len(_records(bluesky_server, title)) == 1
    finally:
        stall.shutdown()
        wordpress_script("trash", said["ID"])


FACTS = ("$68 billion", "$14.1 billion", "February 7", "Ishiba", "Trump")
FURNITURE = ("No Comments", "minute read", "Leave a comment")


def test_the_seed_page_becomes_an_article_a_digest_entry_and_posts(tmp_path, seeds):
    newsroom = Newsroom(
        tmp_path,
        f"""
[images]
host = false

[sources.pages]
type = "folder"
path = "{seeds}"

[channels.mail]
type = "email"
from = "The Record <briefing@newsroom.test>"
host = "127.0.0.1"
port = 9
security = "none"

[channels.hook]
type = "webhook"
url = "http://127.0.0.1:9/hook"

[channels.sky]
type = "bluesky"
handle = "record.test"
"""
        + SCHEDULE.format(channels='"mail", "hook", "sky"').replace("30d", "1000d").replace("96h", "1000d"),
        BROADSHEET_HOOK_SECRET="whsec_" + "A" * 43 + "=",
        BROADSHEET_SKY_PASSWORD="unused",
    )
    newsroom("preview", "morning", "--out", "out")
    text = " ".join((tmp_path / "out" / "digest.txt").read_text().split())
    html = (tmp_path / "out" / "digest.html").read_text().replace("\xa0", " ").replace("&nbsp;", " ")
    sky = json.loads((tmp_path / "out" / "posts" / "sky.json").read_text())
    hook = json.loads((tmp_path / "out" / "posts" / "hook.json").read_text())
    for made in (text, html, json.dumps(sky, ensure_ascii=False), json.dumps(hook, ensure_ascii=False)):
        assert "Ishiba" in made
        assert "Trump" in made
        assert not [word for word in FURNITURE if word in made]
    assert "![" not in text
    assert "February 7" in text
    assert "February 7" in html
    newsroom("collect")
    (article,) = newsroom("articles", "--since", "-1000d")
    for fact in FACTS:
        assert fact in article["body"] + article["title"]
    assert not [word for word in (*FURNITURE, "![") if word in article["body"]]
    assert article["body"].count(article["title"]) == 0
    assert article["sections"] == ["Asia-Pacific", "News", "US"]
    assert article["published"].startswith("2025-02-09")
    assert article["image"]["alt"].startswith("Japanese Prime Minister Ishiba visits US")
    assert "Japan-US-leaders-press-conference.jpg" in article["body"]
    for heading in (
        "Trade deficit and tariffs",
        "The symbolic significance of the visit",
        "FBI investigations on Trump",
    ):
        assert f">{heading}</h" in article["body"]
    assert "<blockquote>" in article["body"]
    assert "@POTUS" in article["body"]
