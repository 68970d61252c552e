from tests.bench.figure import Figure, Pairs, in_turns


def test_a_line_has_name_ratio_and_aim():
    assert Figure(name="throughput.sqlite", value=1.234, aim=1).line() == "throughput.sqlite 1.23 >=1"
    assert Figure(name="memory.peak", value=181.4, unit="MB", aim=200, at_most=True).line() == (
        "memory.peak 181MB <=200MB"
    )


def test_an_aim_is_a_least_or_a_largest_value():
    assert Figure(name="a", value=1.0, aim=1.0).met
    assert not Figure(name="a", value=0.99, aim=1.0).met
    assert Figure(name="a", value=1.0, aim=1.0, at_most=True).met
    assert not Figure(name="a", value=1.01, aim=1.0, at_most=True).met


def test_candidate_and_reference_are_measured_in_turns_and_each_is_compared_with_its_neighbour():
    calls = []
    ours, theirs = iter([100.0, 20.0, 300.0]), iter([50.0, 10.0, 1000.0])

    def candidate() -> float:
        calls.append("candidate")
        return next(ours)

    def reference() -> float:
        calls.append("reference")
        return next(theirs)

    assert in_turns(3, candidate, reference).ratio == 2.0
    assert calls == ["reference", "candidate"] * 3


def test_a_slow_minute_of_the_machine_does_not_change_the_ratio():
    assert Pairs([1000, 100, 1000], [500, 50, 500]).ratio == 2.0
