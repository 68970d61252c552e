import shutil
import smtplib
import tempfile
from pathlib import Path

import dkim
import pytest

from tests.bench.proof import as_sent
from tests.bench.signing import dkim_key
from tests.bench.sink import Sink

MESSAGE = (
    b"From: a@record.example\r\nX-Note: first\r\nReceived: from elsewhere\r\n\tby here\r\nSubject: a\r\n\tb\r\n\r\n"
    b".a line with a point\r\n\r\nReceived: in the body\r\n--=_end--\r\n"
)


@pytest.fixture
def open_folder():
    """A folder that smtp-sink can enter once it has given up root; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-bench-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.real
@pytest.mark.usefixtures("postfix_tools")
def test_what_the_sink_kept_is_read_byte_for_byte_as_it_was_sent(open_folder):
    with Sink(open_folder, dump=open_folder / "dump") as sink, smtplib.SMTP("127.0.0.1", sink.port) as smtp:
        smtp.sendmail("a@record.example", "b@readers.test", MESSAGE)
    (file,) = (open_folder / "dump").iterdir()
    assert as_sent(file.read_bytes()) == MESSAGE


def test_a_signature_is_verified_with_the_key_it_was_made_with(tmp_path):
    key = dkim_key(tmp_path)
    private = (tmp_path / "dkim.pem").read_bytes()
    signed = dkim.sign(MESSAGE, b"bench", b"record.example", private) + MESSAGE
    assert key.verifies(signed)
    assert not key.verifies(MESSAGE)
    assert not key.verifies(signed.replace(b"with a point", b"with no point"))
