"""An installed wheel finds its templates, its configuration and the demo's town."""

from __future__ import annotations

import os
import shutil
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
from bot.editions.typeface import STYLES, SHIPPED, setting
assert all(setting("The ferry returns", "en", style).faces[0].path.parent == SHIPPED for style in STYLES)
print(len(compile_email(sample_digest((templates,))).html))
"""


def built(root: Path, into: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.mark.slow
def test_a_wheel_holds_no_secret_of_the_newsroom_it_was_built_in(tmp_path):
    root = tmp_path / "checkout"
    for name in ("bot", "config", "templates"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "town"))
    for name in ("pyproject.toml", "README.md", ".gitignore"):
        shutil.copy(ROOT / name, root / name)
    for name in (".env", "dkim-bs20261125.pem", "readers.csv"):
        (root / "config" / name).write_text("secret")
    with zipfile.ZipFile(built(root, tmp_path)) as archive:
        held = {name.removeprefix("bot/_data/config/") for name in archive.namelist() if "_data/config/" in name}
        assert {"broadsheet.toml", ".env.example", "systemd/broadsheet.service"} <= held
        assert not [name for name in archive.namelist() if archive.read(name) == b"secret"]


@pytest.mark.slow
def test_an_installed_wheel_renders_a_digest(tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(built(ROOT, tmp_path)) as archive:
        archive.extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    made = subprocess.run(
        [sys.executable, "-c", RENDER], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert int(made.stdout) > 5000
