"""What is decided about an edition on the desk: by whom, of which version, and what is said when it cannot be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.channels.base import KINDS
from bot.editions import lifecycle
from bot.model import EditionState, EditionStory, Role, StoryWords, Summary
from bot.testing import NOW, Nothing, ScriptedChannel, article
from tests.web.test_access import join, with_session

S = EditionState
SAME = {"Sec-Fetch-Site": "same-origin"}
BODY = "<p>The work on the tunnel costs £2.4 million, the council said.</p>"


def _state(web, made):
    with web.store.read() as tx:
        return tx.editions.state(made.id)


def _acts(web, made):
    with web.store.read() as tx:
        return tx.acts.newest(thing=f"edition:{made.id}")


def _wrong(web, **fields):
    """An edition in whose summary an editor gave a figure that the article does not have."""
    lead = article(id=7, title="Tunnel shuts", body=BODY, standfirst="")
    words = StoryWords(summary="The work on the tunnel costs £4.2 million.")
    story = EditionStory(position=1, article=lead, summary=Summary("x"), article_ids=(7,), words=words)
    return web.add_edition(state=S.AWAITING, approval=True, slot=NOW + timedelta(hours=1), stories=(story,), **fields)


async def _post(web, path, **form):
    return await web.post(path, data=form, headers=SAME)


@pytest.mark.parametrize(
    ("deed", "before", "after"),
    [
        ("approve", S.AWAITING, S.APPROVED),
        ("return", S.AWAITING, S.DRAFTED),
        ("return", S.APPROVED, S.DRAFTED),
        ("ask", S.DRAFTED, S.AWAITING),
        ("take-back", S.APPROVED, S.AWAITING),
        ("hold", S.AWAITING, S.HELD),
        ("release", S.HELD, S.AWAITING),
        ("cancel", S.APPROVED, S.CANCELLED),
    ],
)
async def test_a_decision_moves_the_edition_and_is_on_the_record(web, deed, before, after):
    made = web.add_edition(state=before, approval=True, slot=NOW + timedelta(hours=1))
    answer = await _post(web, f"/editions/{made.id}/{deed}", version="1", note="As we said.")
    assert answer.status_code == 303
    assert _state(web, made) is after
    act = _acts(web, made)[0]
    assert (act.before, act.after, act.note) == (before, after, "As we said.")


async def test_looking_at_an_address_decides_nothing(web):
    made = web.add_edition(state=S.AWAITING, approval=True)
    for deed in ("approve", "return", "hold", "cancel", "send-now", "take-back", "ask", "release", "test"):
        assert (await web.get(f"/editions/{made.id}/{deed}")).status_code in (404, 405)
    assert _state(web, made) is S.AWAITING


async def test_a_form_of_another_site_decides_nothing(web):
    made = web.add_edition(state=S.AWAITING, approval=True)
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = await web.post(f"/editions/{made.id}/approve", data={"version": "1"}, headers=headers)
    assert answer.status_code == 403
    assert _state(web, made) is S.AWAITING


async def test_you_approve_what_you_saw(web):
    made = web.add_edition(state=S.AWAITING, approval=True, slot=NOW + timedelta(hours=1))
    answer = await _post(web, f"/editions/{made.id}/approve", version="0")
    assert answer.status_code == 409
    assert "changed the edition since you looked at it" in answer.text
    assert f"/editions/{made.id}/changes" in answer.text
    assert _state(web, made) is S.AWAITING


async def test_what_the_article_does_not_say_stands_in_the_way_until_an_approver_says_why_it_may(web):
    made = _wrong(web)
    refused = await _post(web, f"/editions/{made.id}/approve", version="1")
    assert refused.status_code == 409
    assert "£4.2 million" in refused.text
    assert "Approve all the same" in refused.text
    key = refused.text.partition('name="overrule" value="')[2].partition('"')[0]
    unsaid = await _post(web, f"/editions/{made.id}/approve", version="1", overrule=key)
    assert unsaid.status_code == 422
    done = await _post(web, f"/editions/{made.id}/approve", version="1", overrule=key, note="The mayor told us.")
    assert done.status_code == 303
    assert _state(web, made) is S.APPROVED
    assert "“£4.2 million”: The mayor told us." in [act.note for act in _acts(web, made)]


async def test_a_return_without_a_note_keeps_the_edition_and_asks_for_it(web):
    made = web.add_edition(state=S.AWAITING, approval=True)
    answer = await _post(web, f"/editions/{made.id}/return", version="1", note=" ")
    assert answer.status_code == 422
    assert "What to change" in answer.text
    assert _state(web, made) is S.AWAITING


async def test_a_decision_that_the_state_does_not_allow_is_said_on_the_editions_page(web):
    made = web.add_edition(state=S.SENT)
    answer = await _post(web, f"/editions/{made.id}/hold")
    assert answer.status_code == 409
    assert "edition" in answer.text
    assert 'id="bar"' in answer.text


async def test_of_an_edition_that_is_not_there_nothing_is_decided(web):
    assert (await _post(web, "/editions/nosuch/approve", version="1")).status_code == 404
    assert (await _post(web, "/editions/nosuch/hold")).status_code == 404


async def test_nothing_goes_out_now_while_everything_is_paused(web):
    made = web.add_edition(state=S.APPROVED, approval=True, slot=NOW + timedelta(hours=1))
    lifecycle.pause_all(web.store, who="Ann", now=NOW)
    answer = await _post(web, f"/editions/{made.id}/send-now", version="1")
    assert answer.status_code == 409
    assert "resume it first" in answer.text
    assert _state(web, made) is S.APPROVED


async def test_an_editor_asks_and_does_not_approve(web):
    made = web.add_edition(state=S.DRAFTED, approval=True)
    _, token = join(web, Role.EDITOR, name="Tom")
    headers = with_session(token, **SAME)
    assert (await web.post(f"/editions/{made.id}/ask", headers=headers)).status_code == 303
    for deed in ("approve", "return", "hold", "release", "cancel", "take-back", "send-now"):
        answer = await web.post(f"/editions/{made.id}/{deed}", data={"version": "1", "note": "x"}, headers=headers)
        assert answer.status_code == 403, deed
    assert _state(web, made) is S.AWAITING
    assert _acts(web, made)[0].who == "Tom"


async def test_a_test_goes_to_one_address_marked_as_such(build_web, monkeypatch):
    sent = []

    class Kept(ScriptedChannel):
        Options = Nothing

        def __init__(self, name, options, around):
            super().__init__()
            self.sent = sent

    monkeypatch.setitem(KINDS, "kept", Kept)
    toml = '\n[channels.mail]\ntype = "kept"\n[schedules.morning]\nname = "M"\ncron = "0 7 * * *"\n'
    web = build_web(toml=f'{toml}audience = "readers"\nchannels = ["mail"]\n')
    made = web.add_edition(state=S.AWAITING, approval=True)
    answer = await _post(web, f"/editions/{made.id}/test", to="ann@example.org")
    assert answer.status_code == 303
    [parcel] = sent
    assert parcel.recipient.address == "ann@example.org"
    assert parcel.rendition.email.subject == "[Test] The ferry returns"
    wrong = await _post(web, f"/editions/{made.id}/test", to="nobody")
    assert wrong.status_code == 422
    assert 'value="nobody"' in wrong.text
    with web.store.read() as tx:
        assert tx.deliveries.balance(made.id).states == {}
