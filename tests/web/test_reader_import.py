from __future__ import annotations

import csv
import io

import pytest

from bot.model import ImportStage
from bot.schedules.imports import import_due
from bot.web.editor import reader_import

CONSENT = "signed list at the Coast Press Day 2026"
HOSTILE = "<script>alert('x')</script>"
FILE = (
    "E-Mail,Full name,agreed\n"
    "ida@example.org,Ida,2025-03-01\n"
    f"jo@@x,{HOSTILE},2025-03-01\n"
    "tom@example.org,=1+1,yesterday\n"
)


async def _upload(web, content=FILE, name="conference-2026.csv"):
    answer = await web.post("/audience/upload", files={"file": (name, content.encode())})
    assert answer.status_code == 303, answer.text
    return "/audience/imports/" + answer.headers["location"].rpartition("/")[2]


async def _choose(web, path, **fields):
    columns = {"column-email": "e-mail", "column-name": "full name", "column-subscribed": "agreed"}
    return await web.post(f"{path}/columns", data={"audience": "readers", "consent": CONSENT, **columns, **fields})


def _readers(web):
    with web.store.read() as tx:
        return sorted(each.address for each in tx.subscribers.every())


async def test_a_file_becomes_readers_in_four_steps_and_each_page_says_where_it_stands(web):
    path = await _upload(web)
    columns = (await web.get(path)).text
    assert "What its columns mean" in columns
    assert "ida@example.org" in columns
    assert '<option value="full name" selected>' in columns
    assert (await _choose(web, path)).status_code == 303
    assert "hx-trigger" in (await web.get(path)).text
    import_due(web.installation)
    tried = (await web.get(path)).text
    assert "Import 1 new reader" in tried
    assert "not a mail address" in tried
    assert "not a date" in tried
    assert _readers(web) == []
    assert (await web.post(f"{path}/begin")).status_code == 303
    assert "Pause" in (await web.get(path)).text
    import_due(web.installation)
    done = (await web.get(path)).text
    assert "What became of the rows" in done
    assert "the trial run said" in done
    assert _readers(web) == ["ida@example.org"]
    assert "conference-2026.csv" in (await web.get("/audience/imports")).text


async def test_what_stands_in_a_file_is_shown_and_runs_nothing(web):
    path = await _upload(web, FILE.replace("Full name", HOSTILE), f"{HOSTILE}.csv")
    pages = [(await web.get(path)).text]
    await _choose(web, path, **{"column-name": HOSTILE.lower(), "consent": f"{CONSENT} {HOSTILE}"})
    import_due(web.installation)
    pages.append((await web.get(path)).text)
    pages.append((await web.get("/audience/imports")).text)
    for page in pages:
        assert "<script>alert" not in page


async def test_refused_rows_are_a_file_that_can_be_corrected_and_runs_nothing(web):
    path = await _upload(web)
    await _choose(web, path)
    import_due(web.installation)
    answer = await web.get(f"{path}/refused.csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["E-Mail", "Full name", "agreed", "refused_line", "refused_reason"]
    assert [row[:2] for row in rows[1:]] == [["jo@@x", HOSTILE], ["tom@example.org", "'=1+1"]]
    assert answer.headers["content-disposition"].startswith("attachment")
    with web.store.read() as tx:
        (act,) = [each for each in tx.acts.newest() if each.what == "export refused rows"]
    assert (act.thing, act.note) == ("audience:readers", "2 rows, to a browser")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"consent": "yes"}, "Say where and how they agreed"),
        ({"column-email": ""}, "which column holds the addresses"),
        ({"column-email": "nowhere"}, "has no column"),
        ({"audience": ""}, "Choose the audience"),
    ],
)
async def test_what_is_missing_is_said_and_what_was_chosen_is_kept(web, fields, words):
    path = await _upload(web)
    answer = await _choose(web, path, **fields)
    assert answer.status_code == 422
    assert words in answer.text
    if "consent" not in fields:
        assert CONSENT in answer.text
    with web.store.read() as tx:
        assert tx.reader_imports.get(path.rpartition("/")[2]).stage is ImportStage.COLUMNS


