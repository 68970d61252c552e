from __future__ import annotations

import os
import subprocess
import sys

from bot.delivery import owner


def test_this_process_lives():
    assert not owner.has_died(owner.this_process())


def test_a_process_that_ended_has_died():
    command = [sys.executable, "-c", "from bot.delivery import owner; print(owner.this_process())"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert owner.has_died(ended)


def test_a_number_given_to_another_process_since_is_not_taken_for_the_old_one():
    host, pid, started = owner.this_process().rsplit("/", 2)
    assert "/" not in host
    assert started != ""
    assert owner.has_died(f"{host}/{pid}/{int(started) - 1}")


def test_of_other_machines_and_of_nonsense_nothing_is_said():
    assert not owner.has_died(f"another-machine/{os.getpid()}/1")
    assert not owner.has_died("nonsense")
    assert not owner.has_died("")


def test_a_container_of_the_same_name_is_another_place():
    host, pid, started = owner.this_process().rsplit("/", 2)
    assert host.count("-") >= 2
    elsewhere = host.rpartition("-")[0] + "-1"
    assert not owner.has_died(f"{elsewhere}/999999/{started}")
    assert owner.has_died(f"{host}/4194303/{started}")
