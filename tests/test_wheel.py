"""An installed wheel finds its templates, its configuration and the demo's town."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

RENDER = """
from bot.editions.digest import compile_email
from bot.editions.sample import sample_digest
from bot.settings import shipped
from bot.demo.running import SUBSCRIBERS
templates = shipped("templates")
assert "_data" in templates.parts, templates
assert (shipped("config") / "broadsheet.toml").is_file()
assert SUBSCRIBERS.is_file()
assert list((SUBSCRIBERS.parent / "town" / "articles").glob("*.md"))
print(len(compile_email(sample_digest((templates,))).html))
"""


@pytest.mark.slow
def test_an_installed_wheel_renders_a_digest(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    made = subprocess.run(
        [sys.executable, "-c", RENDER], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert int(made.stdout) > 5000
