"""What no browser sends and somebody hostile does: it is answered as a fault of theirs, and changes nothing."""

from __future__ import annotations

import encodings

import pytest

from bot.audience.words import languages
from tests.web.test_signup import TOML, filled, hidden, kept, send


@pytest.fixture
def web(build_web):
    return build_web(toml=TOML)


async def answer(web, method, path, **kind):
    async with web.client(server_faults=True) as client:
        return await client.request(method, path, **kind)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "http://a]b"])
async def test_an_origin_that_is_no_url_is_another_site(web, reader, origin):
    found = await answer(web, "POST", web.preferences_path(reader), headers={"Origin": origin})
    assert found.status_code == 403


@pytest.mark.parametrize("number", ["9" * 5000, "0" * 5000, "-1", "1e3", "٣"])
async def test_a_links_number_beyond_all_numbers_leads_nowhere(web, number):
    assert (await answer(web, "GET", f"/l/aaaabbbbcccc/{number}")).status_code == 404


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "unicode_escape", "utf-16", "hex", "nonsense"])
async def test_a_multipart_form_in_a_charset_that_decodes_nothing_has_no_fields(web, reader, charset):
    body = b'--x\r\nContent-Disposition: form-data; name="address"\r\n\r\n\\ud800\xff..xn--@\xff\r\n--x--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    for path in ("/subscribe", web.preferences_path(reader), web.unsubscribe_path(reader)):
        assert (await answer(web, "POST", path, content=body, headers=headers)).status_code in (200, 422)
    assert kept(web) == []


@pytest.mark.parametrize("charset", ["punycode", "utf-16", '"a;b"', "x" * 5000], ids=["slow", "wide", "quoted", "none"])
async def test_a_multipart_form_is_in_utf_8_whatever_charset_it_names_and_no_codec_is_looked_for(web, charset):
    pairs = [
        (name, value)
        for name, values in (await filled(web)).items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    parts = (f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs)
    body = "".join(parts) + "--x--\r\n"
    headers = {"Content-Type": f"multipart/form-data; charset={charset}; boundary=x"}
    known = len(encodings._cache)
    assert (await answer(web, "POST", "/subscribe", content=body, headers=headers)).status_code == 200
    assert [each.address for each in kept(web)] == ["mara@example.org"]
    assert len(encodings._cache) == known


@pytest.mark.parametrize("name", ["\\ud800", "\\u0000", "a/b~c"])
async def test_a_field_of_the_api_that_is_no_text_is_named_all_the_same(web, name):
    body = f'{{"address": "mara@example.org", "newsletters": ["morning"], "{name}": 1}}'
    found = await answer(web, "POST", "/api/subscribe", content=body, headers={"Content-Type": "application/json"})
    assert found.status_code == 422
    assert len(found.json()["errors"]) == 1


@pytest.mark.parametrize(
    "body",
    ['{"newsletters": [' + "0," * 30_000 + "0]}", "{" + ",".join(f'"{n}": 1' for n in range(6_000)) + "}"],
    ids=["newsletters", "fields"],
)
async def test_the_api_says_no_more_faults_than_somebody_reads(web, body):
    found = await answer(web, "POST", "/api/subscribe", content=body, headers={"Content-Type": "application/json"})
    assert found.status_code == 422
    assert 0 < len(found.json()["errors"]) <= 20
    assert len(found.content) < 10_000


@pytest.mark.parametrize("path", ["/subscribe", "/u/x", "/api/subscribe", "/hooks/ses"])
async def test_who_goes_away_within_a_request_is_not_answered_and_is_no_fault(web, path):
    arriving = [{"type": "http.request", "body": b"address=", "more_body": True}, {"type": "http.disconnect"}]
    sent = []

    async def receive():
        return arriving.pop(0)

    async def send(message):
        sent.append(message)

    form = (b"content-type", b"application/x-www-form-urlencoded")
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [form]}
    await web.app(scope, receive, send)
    assert (arriving, sent) == ([], [])


@pytest.mark.parametrize("language", ["en-\x00", "en-\r\nBcc: x", "en-zz-1", "de-'><b>", "EN-@x", "de-" + "x" * 5000])
async def test_a_language_is_one_that_has_a_catalog_and_nothing_hangs_on_to_it(web, language):
    sent = await send(web, address="mara@example.org", newsletter="morning", language=language)
    assert sent.status_code == 200
    (signup,) = kept(web)
    assert signup.language.split("-")[0] in languages()
    assert signup.language in (*languages(), web.installation.newsroom.language)
    assert {each.language for each in signup.choices.values()} <= {"", *languages()}
    for path in ("/subscribe", "/subscribe/embed", "/api/newsletters"):
        shown = await answer(web, "GET", path, params={"language": language})
        assert shown.status_code == 200
        assert language[:40] not in shown.text


async def test_a_form_in_a_page_with_a_long_address_can_still_be_sent(web):
    page = {"Referer": "https://partner.example/" + "a" * 460}
    shown = await web.get("/subscribe/embed", headers=page)
    web.installation.clock.advance(seconds=5)
    fields = {**hidden(shown), "address": "mara@example.org", "newsletter": "morning"}
    sent = await web.post("/subscribe/embed", data=fields, headers=page)
    assert sent.status_code == 200
    assert len(kept(web)) == 1


@pytest.mark.parametrize("back", ["undo", "join", "save"])
async def test_a_link_that_is_used_without_end_fills_no_disk_and_still_ends_the_subscription(web, reader, back):
    leave = web.unsubscribe_path(reader)
    path = leave if back == "undo" else web.preferences_path(reader)
    statuses = []
    for number in range(60):
        if back != "save":
            await web.post(leave)
        sent = await web.post(path, data={"act": back, "audience": "readers", "hour": str(number % 24)})
        statuses.append(sent.status_code)
    assert statuses[:30] == [200] * 30
    assert statuses[-10:] == [429] * 10
    with web.store.read() as tx:
        assert len(tx.acts.newest(thing=f"subscriber:{reader}", limit=1000)) <= 81
    await web.post(leave, data={"List-Unsubscribe": "One-Click"})
    assert web.states(reader)["readers"] == "unsubscribed"
    web.installation.clock.advance(hours=2)
    assert (await web.post(leave, data={"act": "undo"})).status_code == 200
