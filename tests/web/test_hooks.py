"""``/hooks/NAME`` as providers reach it: from anywhere, without a cookie, with their proof."""

from __future__ import annotations

import base64
import json
import logging
from typing import ClassVar

import pytest

from bot.errors import StoreError
from bot.store import Store
from bot.testing import ENVIRONMENT
from tests.delivery.test_hooks import TOPIC, mailgun, postmark, sendgrid, sendgrid_bounce, ses_bounce, sns, table
from tests.web.conftest import TOML

PASSWORD = "a password of the test's own"
SECRETS = {
    "BROADSHEET_BOUNCES_POSTMARK_PASSWORD": PASSWORD,
    "BROADSHEET_BOUNCES_MAILGUN_SIGNING_KEY": "a mailgun key of the test",
}
HOOKS = f"""
[bounces.ses]
topics = ["{TOPIC}"]

[bounces.postmark]

[bounces.mailgun]

[bounces.sendgrid]
verification_key = "{table().sendgrid.verification_key}"
"""


@pytest.fixture
def hooked(build_web, monkeypatch):
    """A web with all webhooks set."""
    for variable, value in SECRETS.items():
        monkeypatch.setitem(ENVIRONMENT, variable, value)
    return build_web(toml=TOML + HOOKS)


async def _call(web, name, call, *, address="198.51.100.7", url="https://news.record.example", **headers):
    async with web.client(address=address, url=url) as client:
        return await client.post(f"/hooks/{name}", content=call.body, headers={**call.headers, **headers})


def _events(web):
    with web.store.read() as tx:
        return tx.events.newest()


async def test_b8_a_believed_call_is_on_record_when_it_is_answered(hooked):
    assert (await _call(hooked, "postmark", postmark())).status_code == 200
    assert (await _call(hooked, "mailgun", mailgun())).status_code == 200
    assert (await _call(hooked, "sendgrid", sendgrid(sendgrid_bounce()))).status_code == 200
    assert sorted(each.source for each in _events(hooked)) == ["mailgun", "postmark", "sendgrid"]


async def test_it_needs_no_cookie_and_sets_none_and_no_page_of_another_site_matters(hooked):
    answer = await _call(
        hooked, "mailgun", mailgun(), origin="https://evil.example", **{"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


async def test_b8_who_is_not_believed_learns_nothing(hooked, caplog):
    caplog.set_level(logging.WARNING)
    refused = [
        await _call(hooked, "mailgun", mailgun(key="another key")),
        await _call(hooked, "sendgrid", mailgun()),
        await _call(hooked, "ses", sns(ses_bounce(), TopicArn=TOPIC.replace("bounces", "others"))),
    ]
    assert {(each.status_code, each.text) for each in refused} == {(403, "Not believed.\n")}
    login = await _call(hooked, "postmark", postmark("postmark:wrong"))
    assert (login.status_code, login.headers["www-authenticate"]) == (401, 'Basic realm="hooks"')
    assert _events(hooked) == []
    assert "signature" in caplog.text
    for secret in (PASSWORD, base64.b64encode(f"postmark:{PASSWORD}".encode()).decode(), *SECRETS.values()):
        assert secret not in caplog.text


async def test_b8_a_body_is_limited(hooked):
    class Large:
        headers = postmark().headers
        body = b'{"Details": "' + b"x" * (1 << 20) + b'"}'

    assert (await _call(hooked, "postmark", Large)).status_code == 413
    Large.body = json.dumps({**json.loads(postmark().body), "Content": "x" * 500_000}).encode()
    assert (await _call(hooked, "postmark", Large)).status_code == 200
    async with hooked.client() as client:
        assert (await client.post("/u/x", content=b"x" * 70_000)).status_code == 413, "elsewhere as before"


@pytest.mark.parametrize("which", ["web", "hooked"])
async def test_b8_nobody_learns_which_webhooks_are_set(which, request):
    class Forged:
        headers: ClassVar = {}
        body = b"{}"

    asked = request.getfixturevalue(which)
    for name in ("ses", "mailgun", "sendgrid"):
        answer = await _call(asked, name, Forged)
        assert (answer.status_code, answer.text) == (403, "Not believed.\n")
    login = await _call(asked, "postmark", Forged)
    assert (login.status_code, login.headers["www-authenticate"]) == (401, 'Basic realm="hooks"')
    for name in ("other", "ses/more"):
        assert (await _call(asked, name, Forged)).status_code == 404


async def test_get_shows_nothing(hooked):
    for name in ("postmark", "nothing"):
        assert (await hooked.get(f"/hooks/{name}")).status_code in (404, 405)


async def test_a_provider_is_asked_to_come_again_while_the_store_is_down(hooked, monkeypatch):
    def down(self):
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "write", down)
    answer = await _call(hooked, "postmark", postmark())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    monkeypatch.undo()
    assert (await _call(hooked, "postmark", postmark())).status_code == 200
    assert len(_events(hooked)) == 1


@pytest.mark.parametrize("body", [b"", b"\xff", b"null", b"[" * 100_000, b'{"signature": {"timestamp": "nan"}}'])
async def test_rubbish_is_refused_without_a_fault(hooked, body):
    class Rubbish:
        headers = postmark().headers

    Rubbish.body = body
    for name in ("ses", "mailgun", "sendgrid"):
        assert (await _call(hooked, name, Rubbish)).status_code == 403
    assert (await _call(hooked, "postmark", Rubbish)).status_code in (200, 403)
