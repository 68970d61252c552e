from __future__ import annotations

import sqlite3

import pytest
import typer

from bot.cli import COMMANDS, application
from bot.demo.mailbox import mailbox
from bot.testing import NEWSROOM


@pytest.fixture
def mails(folder):
    """A mailbox of this machine, and the configuration that knows it."""
    inbox = folder / "mailbox"
    with mailbox(inbox) as port:
        text = (folder / "config" / "broadsheet.toml").read_text().replace("port = 9", f"port = {port}")
        (folder / "config" / "broadsheet.toml").write_text(text)
        yield lambda: sorted(file.name for file in inbox.glob("*.eml"))


def test_help_needs_no_configuration(broadsheet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = broadsheet("--help")
    assert said.code == 0
    assert "preview" in said.out


@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_alone_brings_its_module_and_no_other(module):
    for name in COMMANDS[module]:
        assert sorted(typer.main.get_command(application(name)).commands) == sorted(COMMANDS[module])


def test_the_help_and_a_slip_of_the_hand_know_all_commands(broadsheet):
    every = {name for names in COMMANDS.values() for name in names}
    assert set(typer.main.get_command(application()).commands) == every
    assert set(typer.main.get_command(application("--help")).commands) == every
    assert "deliveries" in broadsheet("deliverys").err


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("run",), ("preview", "morning", "--nonsense"), ("deliveries", "--state", "lost"), ("pause",),
     ("resolve", "1", "--as", "maybe"), ("articles", "--since", "lately")],
)  # fmt: skip
def test_wrong_use_is_one_line_and_exit_code_two(broadsheet, folder, arguments):
    said = broadsheet(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("broadsheet: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [("run", "mornign"), ("approve", "nosuchid"), ("collect", "sight"), ("subscribers", "forget", "nobody@example.org"),
     ("channels", "test", "male")],
)  # fmt: skip
def test_what_does_not_exist_is_one_line_and_exit_code_one(broadsheet, folder, arguments):
    said = broadsheet(*arguments)
    assert said.code == 1
    assert said.err.count("\n") == 1


