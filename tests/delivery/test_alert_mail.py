"""An alert's mail is in the language of whom it is to, and leads to the page of the desk where it is mended."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.delivery.alert import CHANGED, PREFLIGHT, Alert
from bot.delivery.alert_mail import alert_mail, headline, language_of, shortened
from bot.delivery.alerts import due
from bot.delivery.channel_alert import paused_due
from bot.delivery.pausing import pause_channel
from bot.delivery.permission import permissions_due
from bot.delivery.rates import BOUNCE_ALARM, COMPLAINT_ALARM
from bot.delivery.sending import PROGRAM, begin_sending, pause
from bot.delivery.settling import HELD
from bot.editions import lifecycle
from bot.model import Act, EditionState, Newsroom, Phrase, Role, User, Way, several
from bot.settings.tables import AlertsTable
from bot.speech.catalog import LANGUAGES, speaking
from bot.testing import NOW, edition, settings, subscribe

RULES = AlertsTable()
WHY = Phrase("later than its schedule allows")
NEWSROOM = Newsroom(
    name="Il Faro", url="https://faro.example", language="it", timezone="Asia/Tokyo", public_url="https://news.example"
)
LONG = Phrase(
    "%(refused)s of the last %(readers)s readers were refused for good (%(times)s × %(often)s): look at the answers; "
    "resume when it is the list, or raise delivery.refused_share",
    refused=40,
    readers=100,
    times=40,
    often="550 5.7.1",
)


@pytest.fixture
def folders(tmp_path):
    return settings(tmp_path, "").template_folders()


@pytest.fixture
def alerts(store):
    """Of each kind: editions that were paused, wait, are held and expired, a story that changed, faults, bounces; a
    channel, a permission.
    """
    subscribe(store, "ines@record.example")
    sending, late, waiting = edition(), edition(), edition(state=EditionState.AWAITING, approval=True)
    held = edition(state=EditionState.AWAITING, approval=True)
    with store.write() as tx:
        for each in (sending, waiting, held, late):
            tx.editions.add(each, expires=NOW + timedelta(hours=3), report={})
        for what in (CHANGED, PREFLIGHT, HELD, BOUNCE_ALARM, COMPLAINT_ALARM):
            tx.acts.add(Act(at=NOW, who=PROGRAM, what=what, thing=f"edition:{late.id}", before="article 7, edited"))
        asked = {"before": EditionState.DRAFTED, "after": EditionState.AWAITING}
        tx.acts.add(Act(at=NOW, who="Tom", what="ask", thing=f"edition:{waiting.id}", **asked))
        tx.channels.save("ops", "gAAAA", account="@record", expires=NOW + timedelta(days=6), now=NOW, serial=0)
        pause_channel(tx, "town", "town.example refuses it (HTTP 401)", NOW)
    assert begin_sending(store, sending, audience="readers", now=NOW)
    with store.write() as tx:
        assert pause(tx, sending.id, LONG, NOW)
    lifecycle.hold(store, held.id, who=PROGRAM, now=NOW, note=WHY)
    lifecycle.expire(store, late.id, now=NOW, reason=WHY)
    with store.read() as tx:
        found = due(tx, RULES, "Asia/Tokyo", NOW + timedelta(minutes=3))
        found += paused_due(tx, RULES, "Asia/Tokyo", NOW)
        found += permissions_due(tx, RULES, ("ops",), "Asia/Tokyo", NOW)
    assert len(found) == 11
    return found


def _words(text):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<(style|title)>.*?</\1>|<[^>]+>", " ", text, flags=re.S)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_is_whole_in_the_language_of_its_address(alerts, folders, language):
    english = re.compile(r"\b(?:the|of|and|it|is|you|nothing|shows)\b", re.IGNORECASE)
    for alert in alerts:
        mail = alert_mail(alert, NEWSROOM, folders, language)
        assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in mail.html
        texts = (mail.subject, mail.preheader, mail.text, _words(mail.html))
        # Names are no words of ours: those of editions and commands, and what a network said.
        own = [
            re.sub(r"broadsheet [^\n:]*|Morning briefing|town\.example refuses it|\[[^]]*\]", "", each)
            for each in texts
        ]
        assert bool(english.search(" ".join(own))) is (language == "en")


def test_a_mail_leads_to_the_page_where_it_is_mended(alerts, folders):
    pages = {alert.page for alert in alerts}
    assert {"channels/town", "channels/ops", "articles/7"} <= pages
    for alert in alerts:
        mail = alert_mail(alert, NEWSROOM, folders, "en")
        assert f'href="https://news.example/{alert.page}"' in mail.html
        assert f"\nhttps://news.example/{alert.page}\n" in mail.text


def test_a_long_reason_is_cut_in_the_headline_alone(alerts, folders):
    (alert,) = (each for each in alerts if "readers were refused" in each.title)
    mail = alert_mail(alert, NEWSROOM, folders, "de")
    assert mail.subject.startswith("Alarm: Morning briefing")
    assert len(mail.subject) < 140
    assert "delivery.refused_share" not in mail.subject
    assert "delivery.refused_share" in mail.text
    with speaking("ja"):
        assert len(headline(alert)) < 140


def test_lists_of_what_holds_commas_are_kept_apart_in_every_language(folders):
    titles = several(("Ferry, bridge and road reopen", "Council votes, 7 to 2"), Way.APART)
    made = Alert(
        flag="x",
        at=NOW,
        edition=None,
        status="",
        title="",
        said=(),
        facts=((Phrase("Stories"), titles),),
        do=(),
        page="",
    )
    for language, between in (("en", "; "), ("de", "; "), ("ja", "；"), ("ar", "؛ ")):
        said = alert_mail(made, NEWSROOM, folders, language).text
        assert re.search(f"reopen\u2069?{between}\u2068?Council", said)


def test_a_title_that_is_kept_on_record_leaves_room_for_whom_it_reached():
    title = Phrase("%(name)s is paused: %(why)s", name="Morning briefing", why=LONG)
    assert len(shortened(title)) < 130
    assert isinstance(shortened(title), Phrase)
    brief = Phrase("%(name)s is held: %(why)s", name="Morning briefing", why=WHY)
    assert shortened(brief).facts["why"] is WHY


def test_moments_are_told_in_the_newsrooms_zone(alerts, folders):
    mail = alert_mail(alerts[0], NEWSROOM, folders, "de")
    assert "Dienstag, 24. November 2026, 16:00 JST" in mail.text


def test_who_works_at_the_desk_is_written_to_as_they_chose_and_others_as_the_newsroom_speaks():
    ann = User(id=1, name="Ann", address="Ann@record.example", role=Role.APPROVER, language="ja")
    people = {"ann@record.example": ann, "tom@record.example": replace(ann, language="")}
    german = replace(NEWSROOM, language="de-AT")
    assert language_of("ann@Record.example", people, german) == "ja"
    assert language_of("tom@record.example", people, german) == "de"
    assert language_of("night@record.example", people, german) == "de"
    assert language_of("night@record.example", people, NEWSROOM) == "en"


def test_what_is_said_after_a_mail_is_in_the_language_of_before(alerts, folders):
    with speaking("de"):
        alert_mail(alerts[0], NEWSROOM, folders, "ja")
        assert headline(replace(alerts[0], title=Phrase("%(name)s is held: %(why)s", name="A", why=WHY))) == (
            "A wird zurückgehalten: später, als der Zeitplan erlaubt"
        )
