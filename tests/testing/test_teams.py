"""The fake of a Teams workflow takes all, posts later, and fails in silence where Teams does."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.testing import NOW
from bot.testing.networks.teams import ADAPTIVE, Teams, markdown

IMAGE = {"type": "Image", "url": "https://a.example/a.jpg", "altText": "A ferry"}
OPEN = {"type": "Action.OpenUrl", "title": "Read on", "url": "https://a.example/ferry"}


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def teams(clock: SetClock) -> Teams:
    return Teams(clock)


@pytest.fixture
def client(teams: Teams) -> TestClient:
    return TestClient(teams.app())


def text(value: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": value, "wrap": True}


def message(*body: Any, **card: Any) -> dict[str, Any]:
    content = {"type": "AdaptiveCard", "version": "1.4", "body": list(body), **card}
    return {"type": "message", "attachments": [{"contentType": ADAPTIVE, "content": content}]}


def send(client: TestClient, teams: Teams, body: Any) -> httpx.Response:
    return client.post(teams.credentials["hook"], json=body)


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("**Ferry** is _back_", "Ferry is back"),
        ("[Read on](https://a.example/x_y_z)", "Read on"),
        (r"2\*3\*4 \[x\] \_a\_", "2*3*4 [x] _a_"),
        ("<b>Ferry</b> &amp; co", "<b>Ferry</b> &amp; co"),
        ("- one\n- two", "• one\n• two"),
    ],
)
def test_markdown_is_shown_and_html_is_not_parsed(markup: str, shown: str) -> None:
    assert markdown(markup)[0] == shown


def test_a_card_is_posted_a_moment_after_the_202(client: TestClient, teams: Teams, clock: SetClock) -> None:
    answer = send(client, teams, message(text("**Ferry**"), IMAGE, actions=[OPEN], lang="en"))
    assert answer.status_code == 202 and answer.headers["x-ms-workflow-run-id"]
    assert teams.posts == []
    clock.advance(seconds=2)
    (post,) = teams.visible
    assert (post.text, post.language) == ("Ferry\nRead on", "en")
    assert post.fields["links"] == (("Read on", "https://a.example/ferry"),)
    assert (post.pictures[0].alt, post.pictures[0].url) == ("A ferry", "https://a.example/a.jpg")


def test_columns_facts_and_rich_text_are_shown(client: TestClient, teams: Teams, clock: SetClock) -> None:
    rich = {"type": "RichTextBlock", "inlines": ["Plain *x* ", {"type": "TextRun", "text": "go", "selectAction": OPEN}]}
    columns = {"type": "ColumnSet", "columns": [{"type": "Column", "items": [text("left")]}, {"items": [rich]}]}
    facts = {"type": "FactSet", "facts": [{"title": "By", "value": "Ines Okafor"}]}
    send(client, teams, message({"type": "Container", "items": [columns, facts], "selectAction": OPEN}))
    clock.advance(seconds=2)
    assert teams.visible[0].text == "left\nPlain *x* go\nBy Ines Okafor"
    assert ("go", OPEN["url"]) in teams.visible[0].fields["links"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"text": "plain"}, "no message"),
        ({"@type": "MessageCard", "text": "x"}, "no message"),
        ({"type": "message", "attachments": [{"contentType": "text/html", "content": {}}]}, "contentType"),
        (message(text("x"), version="1.6"), "version"),
        (message(text("x"), version=1.4), "version"),
        (message(text("x"), type="Card"), "AdaptiveCard"),
        (message(), "neither body nor actions"),
        (message({"type": "TextBlock"}), "text must be a string"),
        (message({"type": "Html", "text": "x"}), "unknown element"),
        (message({**IMAGE, "url": "a.jpg"}), "url"),
        (message(text("x"), actions=[{"type": "Action.Submit", "title": "x"}]), "action"),
        (message(text("x"), actions=[{"type": "Action.OpenUrl", "title": "x"}]), "url"),
        (message(text("x"), actions=[{**OPEN, "title": ""}]), "title"),
        (message(text("x"), actions=[OPEN] * 7), "6 actions"),
        (message({"type": "ColumnSet"}), "columns"),
        (message(text("é" * 14_400)), "Too Large"),
    ],
)
def test_a_wrong_card_is_taken_and_never_posted(
    client: TestClient, teams: Teams, clock: SetClock, body: Any, why: str
) -> None:
    assert send(client, teams, body).status_code == 202
    clock.advance(hours=1)
    assert teams.posts == []
    assert why in teams.runs[0].failed


def test_a_card_of_nearly_28_kb_is_posted(client: TestClient, teams: Teams, clock: SetClock) -> None:
    send(client, teams, message(text("é" * 14_200)))
    clock.advance(seconds=2)
    assert len(teams.visible) == 1


def test_a_run_may_fail_after_its_202(client: TestClient, teams: Teams, clock: SetClock) -> None:
    teams.drop()
    assert [send(client, teams, message(text(each))).status_code for each in ("lost", "kept")] == [202, 202]
    clock.advance(seconds=2)
    assert [each.text for each in teams.visible] == ["kept"]
    assert [bool(each.failed) for each in teams.runs] == [True, False]


def test_more_than_four_a_second_are_refused(client: TestClient, teams: Teams, clock: SetClock) -> None:
    assert [send(client, teams, message(text("x"))).status_code for _ in range(5)] == [202] * 4 + [429]
    clock.advance(seconds=1)
    assert send(client, teams, message(text("x"))).status_code == 202


def test_a_hook_that_is_wrong_disabled_or_gone(client: TestClient, teams: Teams) -> None:
    hook = teams.credentials["hook"]
    assert client.post(hook, content=b"x").json()["error"]["code"] == "InvalidRequestContent"
    assert client.post(hook + "x", json={}).status_code == 401
    teams.trouble = "disabled"
    assert send(client, teams, message(text("x"))).json()["error"]["code"] == "WorkflowTriggerIsNotEnabled"
    teams.trouble = "orphaned"
    assert send(client, teams, message(text("x"))).status_code == 404
    teams.trouble = ""
    teams.revoke()
    assert client.post(hook, json=message(text("x"))).status_code == 401
