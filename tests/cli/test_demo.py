from __future__ import annotations

import json
from email import message_from_bytes, policy

import pytest


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_demo_does_the_whole_job_once(broadsheet, elsewhere):
    first = broadsheet("demo", "--dir", "town", "--json").value
    assert first["collected"]["new"] >= 20
    assert first["mails"] == 25
    assert len(first["posts"]) == 1
    mails = [
        message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in sorted((elsewhere / "town" / "mailbox").glob("*.eml"))
    ]
    assert len({mail["To"] for mail in mails}) == 25
    assert len({mail["Message-ID"] for mail in mails}) == 25
    assert len({mail["List-Unsubscribe"] for mail in mails}) == 25
    assert {mail.get_content_type() for mail in mails} == {"multipart/alternative"}
    post = json.loads((elsewhere / "town" / "posts").glob("*.json").__next__().read_text())
    assert post["data"]["title"] in mails[0].get_body(("plain",)).get_content().replace("\n", " ")

    second = broadsheet("demo", "--dir", "town", "--json").value
    assert second["outcome"] == "nothing to do"
    assert second["mails"] == 25
    assert second["edition"] == first["edition"]
    said = broadsheet("demo", "--dir", "town")
    assert "nothing is sent twice" in said.out


def test_what_the_demo_wrote_opens_without_a_server(broadsheet, elsewhere):
    made = broadsheet("demo", "--dir", "town", "--json").value
    html = (elsewhere / "town" / "editions" / made["edition"] / "digest.html").read_text("utf-8")
    assert 'src="pictures/' in html
    assert 'src="http' not in html
    assert "__S" not in html
    for word in ("[courier_poll", "Share this", "No Comments"):
        assert word not in html
