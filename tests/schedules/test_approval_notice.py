"""Those who may approve are mailed when an edition begins to wait for them, with a link to where it is decided."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from bot.demo.mailbox import mailbox
from bot.model import EditionState, Role, User
from bot.schedules import deciding, editing
from bot.schedules.plan import Slot
from bot.schedules.slot import make
from bot.schedules.ticker import alert_now
from bot.testing import NOW

SLOT = Slot("morning", "2026-11-24T07:00", NOW)
LATER = timedelta(minutes=5)
HOSTILE = "Tunnel <script>alert(1)</script> shuts"
PEOPLE = (("Ann", Role.APPROVER, False), ("Tom", Role.EDITOR, False), ("Eva", Role.ADMIN, True))


@pytest.fixture
def desk(newsroom, publish, store, clock, tmp_path):
    """An installation whose alerts go over a real mailbox, and its edition; of its people one approves."""
    with mailbox(tmp_path / "mails") as port:

        def build(extra="approval = true", title="Tunnel shuts"):
            clock.moment = NOW - timedelta(minutes=30)
            with store.write() as tx:
                for name, role, disabled in PEOPLE:
                    user = User(id=0, name=name, address=f"{name.lower()}@record.example", role=role)
                    added = tx.users.add(user, name_key=name.casefold(), password="none", now=NOW)
                    if disabled:
                        tx.users.set_disabled(added, NOW)
            publish(title, body="<p>It costs £2.4 million.</p>", standfirst="", hours=1)
            installation = newsroom(
                f'prepare_before = "90m"\n{extra}\n[images]\nhost = false\n[http]\nallow_loopback = true\n'
                '[channels.desk]\ntype = "email"\nfrom = "The Record <desk@record.example>"\nhost = "127.0.0.1"\n'
                f'port = {port}\nsecurity = "none"\n'
                '[alerts]\nchannels = ["desk"]\nto = ["night@record.example"]\n'
            )
            return installation, make(installation, "morning", SLOT, clock())

        yield build


@pytest.fixture
def told(clock, tmp_path):
    """Lets five minutes pass, and tells; returns the mails that came of it by address."""
    seen = set()

    def tell(installation):
        clock.moment += LATER
        alert_now(installation)
        files = set((tmp_path / "mails").glob("*.eml")) - seen
        seen.update(files)
        mails = [message_from_bytes(each.read_bytes(), policy=policy.default) for each in files]
        return {each["To"].addresses[0].addr_spec: each for each in mails}

    return tell


def _parts(mail):
    return [mail.get_body([kind]).get_content() for kind in ("plain", "html")]


def test_who_may_approve_is_mailed_once_with_the_link_to_the_edition(desk, told):
    installation, made = desk()
    mails = told(installation)
    assert sorted(mails) == ["ann@record.example", "night@record.example"]
    assert told(installation) == {}
    mail = mails["ann@record.example"]
    assert mail["Subject"] == "Morning briefing waits for your approval"
    for text in _parts(mail):
        assert f"https://news.record.example/editions/{made.id}" in text
        assert "Tunnel shuts" in text
        assert "1 reader" in text
        assert "it is held" in text
    with installation.store.read() as tx:
        assert tx.editions.state(made.id) is EditionState.AWAITING


def test_who_asks_for_approval_has_the_approvers_told(desk, told, clock):
    installation, made = desk(extra="")
    assert told(installation) == {}
    deciding.ask(installation, made.id, who="Tom", now=clock())
    assert "ann@record.example" in told(installation)


def test_after_a_change_the_approvers_are_asked_again_and_told_what_is_wrong_in_it(desk, told, clock):
    installation, made = desk()
    told(installation)
    deciding.approve(installation, made.id, version=1, who="Ann", now=clock())
    clock.moment += LATER
    lead = made.stories[0].article.id
    editing.tell(installation, made.id, lead, summary="It costs £4.2 million.", version=1, who="Tom", now=clock())
    plain, _ = _parts(told(installation)["ann@record.example"])
    assert "Changed by Tom after it was approved" in plain
    assert "£4.2 million" in plain


def test_a_hostile_title_is_text_in_the_mail(desk, told):
    installation, _ = desk(title=HOSTILE)
    _, html = _parts(told(installation)["ann@record.example"])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
