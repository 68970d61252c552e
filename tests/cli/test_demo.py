from __future__ import annotations

import json
import socket
from email import message_from_bytes, policy

import pytest

from bot.demo.networks import social
from bot.testing.networks import NETWORKS

KINDS = list(social())


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_demo_does_the_whole_job_once(broadsheet, elsewhere):
    first = broadsheet("demo", "--dir", "town", "--json").value
    assert first["collected"]["new"] >= 20
    assert first["mails"] == 25
    assert sorted(file.stem for file in (elsewhere / "town" / "posts").glob("*.json") if file.stem in NETWORKS) == KINDS
    assert len(first["posts"]) == len(KINDS) + 1
    mails = [
        message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in sorted((elsewhere / "town" / "mailbox").glob("*.eml"))
    ]
    assert len({mail["To"] for mail in mails}) == 25
    assert len({mail["Message-ID"] for mail in mails}) == 25
    assert len({mail["List-Unsubscribe"] for mail in mails}) == 25
    assert {mail.get_content_type() for mail in mails} == {"multipart/alternative"}
    (hook,) = (file for file in (elsewhere / "town" / "posts").glob("*.json") if file.stem not in NETWORKS)
    post = json.loads(hook.read_text())
    assert post["data"]["title"] in mails[0].get_body(("plain",)).get_content().replace("\n", " ")

    link, alt = post["data"]["url"], "Three container cranes and a loaded ship stand dark against an orange dusk"
    described = set()
    for kind in KINDS:
        (seen,) = json.loads((elsewhere / "town" / "posts" / f"{kind}.json").read_text())
        addresses = [seen["url"], (seen["card"] or {}).get("url"), *(to for _, to in seen["fields"].get("links", []))]
        assert link in seen["text"] or link in addresses, kind
        assert post["data"]["title"] in seen["text"] or post["data"]["title"] in seen["card"]["title"], kind
        described |= {kind} if any(alt in picture["alt"] for picture in seen["pictures"]) else set()
    assert described >= {"facebook", "mastodon", "threads", "x"}
    kept = {file.name: file.read_bytes() for file in (elsewhere / "town" / "posts").iterdir()}

    second = broadsheet("demo", "--dir", "town", "--json").value
    assert {file.name: file.read_bytes() for file in (elsewhere / "town" / "posts").iterdir()} == kept
    assert second["outcome"] == "nothing to do"
    assert second["mails"] == 25
    assert second["edition"] == first["edition"]
    said = broadsheet("demo", "--dir", "town")
    assert "nothing is sent twice" in said.out
    assert "posted on Mastodon" in said.out


def test_served_pages_get_the_port_that_the_mails_name(broadsheet, elsewhere, monkeypatch):
    served = []

    class Served:
        def __init__(self, installation, say):
            pass

        def run(self, *, listener, **roles):
            served.append((listener.getsockname()[1], {role for role, runs in roles.items() if runs is True}))
            return 0

    monkeypatch.setattr("bot.cli.demo.Roles", Served)
    broadsheet("demo", "--dir", "town", "--serve")
    ((port, roles),) = served
    assert roles == {"ticks", "works", "serves"}
    mail = next((elsewhere / "town" / "mailbox").glob("*.eml"))
    said = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert f"http://127.0.0.1:{port}/" in said["List-Unsubscribe"]

    toml = elsewhere / "town" / "config" / "broadsheet.toml"
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        toml.write_text(toml.read_text().replace(f"port = {port}\n", f"port = {taken}\n"))
        out = broadsheet("demo", "--dir", "town", "--serve").out
    assert f"web.port: {taken} is in use; the pages get {served[1][0]}" in out


def test_what_the_demo_wrote_opens_without_a_server(broadsheet, elsewhere):
    made = broadsheet("demo", "--dir", "town", "--json").value
    folder = elsewhere / "town" / "editions" / made["edition"]
    cards, html = (folder / "posts.html").read_text("utf-8"), (folder / "digest.html").read_text("utf-8")
    for page in (cards, html):
        assert 'src="pictures/' in page
        assert 'src="http' not in page
    assert cards.count('<article class="post ') == len(KINDS) + 1
    assert "__S" not in html
    for word in ("[courier_poll", "Share this", "No Comments"):
        assert word not in html
