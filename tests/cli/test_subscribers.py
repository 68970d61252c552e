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
    said = broadsheet("subscribers", "import", "readers.csv")
    assert said.code == 1
    assert "1002 refused" in said.out
    assert said.out.rstrip().endswith("and 2 more rows")
