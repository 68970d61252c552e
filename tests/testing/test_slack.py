"""The fake of Slack refuses what Slack refuses, and shows what it shows."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.testing import NOW
from bot.testing.networks.slack import BOT_TOKEN, CHANNEL, HOOK, Slack
from bot.testing.networks.slack_mrkdwn import mrkdwn


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def slack(clock: SetClock) -> Slack:
    return Slack(clock)


@pytest.fixture
def client(slack: Slack) -> TestClient:
    return TestClient(slack.app())


def api(client: TestClient, method: str, token: str = BOT_TOKEN, **asked: Any) -> httpx.Response:
    return client.post(f"/api/{method}", json=asked, headers={"authorization": f"Bearer {token}"} if token else {})


def section(text: str, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": "section", "text": {"type": kind, "text": text}}


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("*Ferry* is _back_ ~late~ `x*y*`", "Ferry is back late x*y*"),
        ("Fish &amp; chips &lt;3 &amp;amp;", "Fish & chips <3 &amp;"),
        ("<https://record.example/?a=1&amp;b=2|Read *on*>", "Read *on*"),
        ("*<https://record.example|Ferry is back>*", "Ferry is back"),
        ("&gt; quoted\nsnake_case_name 2*3*4", "quoted\nsnake_case_name 2*3*4"),
        ("a <b> c", "a <b> c"),
        ("&nbsp; &quot;", "&nbsp; &quot;"),
    ],
)
def test_mrkdwn_is_shown_without_its_markup(markup: str, text: str) -> None:
    assert mrkdwn(markup).text == text


def test_links_are_found_with_their_labels() -> None:
    shown = mrkdwn("<https://a.example/?x=1&amp;y=2|A>, see https://b.example/c.")
    assert shown.links == [("A", "https://a.example/?x=1&y=2"), ("https://b.example/c", "https://b.example/c")]


def test_a_label_that_was_not_escaped_breaks_its_link() -> None:
    assert mrkdwn("<https://a.example|3 > 2>").text == "3  2>"


def test_the_channel_is_called_only_by_control_sequences(client: TestClient, slack: Slack) -> None:
    client.post(HOOK, json={"text": "@channel &lt;!here&gt; <!channel> <@U123>"})
    assert slack.visible[0].fields["pings"] == ("@channel", "U123")


def test_a_webhook_says_ok_and_readers_see_the_blocks(client: TestClient, slack: Slack) -> None:
    found = [header("Ferry *is* back"), section("<https://a.example|Read on>"), IMAGE, {"type": "divider"}]
    answer = client.post(HOOK, json={"text": "Ferry is back", "blocks": found})
    assert (answer.status_code, answer.text) == (200, "ok")
    (post,) = slack.visible
    assert post.text == "Ferry *is* back\nRead on"
    assert post.fields["fallback"] == "Ferry is back"
    assert (post.pictures[0].alt, post.pictures[0].url) == ("A ferry", "https://a.example/a.jpg")


IMAGE = {"type": "image", "image_url": "https://a.example/a.jpg", "alt_text": "A ferry"}


def header(text: str, kind: str = "plain_text") -> dict[str, Any]:
    return {"type": "header", "text": {"type": kind, "text": text}}


@pytest.mark.parametrize(
    "blocks",
    [
        [section("x")] * 51,
        [section("a" * 3001)],
        [section("")],
        [section("x", "html")],
        [{"type": "section"}],
        [{"type": "section", "fields": [{"type": "mrkdwn", "text": "a" * 2001}]}],
        [header("a" * 151)],
        [header("a", "mrkdwn")],
        [{"type": "image", "image_url": IMAGE["image_url"]}],
        [{**IMAGE, "alt_text": "a" * 2001}],
        [{**IMAGE, "image_url": "https://a.example/" + "a" * 3000}],
        [{**IMAGE, "image_url": "a.jpg"}],
        [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}],
        [{"type": "actions", "elements": [{"type": "button"}]}],
        [{"type": "headline"}],
        [{**section("x"), "block_id": "a"}] * 2,
        [{**section("x"), "block_id": "a" * 256}],
        {"type": "section"},
    ],
)
def test_blocks_against_the_rules_are_refused(client: TestClient, slack: Slack, blocks: Any) -> None:
    answer = client.post(HOOK, json={"text": "x", "blocks": blocks})
    assert (answer.status_code, answer.text) == (400, "invalid_blocks")
    assert slack.posts == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"text": "x", "blocks": [section("a" * 2900)] * 5}, "msg_blocks_too_long"),
    ],
)
def test_a_webhook_refuses_in_one_word(client: TestClient, slack: Slack, body: dict[str, Any], word: str) -> None:
    answer = client.post(HOOK, json=body)
    assert (answer.status_code, answer.text) == (400, word)
    assert slack.posts == []


def test_what_slack_allows_is_taken(client: TestClient) -> None:
    found = [section("a" * 3000), section("b" * 3000), section("c" * 3000), *[{"type": "divider"}] * 47]
    assert client.post(HOOK, json={"text": "x", "blocks": found}).text == "ok"


def test_a_body_that_is_no_json_is_an_invalid_payload(client: TestClient) -> None:
    answer = client.post(HOOK, content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.text) == (400, "invalid_payload")


@pytest.mark.parametrize(
    ("trouble", "status", "word"),
    [
        ("archived", 410, "channel_is_archived"),
        ("prohibited", 403, "action_prohibited"),
        ("deleted", 404, "channel_not_found"),
    ],
)
def test_a_channel_in_trouble_is_named(client: TestClient, slack: Slack, trouble: str, status: int, word: str) -> None:
    slack.trouble = trouble
    answer = client.post(HOOK, json={"text": "x"})
    assert (answer.status_code, answer.text) == (status, word)


def test_a_hook_that_is_gone_or_wrong(client: TestClient, slack: Slack) -> None:
    wrong = client.post(HOOK[:-1] + "y", json={"text": "x"})
    assert (wrong.status_code, wrong.text) == (403, "invalid_token")
    slack.revoke()
    gone = client.post(HOOK, json={"text": "x"})
    assert (gone.status_code, gone.text) == (404, "no_service")


def test_one_message_a_second(client: TestClient, clock: SetClock) -> None:
    assert client.post(HOOK, json={"text": "x"}).status_code == 200
    soon = client.post(HOOK, json={"text": "x"})
    assert (soon.status_code, soon.headers["retry-after"]) == (429, "1")
    limited = api(client, "chat.postMessage", channel=CHANNEL, text="x")
    assert (limited.status_code, limited.json()["error"]) == (429, "ratelimited")
    clock.advance(seconds=1)
    assert client.post(HOOK, json={"text": "x"}).status_code == 200


def test_a_bot_posts_changes_and_deletes(client: TestClient, slack: Slack, clock: SetClock) -> None:
    posted = api(client, "chat.postMessage", channel="#record", text="*Fery* is back").json()
    assert posted["ok"] and posted["channel"] == CHANNEL
    clock.advance(seconds=1)
    api(client, "chat.postMessage", channel=CHANNEL, text="more", thread_ts=posted["ts"])
    assert slack.visible[1].reply_to == slack.visible[0].id
    assert api(client, "chat.update", channel=CHANNEL, ts=posted["ts"], text="*Ferry* is back").json()["ok"]
    assert (slack.visible[0].text, slack.visible[0].edited) == ("Ferry is back", clock())
    assert (
        api(client, "chat.update", channel="#record", ts=posted["ts"], text="x").json()["error"] == "channel_not_found"
    )
    assert api(client, "chat.delete", channel=CHANNEL, ts=posted["ts"]).json()["ok"]
    assert [each.text for each in slack.visible] == ["more"]
    assert api(client, "chat.delete", channel=CHANNEL, ts=posted["ts"]).json()["error"] == "message_not_found"


def history(client: TestClient, **fields: str) -> Any:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    asked = {"channel": CHANNEL, **fields}
    return client.post("/api/conversations.history", data=asked, headers=headers).json()


def test_methods_that_read_take_no_json(client: TestClient) -> None:
    assert api(client, "conversations.history", channel=CHANNEL).json()["error"] == "invalid_arguments"


def test_a_bot_reads_back_what_it_marked(client: TestClient, clock: SetClock) -> None:
    for number in range(3):
        mark = {"event_type": "broadsheet", "event_payload": {"key": f"k{number}"}}
        assert api(client, "chat.postMessage", channel=CHANNEL, text=f"post {number}", metadata=mark).json()["ok"]
        clock.advance(seconds=1)
    page = history(client, limit="2", include_all_metadata="true")
    assert [each["metadata"]["event_payload"]["key"] for each in page["messages"]] == ["k2", "k1"] and page["has_more"]
    since = page["messages"][1]["ts"]
    rest = history(client, oldest=since)
    assert [each["text"] for each in rest["messages"]] == ["post 2"] and "metadata" not in rest["messages"][0]
    unnamed = api(client, "chat.postMessage", channel=CHANNEL, text="x", metadata={"key": "k"})
    assert unnamed.json()["error"] == "invalid_metadata_schema"


@pytest.mark.parametrize(
    ("token", "asked", "word"),
    [
        ("", {"channel": CHANNEL, "text": "x"}, "not_authed"),
        ("xoxb-other", {"channel": CHANNEL, "text": "x"}, "invalid_auth"),
        (BOT_TOKEN, {"channel": "C0", "text": "x"}, "channel_not_found"),
        (BOT_TOKEN, {"channel": CHANNEL}, "no_text"),
        (BOT_TOKEN, {"channel": CHANNEL, "text": "x", "blocks": [section("")]}, "invalid_blocks"),
        (BOT_TOKEN, {"channel": CHANNEL, "text": "x", "thread_ts": "1.2"}, "thread_not_found"),
    ],
)
def test_the_web_api_says_no_with_200(client: TestClient, token: str, asked: dict[str, Any], word: str) -> None:
    answer = api(client, "chat.postMessage", token, **asked)
    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["error"]) == (False, word)


def test_a_token_in_a_json_body_does_not_count(client: TestClient) -> None:
    answer = client.post("/api/chat.postMessage", json={"channel": CHANNEL, "text": "x", "token": BOT_TOKEN})
    assert answer.json()["error"] == "not_authed"


def test_bad_blocks_are_explained_to_a_bot(client: TestClient) -> None:
    answer = api(client, "chat.postMessage", channel=CHANNEL, text="x", blocks=[section("")]).json()
    assert "[json-pointer:/blocks/0/text/text]" in answer["response_metadata"]["messages"][0]