def test_a_folder_without_configuration_says_what_to_do(broadsheet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = broadsheet("editions")
    assert said.code == 1
    assert "broadsheet init" in said.err


def test_a_fault_of_the_program_is_one_line_without_a_traceback(broadsheet, folder, monkeypatch):
    monkeypatch.delenv("BROADSHEET_DEBUG", raising=False)
    monkeypatch.setattr("bot.schedules.ticker.collect", lambda *_: 1 / 0)
    said = broadsheet("collect")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "ZeroDivisionError" in said.err


def test_collect_says_what_each_source_brought(broadsheet, folder):
    assert broadsheet("collect", "--json").value[0]["new"] == 3
    (folder / "articles" / "ferry.md").unlink()
    (folder / "articles" / "library.md").write_text("---\ntitle: The map room is closed\n---\nIt is closed.\n")
    (report,) = broadsheet("collect", "articles", "--json").value
    assert (report["new"], report["changed"], report["withdrawn"], report["unchanged"]) == (0, 1, 1, 1)
    known = {each["title"]: each for each in broadsheet("articles", "--json").value}
    assert known["The night ferry returns on Friday"]["withdrawn"]
    assert known["The map room is closed"]["revision"] == 2


def test_a_preview_writes_everything_and_stores_nothing(broadsheet, folder):
    said = broadsheet("preview", "morning", "--out", "out", "--json")
    assert said.code == 0
    assert len(said.value["stories"]) == 3
    html = (folder / "out" / "digest.html").read_text()
    text = (folder / "out" / "digest.txt").read_text()
    mail = (folder / "out" / "digest.eml").read_bytes()
    for title in ("The night ferry returns on Friday", "Fish is auctioned in whispers"):
        assert title.replace(" ", "") in html.replace("\xa0", "").replace("&nbsp;", "").replace(" ", "")
        assert title in " ".join(text.split())
    assert "__S" not in html + text
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail
    assert (folder / "out" / "selection.json").exists()
    counts = broadsheet("db", "stats", "--json").value
    # A new store says by which key it knows addresses.
    assert {name for name, rows in counts.items() if rows} == {"flags"}


def test_a_run_sends_to_everybody_once_and_the_next_has_nothing_to_do(broadsheet, folder, mails):
    for name in ("ada", "bo", "cy"):
        assert broadsheet("subscribers", "add", f"{name}@example.org").code == 0
    first = broadsheet("run", "morning", "--json")
    assert first.code == 0, first.err
    assert first.value["state"] == "sent"
    assert first.value["deliveries"] == {"accepted": 3}
    assert len(mails()) == 3
    second = broadsheet("run", "morning")
    assert second.code == 3
    assert "nothing is sent twice" in second.err
    extra = broadsheet("run", "morning", "--extra")
    assert extra.code == 3
    assert len(mails()) == 3


def test_a_dry_run_says_what_would_go_out_and_sends_nothing(broadsheet, folder, mails):
    broadsheet("subscribers", "add", "ada@example.org")
    assert broadsheet("run", "morning", "--dry-run").code == 0
    assert mails() == []
    assert broadsheet("editions", "--json").value == []


def test_a_run_says_what_is_to_mend_and_sends_all_the_same(broadsheet, folder, mails):
    file = folder / "config" / "broadsheet.toml"
    file.write_text(file.read_text() + "subject = \"{{ '{{' }} lead.title }}\"\n")
    broadsheet("subscribers", "add", "ada@example.org")
    said = broadsheet("run", "morning")
    assert "preflight: 1 to mend" in said.out
    assert "Braces of a template stand in the subject" in said.out
    assert len(mails()) == 1


def test_an_edition_that_needs_approval_waits_for_it(broadsheet, folder, mails):
    file = folder / "config" / "broadsheet.toml"
    file.write_text(file.read_text() + "approval = true\nif_unapproved = 'hold'\n")
    broadsheet("subscribers", "add", "ada@example.org")
    made = broadsheet("run", "morning", "--json").value
    assert made["state"] == "awaiting"
    assert mails() == []
    assert broadsheet("return", made["edition"]).code == 2
    assert broadsheet("return", made["edition"], "--note", "check the figure").code == 0
    assert broadsheet("editions", made["edition"], "--json").value["state"] == "drafted"
    assert broadsheet("ask", made["edition"]).code == 0
    assert broadsheet("approve", made["edition"], "--note", "looks right").code == 0
    assert broadsheet("approve", made["edition"]).code == 1
    acts = broadsheet("acts", "--json").value
    assert "approve" in [each["what"] for each in acts]


def test_a_cancelled_edition_sends_nothing(broadsheet, folder, mails):
    file = folder / "config" / "broadsheet.toml"
    file.write_text(file.read_text() + "approval = true\n")
    broadsheet("subscribers", "add", "ada@example.org")
    made = broadsheet("run", "morning", "--json").value
    assert broadsheet("cancel", made["edition"]).code == 0
    assert broadsheet("editions", made["edition"], "--json").value["state"] == "cancelled"
    assert mails() == []


def test_a_test_mail_goes_to_one_address_and_is_marked(broadsheet, folder, mails):
    broadsheet("subscribers", "add", "ada@example.org")
    assert broadsheet("test-send", "morning", "--to", "editor@record.example").code == 0
    (mail,) = mails()
    content = (folder / "mailbox" / mail).read_bytes()
    assert b"Subject: [Test] " in content
    assert b"To: editor@record.example" in content
    assert broadsheet("editions", "--json").value == []


def test_a_server_that_is_down_defers_and_says_when_it_tries_again(broadsheet, folder):
    broadsheet("subscribers", "add", "ada@example.org")
    said = broadsheet("run", "morning", "--json")
    assert said.code == 1
    assert said.value["state"] == "sending"
    assert said.value["deliveries"] == {"deferred": 1}
    assert said.value["next_try"]


def test_schedules_show_their_slots_and_mark_clock_changes(broadsheet, folder):
    text = (folder / "config" / "broadsheet.toml").read_text()
    berlin = text.replace('timezone = "UTC"', 'timezone = "Europe/Berlin"').replace("0 7 * * *", "30 2 28 3 *")
    (folder / "config" / "broadsheet.toml").write_text(berlin)
    (slot,) = broadsheet("schedules", "morning", "--next", "1", "--json").value
    assert slot["local"].startswith("2027-03-28 03:00")
    assert slot["note"]


def test_an_import_says_row_by_row_what_became_of_it(broadsheet, folder):
    broadsheet("subscribers", "add", "known@example.org")
    broadsheet("suppressions", "add", "gone@example.org")
    (folder / "readers.csv").write_text(
        "address,name,subscribed\nada@example.org,Ada,2026-03-01\nknown@example.org,,\ngone@example.org,,\nnonsense,,\n"
    )
    said = broadsheet("subscribers", "import", "readers.csv", "--consent", "our form", "--json").value
    assert (said["accepted"], said["known"], said["suppressed"], said["refused"]) == (1, 1, 1, 1)
    assert [(each["line"], bool(each["reason"])) for each in said["refusals"]] == [(5, True)]
    listed = {each["address"] for each in broadsheet("subscribers", "list", "--json").value}
    assert listed == {"ada@example.org", "known@example.org"}


def test_an_export_can_be_imported_again(broadsheet, folder):
    for address in ("ada@example.org", "+plus@example.org", "用户@例え.jp"):
        broadsheet("subscribers", "add", address)
    assert broadsheet("subscribers", "export", "out.csv").code == 0
    broadsheet("subscribers", "forget", "ada@example.org")
    said = broadsheet("subscribers", "import", "out.csv", "--json").value
    assert (said["known"], said["suppressed"], said["refused"]) == (2, 1, 0)


def test_a_forgotten_address_is_nowhere_in_the_store(broadsheet, folder, mails):
    broadsheet("subscribers", "add", "ada.lovelace@example.org", "--name", "Ada")
    broadsheet("run", "morning")
    assert broadsheet("subscribers", "forget", "ada.lovelace@example.org").code == 0
    with sqlite3.connect(folder / "var" / "broadsheet.db") as store:
        assert not [line for line in store.iterdump() if "lovelace" in line]


def test_init_never_overwrites_a_newsroom(broadsheet, folder):
    before = (folder / "config" / "broadsheet.toml").read_text()
    said = broadsheet("init", folder, "--url", "http://127.0.0.1:1")
    assert said.code in (1, 2)
    assert (folder / "config" / "broadsheet.toml").read_text() == before


def test_no_command_shows_a_secret(broadsheet, folder, monkeypatch):
    monkeypatch.setenv("BROADSHEET_MAIL_PASSWORD", "hush-hush-secret")
    file = folder / "config" / "broadsheet.toml"
    file.write_text(file.read_text().replace('security = "none"', 'security = "none"\nusername = "bot"'))
    for arguments in (
        ("check",),
        ("run", "morning"),
        ("channels",),
        ("channels", "test", "mail"),
        ("editions",),
    ):
        said = broadsheet(*arguments)
        assert "hush-hush-secret" not in said.out + said.err
    (folder / "config" / "broadsheet.toml").write_text(NEWSROOM + '[channels.mail]\ntype="email"\npassword="hush-2"\n')
    said = broadsheet("check")
    assert said.code == 1
    assert "hush-2" not in said.out + said.err
    assert "BROADSHEET_MAIL_PASSWORD" in said.out


@pytest.mark.parametrize("arguments", [(), ("db",), ("subscribers",)])
def test_a_group_called_alone_shows_its_commands_line_by_line(broadsheet, folder, arguments):
    said = broadsheet(*arguments)
    assert said.code == 0
    assert said.err == ""
    assert said.out.count("\n") > 5
