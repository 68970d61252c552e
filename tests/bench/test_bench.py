"""The benchmark itself at tiny sizes: the whole way from an installation to a line."""

import json

import pytest

from tests.bench.__main__ import main
from tests.bench.sink import Sink, Source, arrived

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.usefixtures("postfix_tools", "bench_cache")]


def test_a_send_is_measured_against_smtp_source_and_both_are_counted_by_the_sink(tmp_path, capfd):
    file = tmp_path / "bench.json"
    assert main(["sqlite", "enqueue", "--messages=30", "--large=40", "--repeats=1", f"--json={file}"]) == 0
    lines = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [
        ("throughput.sqlite", ">=1"),
        ("enqueue.over_bare_insert", "<=2"),
        ("enqueue.seconds", "<=5s"),
    ]
    kept = {row["name"]: row for row in json.loads(file.read_text())}
    raw = kept["throughput.sqlite"]["raw"]
    assert kept["throughput.sqlite"]["arguments"] == "--messages 30 --large 40 --repeats 1"
    assert raw["messages"] == 30
    assert 18_000 <= raw["bytes"] <= 22_000
    assert raw["ratios"] == [pytest.approx(raw["candidate"][0] / raw["reference"][0], rel=0.05)]


def test_a_sink_that_did_not_get_all_is_told(tmp_path):
    with Sink(tmp_path) as sink:
        assert Source(sink, 2_000).rate(10) > 0
        assert sink.count() == 10
        with pytest.raises(RuntimeError, match="counted 0 messages, not 1"):
            arrived(sink, 10, 1, "somebody", patience=0.1)


def test_a_figure_that_does_not_exist_is_named_with_those_that_do(capsys):
    with pytest.raises(SystemExit):
        main(["thruput"])
    assert "there is no thruput; there are: sqlite, dkim" in capsys.readouterr().err
