from __future__ import annotations

import pytest


def test_adding_says_in_one_stable_word_what_became_of_the_address(broadsheet, folder):
    said = broadsheet("subscribers", "add", "ida@example.org", "--json")
    assert (said.code, said.value["result"]) == (0, "new")
    said = broadsheet("subscribers", "add", "ida@example.org", "--json")
    assert (said.code, said.value["result"], said.err.count("\n")) == (3, "known", 1)
    broadsheet("suppressions", "add", "tom@example.org")
    said = broadsheet("subscribers", "add", "tom@example.org", "--json")
    assert (said.code, said.value["result"], said.err.count("\n")) == (1, "suppressed", 1)
    assert "suppressions remove" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("suppressions", "add", "ida@example.org"),
        ("suppressions", "remove", "ida@example.org"),
        ("subscribers", "list"),
        ("subscribers", "export"),
        ("subscribers", "export", "out.csv"),
    ],
)
def test_an_audience_that_does_not_exist_is_named_with_the_nearest(broadsheet, folder, arguments):
    said = broadsheet(*arguments, "--audience", "raeders")
    assert said.code == 1
    assert 'did you mean "readers"' in said.err
    assert not (folder / "out.csv").exists()
    assert broadsheet("suppressions", "list", "--json").value == []


def test_an_export_as_json_is_rows(broadsheet, folder):
    broadsheet("subscribers", "add", "ida@example.org", "--name", "Ida")
    (row,) = broadsheet("subscribers", "export", "--json").value
    assert (row["address"], row["name"]) == ("ida@example.org", "Ida")
    assert row["subscribed"].endswith("+00:00")


def test_acts_on_readers_are_on_record_without_their_addresses(broadsheet, folder):
    broadsheet("subscribers", "add", "ida@example.org")
    broadsheet("subscribers", "export", "out.csv")
    broadsheet("suppressions", "add", "ida@example.org", "--audience", "readers")
    broadsheet("suppressions", "remove", "ida@example.org", "--audience", "readers")
    said = broadsheet("acts", "--json")
    assert [each["what"] for each in said.value] == ["allow", "suppress", "export subscribers", "subscribe"]
    assert "ida" not in said.out


def test_an_import_of_nonsense_tells_no_more_than_a_screenful_and_counts_the_rest(broadsheet, folder):
    (folder / "readers.csv").write_text("email\n" + "nonsense\n" * 1002)
    said = broadsheet("subscribers", "import", "readers.csv", "--consent", "the form")
    assert said.code == 1
    assert "1002 refused" in said.out
    assert "and 2 more rows" in said.out
    assert "readers.refused.csv" in said.out


def test_an_import_names_what_is_missing(broadsheet, folder):
    (folder / "readers.csv").write_text("Post\nida@example.org\n")
    said = broadsheet("subscribers", "import", "readers.csv", "--consent", "the form")
    assert (said.code, said.err.count("\n")) == (2, 1)
    said = broadsheet("subscribers", "import", "readers.csv", "--map", "email=Mail")
    assert 'no column "Mail"; the columns it names: Post' in said.err
    assert "the fields: email, name" in broadsheet("subscribers", "import", "readers.csv", "--map", "mail=Mail").err
    said = broadsheet("subscribers", "import", "readers.csv", "--map", "email=post")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "--consent" in said.err
    said = broadsheet("subscribers", "import", "readers.csv", "--map", "email=post", "--consent", "the form", "--json")
    assert (said.code, said.value["accepted"], said.value["files"]) == (0, 1, [])


def test_a_dry_run_stores_nothing(broadsheet, folder):
    (folder / "readers.csv").write_text("email\nida@example.org\n")
    said = broadsheet("subscribers", "import", "readers.csv", "--consent", "the form", "--dry-run")
    assert (said.code, said.out) == (0, "1 accepted; nothing was stored\n")
    assert broadsheet("subscribers", "list", "--json").value == []
    assert broadsheet("acts", "--json").value == []


def test_an_export_is_imported_into_another_newsroom_as_it_was(broadsheet, folder):
    broadsheet("subscribers", "add", "ida@example.org", "--name", "Ida", "--note", "asked at the fair")
    broadsheet("subscribers", "export", "out.csv")
    before = broadsheet("subscribers", "export", "--json").value
    broadsheet("subscribers", "forget", "ida@example.org")
    assert "1 suppressed" in broadsheet("subscribers", "import", "out.csv").out
    for file in (folder / "var").glob("*"):
        file.unlink()
    said = broadsheet("subscribers", "import", "out.csv")
    assert (said.code, said.out.splitlines()) == (0, ["1 accepted", "read as an export of broadsheet"])
    assert broadsheet("subscribers", "export", "--json").value == before


@pytest.mark.parametrize("what", ["subscribers", "suppressions"])
def test_an_export_is_for_its_owners_eyes_and_a_dash_is_the_standard_output(broadsheet, folder, what):
    broadsheet("subscribers", "add", "ida@example.org")
    broadsheet("suppressions", "add", "tom@example.org")
    broadsheet(what, "export", "out.csv")
    assert (folder / "out.csv").stat().st_mode & 0o777 == 0o600
    said = broadsheet(what, "export", "-")
    assert said.out.splitlines() == (folder / "out.csv").read_text("utf-8").splitlines()
    assert not (folder / "-").exists()


def test_all_that_is_held_on_a_reader_is_shown(broadsheet, folder):
    broadsheet("subscribers", "add", "ida@example.org", "--name", "Ida", "--note", "asked at the fair")
    held = broadsheet("subscribers", "show", "Ida@example.org", "--json").value
    assert (held["address"], held["name"]) == ("ida@example.org", "Ida")
    assert held["subscriptions"][0]["consent_note"] == "asked at the fair"
    assert "readers: subscribed" in broadsheet("subscribers", "show", "ida@example.org").out
    assert broadsheet("subscribers", "show", "tom@example.org").code == 1


def test_a_list_of_suppressions_goes_out_and_comes_back(broadsheet, folder):
    broadsheet("suppressions", "add", "tom@example.org", "--note", "asked by telephone")
    broadsheet("subscribers", "add", "ida@example.org")
    broadsheet("subscribers", "forget", "ida@example.org")
    before = broadsheet("suppressions", "export", "--json").value
    assert len(before) == 2
    assert "ida@" not in str(before)
    broadsheet("suppressions", "export", "out.csv")
    assert "ida@" not in (folder / "out.csv").read_text()
    (folder / "var" / "broadsheet.db").unlink()
    said = broadsheet("suppressions", "import", "out.csv")
    assert said.out == "2 put on the list of those who are never mailed\n"
    assert broadsheet("suppressions", "export", "--json").value == before
    # Also the address whose hash alone came back.
    assert broadsheet("subscribers", "add", "ida@example.org").code == 1


def test_a_plain_list_needs_a_reason(broadsheet, folder):
    (folder / "list.txt").write_text("tom@example.org\nann@example.org\n")
    said = broadsheet("suppressions", "import", "list.txt")
    assert (said.code, "--reason" in said.out) == (1, True)
    said = broadsheet("suppressions", "import", "list.txt", "--reason", "Bounced", "--json")
    assert (said.code, said.value["listed"]) == (0, 2)
    assert {each["reason"] for each in broadsheet("suppressions", "list", "--json").value} == {"bounced"}
