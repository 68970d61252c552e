from __future__ import annotations

import struct
import zipfile

import pytest

from bot.audience import upload
from bot.audience.upload import look_through
from bot.errors import UsageError

CSV = "email\nida@example.org\n"


def _zip(folder, files, name="export.zip", how=zipfile.ZIP_DEFLATED):
    file = folder / name
    with zipfile.ZipFile(file, "w", how) as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    return file


def _read(found):
    texts = []
    for sheet in found.sheets:
        with found.open(sheet) as stream:
            texts.append(stream.read())
    return texts


def test_a_file_is_known_again_by_its_content(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text(CSV)
    two.write_text(CSV)
    assert look_through(one).digest == look_through(two).digest
    two.write_text(CSV + "tom@example.org\n")
    assert look_through(one).digest != look_through(two).digest
    assert (look_through(two).lines, _read(look_through(two))) == (3, [CSV + "tom@example.org\n"])


def test_those_who_must_not_be_mailed_are_read_first(tmp_path):
    names = ["a/subscribed_1.csv", "a/unsubscribed_1.csv", "a/cleaned_1.csv", "__MACOSX/a/._x.csv", "README.txt"]
    found = look_through(_zip(tmp_path, dict.fromkeys(names, CSV)))
    assert [each.name for each in found.sheets] == ["a/cleaned_1.csv", "a/unsubscribed_1.csv", "a/subscribed_1.csv"]
    assert _read(found) == [CSV] * 3


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    file = _zip(tmp_path, {"readers.csv": "0" * 50_000_000})
    assert file.stat().st_size < 100_000
    with pytest.raises(UsageError, match="packed more than 200 times"):
        look_through(file)


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path):
    file = _zip(tmp_path, {"readers.csv": "0" * 50_000_000})
    content = file.read_bytes()
    # In the local header and in the directory.
    lied = content.replace(struct.pack("<L", 50_000_000), struct.pack("<L", 1000))
    assert lied != content
    file.write_bytes(lied)
    with pytest.raises(UsageError, match="cannot be unpacked"):
        look_through(file)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"notes.txt": "x"}, "0 CSV files"),
        ({f"{number}.csv": "x" for number in range(101)}, "101 CSV files"),
        ({"xl/workbook.xml": "x"}, "is a spreadsheet; save it as CSV UTF-8"),
        ({"a.csv": b"email\n\xff\n"}, r"a\.csv: is not UTF-8 \(line 2\)"),
    ],
)
def test_an_archive_of_something_else_is_refused(tmp_path, files, said):
    with pytest.raises(UsageError, match=said):
        look_through(_zip(tmp_path, files))


def test_all_files_of_an_archive_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(upload, "MOST_BYTES", 30)
    with pytest.raises(UsageError, match="unpacked"):
        look_through(_zip(tmp_path, {"a.csv": CSV, "b.csv": CSV}))


@pytest.mark.parametrize("end", [10, 40, 100])
def test_an_archive_that_is_broken_off_is_refused(tmp_path, end):
    file = _zip(tmp_path, {"a.csv": CSV})
    file.write_bytes(file.read_bytes()[:end])
    with pytest.raises(UsageError, match=r"export\.zip: the ZIP archive cannot be unpacked"):
        look_through(file)


def test_an_encrypted_archive_is_refused(tmp_path):
    file = _zip(tmp_path, {"a.csv": CSV}, how=zipfile.ZIP_STORED)
    content = bytearray(file.read_bytes())
    # The flag of encryption, in the local header and in the directory.
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(bytes(content))
    with pytest.raises(UsageError, match="encrypted"):
        look_through(file)