@pytest.mark.parametrize(("content", "words"), [(b"", "Choose a file"), (b"PK\x03\x04x", "cannot be unpacked")])
async def test_a_file_that_is_none_is_refused_at_the_field(web, content, words):
    files = {"file": ("x.csv", content)} if content else {"other": ("x.csv", b"y")}
    answer = await web.post("/audience/upload", files=files)
    assert answer.status_code == 422
    assert words in answer.text


async def test_only_the_upload_takes_a_large_body(web):
    large = b"email\n" + b"ida@example.org\n" * 10_000
    assert len(large) > 65_536
    assert (await web.post("/audience/upload", files={"file": ("x.csv", large)})).status_code == 303
    assert (await web.post("/audience/add", files={"file": ("x.csv", large)})).status_code == 413


async def test_an_upload_beyond_the_limit_is_refused_before_it_is_read(web):
    headers = {"Content-Length": str(reader_import.MAX_BODY + 1), "Content-Type": "multipart/form-data; boundary=x"}
    assert (await web.post("/audience/upload", content=b"", headers=headers)).status_code == 413


async def test_the_page_of_another_step_is_loaded_anew(web):
    path = await _upload(web)
    await _choose(web, path)
    live = {"HX-Request": "true"}
    assert (await web.get(f"{path}?was=trying", headers=live)).status_code == 200
    import_due(web.installation)
    answer = await web.get(f"{path}?was=trying", headers=live)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")


async def test_columns_can_be_changed_after_the_trial(web):
    path = await _upload(web)
    await _choose(web, path)
    import_due(web.installation)
    assert "What its columns mean" in (await web.get(f"{path}?step=columns")).text
    await _choose(web, path, **{"column-subscribed": ""})
    import_due(web.installation)
    assert "Import 2 new readers" in (await web.get(path)).text


async def test_a_file_is_deleted_but_not_while_it_is_worked_on(web):
    path = await _upload(web)
    await _choose(web, path)
    await web.post(f"{path}/delete")
    assert (await web.get(path)).status_code == 200
    import_due(web.installation)
    await web.post(f"{path}/delete")
    assert (await web.get(path)).status_code == 404
    with web.store.read() as tx:
        assert tx.counts()["reader_import_refusals"] == 0


async def test_an_import_is_paused_and_gone_on_with(web):
    path = await _upload(web)
    await _choose(web, path)
    import_due(web.installation)
    await web.post(f"{path}/begin")
    await web.post(f"{path}/pause")
    page = (await web.get(path)).text
    assert "Go on" in page
    import_due(web.installation)
    assert _readers(web) == []
    await web.post(f"{path}/begin")
    import_due(web.installation)
    assert _readers(web) == ["ida@example.org"]


@pytest.mark.parametrize("id", ["0" * 16, "x", "../../x", "A" * 16])
async def test_an_import_that_is_not_there_is_not_found(web, id):
    for path in (f"/audience/imports/{id}", f"/audience/imports/{id}/refused.csv"):
        assert (await web.get(path)).status_code in (404, 422)
    assert (await web.post(f"/audience/imports/{id}/begin")).status_code in (404, 422)


async def test_a_column_is_called_as_the_file_calls_it(web):
    path = await _upload(web, "E-Mail;Wie heißt;OK?\nida@example.org;Ida;ja\ntom@example.org;Tom;nein\n")
    columns = (await web.get(path)).text
    assert '<option value="ok?" selected>' in columns
    chosen = {"column-email": "e-mail", "column-name": "wie heisst", "column-subscribed": "", "column-agreed": "ok?"}
    await _choose(web, path, **chosen)
    import_due(web.installation)
    tried = (await web.get(path)).text
    assert "Wie heißt" in tried
    assert "wie heisst" not in tried
    assert "did not agree" in tried
    assert "Import 1 new reader" in tried
