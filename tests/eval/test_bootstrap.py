"""The interval of a difference."""

from __future__ import annotations

from random import Random

import pytest

from tests.eval.bootstrap import difference


def test_a_constant_difference_is_certain() -> None:
    found = difference([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
    assert (found.mean, found.low, found.high, found.clear) == (1.0, 1.0, 1.0, True)


def test_noise_is_not_clear_of_zero() -> None:
    rng = Random(3)
    ours, theirs = [rng.gauss(0, 1) for _ in range(200)], [rng.gauss(0, 1) for _ in range(200)]
    found = difference(ours, theirs)
    assert found.low < found.mean < found.high
    assert not found.clear


def test_it_is_paired() -> None:
    # Articles differ by far more than the methods do.
    theirs = [float(each) for each in range(0, 100, 5)]
    ours = [each + (0.5 if at % 2 else 1.5) for at, each in enumerate(theirs)]
    found = difference(ours, theirs)
    assert found.clear
    assert found.high - found.low < 1


def test_the_interval_is_as_wide_as_theory_says() -> None:
    rng = Random(5)
    deltas = [rng.gauss(1, 2) for _ in range(400)]
    found = difference(deltas, [0.0] * 400, resamples=4000)
    assert found.high - found.low == pytest.approx(2 * 1.96 * 2 / 20, rel=0.15)


def test_the_same_seed_gives_the_same_interval() -> None:
    ours, theirs = [1.0, 5.0, 2.0], [0.0, 6.0, 1.0]
    assert difference(ours, theirs, seed=4) == difference(ours, theirs, seed=4)
