"""Exports of other programs, written by hand with the columns that those write (``bot/audience/origins.py``)."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.audience.enrolment import subscribers_import
from bot.audience.importing import run_import
from bot.errors import UsageError
from bot.model import Evidence, Preferences
from bot.store import Store
from bot.testing import NOW, subscribe

MAILCHIMP = (
    '"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,'
    "LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,{own}LEID,EUID,NOTES,TAGS"
)


def _mailchimp(own: str, *rows: str) -> str:
    return "\n".join([MAILCHIMP.format(own=own), *rows]) + "\n"


SUBSCRIBED = _mailchimp(
    "LAST_CHANGED,",
    'ida@example.org,Ida,Roe,2,"2024-01-01 08:00:00",192.0.2.1,"2024-01-01 08:05:00",192.0.2.2,,,,,,,,'
    '"2024-02-01 00:00:00",1,a1,,"""Harbour"",""vip"""',
    'tom@example.org,Tom,,2,,,"2023-05-05 10:00:00",,,,,,,,,"2023-05-05 10:00:00",2,a2,,',
    "shop@example.org,,,2,,,,,,,,,,,,,3,a3,,",
)
UNSUBSCRIBED = _mailchimp(
    "UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,",
    'ann@example.org,Ann,,2,,,"2022-01-01 08:00:00",,,,,,,,,"2024-03-01 09:30:00",May,c1,NORMAL,,4,a4,,',
)
CLEANED = _mailchimp(
    "CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,",
    'gone@example.org,,,1,,,"2022-01-01 08:00:00",,,,,,,,,"2024-04-01 09:30:00",May,c1,5,a5,,',
)
NONSUBSCRIBED = _mailchimp(
    "LAST_CHANGED,", 'buyer@example.org,,,2,,,"2022-01-01 08:00:00",,,,,,,,,"2022-01-01 08:00:00",6,a6,,'
)


@pytest.fixture
def store(tmp_path):
    opened = Store.open(f"sqlite:///{tmp_path}/broadsheet.db")
    yield opened
    opened.close()


@pytest.fixture
def bring(store, tmp_path):
    """Imports a file of that name and content into ``readers``."""

    def brought(name, content, **options):
        file = tmp_path / name
        if isinstance(content, dict):
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for member, text in content.items():
                    archive.writestr(member, text)
        else:
            file.write_text(content, "utf-8")
        job = subscribers_import(
            file, "readers", ["readers"], by="mara", zone=ZoneInfo("UTC"), **{"consent": "our form", **options}
        )
        return run_import(store, job, clock=lambda: NOW, advance=lambda *_: None)

    return brought


def _subscribed(store):
    with store.read() as tx:
        return {each.address: each for each in tx.subscribers.every(state="subscribed")}


def _suppressed(store):
    with store.read() as tx:
        return {each.address: (each.reason, each.audience, each.at) for each in tx.suppressions.every()}


def _at(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_mailchimp_one_archive_with_a_file_for_each_state(store, bring):
    result = bring(
        "audience_export_1a.zip",
        {
            "subscribed_email_audience_export_1a.csv": SUBSCRIBED,
            "unsubscribed_email_audience_export_1a.csv": UNSUBSCRIBED,
            "cleaned_email_audience_export_1a.csv": CLEANED,
            "nonsubscribed_email_audience_export_1a.csv": NONSUBSCRIBED,
        },
    )
    assert result.origins == ["mailchimp"]
    # Who bought something, and who has no date at all, never agreed.
    assert (result.accepted, result.listed, result.unconfirmed, result.rows) == (2, 2, 2, 6)
    found = _subscribed(store)
    assert found.keys() == {"ida@example.org", "tom@example.org"}
    ida = found["ida@example.org"]
    assert (ida.name, ida.consent.at, ida.consent.note) == ("Ida Roe", _at(2024, 1, 1, 8, 5), "our form")
    assert ida.consent.evidence == Evidence(
        form="subscribed_email_audience_export_1a.csv",
        requested=_at(2024, 1, 1, 8),
        confirmed=_at(2024, 1, 1, 8, 5),
        source="mailchimp",
        written="2024-01-01 08:05:00",
        imported=NOW,
    )
    # Who left, left this list; an address that does not exist holds for all.
    assert _suppressed(store) == {
        "ann@example.org": ("unsubscribed", "readers", _at(2024, 3, 1, 9, 30)),
        "gone@example.org": ("cleaned", "", _at(2024, 4, 1, 9, 30)),
    }


@pytest.mark.parametrize(("content", "state"), [(SUBSCRIBED, ""), (UNSUBSCRIBED, "unsubscribed"), (CLEANED, "cleaned")])
def test_mailchimp_a_file_is_of_its_state_whatever_it_is_called(store, bring, content, state):
    bring("members.csv", content)
    assert {reason for reason, _, _ in _suppressed(store).values()} == ({state} if state else set())
    assert bool(_subscribed(store)) is not bool(state)


def test_mailchimp_who_left_by_a_clock_ahead_of_ours_left(store, bring):
    subscribe(store, "ann@example.org", "gone@example.org")
    # Its account's time is Tokyo's, nine hours ahead of the clock here, and no cell says so.
    left = (UNSUBSCRIBED.replace("2024-03-01 09:30:00", f"{NOW + timedelta(hours=8):%F %T}"), "unsubscribed_ab12.csv")
    cleaned = (CLEANED.replace("2024-04-01 09:30:00", f"{NOW + timedelta(hours=8):%F %T}"), "cleaned_ab12.csv")
    for content, name in (left, cleaned):
        result = bring(name, content)
        assert (result.refused, result.listed) == (0, 1)
    with store.read() as tx:
        assert [each.state for each in tx.subscribers.find("ann@example.org")] == ["unsubscribed"]
        assert {tx.suppressions.of(f"{name}@example.org", "readers").at for name in ("ann", "gone")} == {NOW}


def test_mailchimp_a_merge_field_of_the_newsrooms_own_does_not_make_a_file_one_of_those_who_left(store, bring):
    bring("members.csv", "UNSUB_TIME," + SUBSCRIBED.replace("\n", "\n,")[:-1])
    assert _suppressed(store) == {}
    assert len(_subscribed(store)) == 2


def test_mailchimp_a_file_that_lost_columns_in_a_spreadsheet_is_known_all_the_same(store, bring):
    bring("members.csv", "Email Address,MEMBER_RATING,CLEAN_TIME\ngone@example.org,1,2024-04-01 09:30:00\n")
    bring("members2.csv", "Email Address,MEMBER_RATING,CONFIRM_TIME\nida@example.org,2,2024-01-01 08:05:00\n")
    assert _suppressed(store) == {"gone@example.org": ("cleaned", "", _at(2024, 4, 1, 9, 30))}
    assert _subscribed(store)["ida@example.org"].consent.at == _at(2024, 1, 1, 8, 5)


@pytest.mark.parametrize(
    ("column", "said"), [("UNSUB_TIME", ("unsubscribed", "readers")), ("CLEAN_TIME", ("cleaned", ""))]
)
def test_a_date_of_leaving_subscribes_nobody_whosever_file_it_is(store, bring, column, said):
    result = bring("list.csv", f"email,{column}\nann@example.org,2024-03-01 09:30:00\nida@example.org,\n")
    assert (result.origins, result.listed, result.accepted) == ([], 1, 1)
    assert _suppressed(store) == {"ann@example.org": (*said, _at(2024, 3, 1, 9, 30))}
    assert _subscribed(store).keys() == {"ida@example.org"}


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("cleaned_members_1a.csv", "suppressions import cleaned_members_1a.csv --reason cleaned"),
        ("Unsubscribed.csv", "suppressions import Unsubscribed.csv --reason unsubscribed"),
        ("nonsubscribed_1a.csv", "leave it out"),
    ],
)
def test_a_file_named_for_those_who_left_subscribes_nobody_when_no_column_says_otherwise(store, bring, name, then):
    with pytest.raises(UsageError, match=f"the name {name} says .*{then}"):
        bring(name, "email\ngone@example.org\n")
    assert _subscribed(store) == {}
    assert bring(name.replace(".csv", "_all.csv"), "email,status\nida@example.org,subscribed\n").accepted == 1


def test_mailchimp_an_ip_is_kept_where_the_newsroom_says_so(store, bring):
    bring("members.csv", SUBSCRIBED, keep_ip=True)
    assert _subscribed(store)["ida@example.org"].consent.evidence.ip == "192.0.2.2"


def test_tags_become_choices_only_where_they_are_topics_and_it_was_asked_for(store, bring):
    bring("members.csv", SUBSCRIBED, topics=["harbour", "Sport"])
    found = _subscribed(store)
    assert found["ida@example.org"].preferences == Preferences(topics=("harbour",))
    assert found["tom@example.org"].preferences == Preferences()


def test_listmonk_enabled_disabled_blocklisted(store, bring):
    result = bring(
        "subscribers.csv",
        "uuid,email,name,attributes,status,created_at,updated_at\n"
        'u1,ida@example.org,Ida,"{""city"": ""Port, Alder""}",enabled,'
        "2024-03-01 09:30:00.123456 +0000 UTC,2024-03-01 09:30:00 +0000 UTC\n"
        "u2,ann@example.org,Ann,{},disabled,2024-03-01 09:30:00 +0000 UTC,2024-04-01 09:30:00 +0200 CEST\n"
        "u3,bad@example.org,Bad,{},blocklisted,2024-03-01 09:30:00 +0000 UTC,2024-05-01 09:30:00 +0000 UTC\n"
        "u4,odd@example.org,Odd,{},archived,2024-03-01 09:30:00 +0000 UTC,2024-05-01 09:30:00 +0000 UTC\n",
    )
    assert (result.origins, result.accepted, result.listed) == (["listmonk"], 1, 2)
    assert "not a state that is known; known: enabled, disabled, blocklisted" in result.refusals[0].reason
    assert _subscribed(store)["ida@example.org"].consent.at == _at(2024, 3, 1, 9, 30, 0, 123456)
    assert _suppressed(store) == {
        "ann@example.org": ("disabled", "readers", _at(2024, 4, 1, 7, 30)),
        "bad@example.org": ("blocked", "", _at(2024, 5, 1, 9, 30)),
    }


def test_ghost_members(store, bring):
    header = (
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,"
        "created_at,deleted_at,labels,tiers"
    )
    result = bring(
        "members.csv",
        f"{header}\r\n"
        'm1,ida@example.org,Ida,,true,false,,2024-03-01T09:30:00.000Z,,"Harbour,vip",\r\n'
        "m2,ann@example.org,Ann,,false,false,,2024-03-01T09:30:00.000Z,,,Gold\r\n"
        "m3,old@example.org,Old,,true,false,,2024-03-01T09:30:00.000Z,2024-06-01T09:30:00.000Z,,\r\n",
        topics=["Harbour"],
    )
    assert (result.origins, result.accepted, result.listed) == (["ghost"], 1, 2)
    ida = _subscribed(store)["ida@example.org"]
    assert (ida.consent.at, ida.preferences.topics) == (_at(2024, 3, 1, 9, 30), ("Harbour",))
    assert _suppressed(store).keys() == {"ann@example.org", "old@example.org"}


def test_buttondown_types(store, bring):
    types = {
        "regular": "", "premium": "", "churned": "", "unactivated": "",
        "unsubscribed": "unsubscribed", "removed": "unsubscribed", "undeliverable": "bounced",
        "complained": "complaint", "spammy": "blocked",
    }  # fmt: skip
    rows = "".join(f"{each}@example.org,,{each},2024-03-01T09:30:00Z,\n" for each in types)
    result = bring("subscribers.csv", f"email_address,notes,type,creation_date,tags\n{rows}")
    assert (result.origins, result.accepted, result.unconfirmed, result.listed) == (["buttondown"], 3, 1, 5)
    assert {address.partition("@")[0]: reason for address, (reason, _, _) in _suppressed(store).items()} == {
        each: reason for each, reason in types.items() if reason
    }


def test_mailpoet_with_php_quotation_marks(store, bring):
    head = (
        '"Email","First name","Last name","Subscription IP","Subscription time","Confirmation time","Confirmation IP",'
        '"List status","Global status","List"'
    )
    result = bring(
        "MailPoet_export.csv",
        f"\ufeff{head}\n"
        '"ida@example.org","Ida \\"Joy\\"","Roe","192.0.2.1","2024-03-01 09:30:00","2024-03-01 09:31:00","192.0.2.1",'
        '"subscribed","subscribed","Daily"\n'
        '"lazy@example.org","","","","2024-03-01 09:30:00","2024-03-01 09:31:00","","subscribed","inactive","Daily"\n'
        '"ann@example.org","","","","2024-03-01 09:30:00","","","unsubscribed","subscribed","Daily"\n'
        '"gone@example.org","","","","2024-03-01 09:30:00","","","subscribed","bounced","Daily"\n'
        '"new@example.org","","","","2024-03-01 09:30:00","","","unconfirmed","unconfirmed","Daily"\n',
    )
    assert (result.origins, result.accepted, result.listed, result.unconfirmed) == (["mailpoet"], 2, 2, 1)
    ida = _subscribed(store)["ida@example.org"]
    assert (ida.name, ida.consent.at) == ('Ida "Joy" Roe', _at(2024, 3, 1, 9, 31))
    reasons = {address: found[:2] for address, found in _suppressed(store).items()}
    assert reasons == {"ann@example.org": ("unsubscribed", "readers"), "gone@example.org": ("bounced", "")}


def test_who_left_there_is_taken_off_here_unless_they_came_back_since(store, bring):
    old, back = subscribe(store, "ann@example.org", "eve@example.org")
    moment = "2026-11-24 06:00:00"
    with store.write() as tx:
        # NOW is the consent of both.
        tx.subscribers.unsubscribe(old, "readers", via="page", now=NOW)
        tx.subscribers.resubscribe(old, "readers", now=NOW)
    row = 'X,A,,2,,,"2022-01-01 08:00:00",,,,,,,,,"T",May,c1,NORMAL,,4,a4,,'
    rows = [
        row.replace("X", "eve@example.org").replace("T", moment),
        row.replace("X", "ann@example.org").replace('"T"', ""),
    ]
    result = bring(
        "unsubscribed.csv",
        _mailchimp("UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,", *rows),
    )
    assert (result.kept, result.listed) == (1, 1)
    assert _subscribed(store).keys() == {"eve@example.org"}
    assert _suppressed(store).keys() == {"ann@example.org"}
    assert back


def test_no_import_lifts_what_a_readers_leaving_put_on_the_list(store, bring):
    bring("members.csv", UNSUBSCRIBED)
    bring("cleaned.csv", CLEANED)
    # Not an import, however new its consents are.
    again = bring("again.csv", "email,subscribed\nann@example.org,2026-11-24\n")
    assert (again.accepted, again.suppressed) == (0, 1)


def test_an_export_with_dates_still_has_to_say_where_they_stem_from(bring):
    with pytest.raises(UsageError, match="--consent"):
        bring("members.csv", SUBSCRIBED, consent="")
    assert bring("cleaned.csv", CLEANED, consent="").listed == 1
