"""What is not documented fails here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bot.channels import base as channels
from bot.cli.reference import commands_page
from bot.schedules.reference import configuration_page
from bot.sources import base as sources

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def test_the_configuration_page_is_what_the_settings_say():
    assert (DOCS / "configuration.md").read_text("utf-8") == configuration_page(), "run `make docs`"


def test_the_commands_page_is_what_the_commands_say():
    assert (DOCS / "commands.md").read_text("utf-8") == commands_page(), "run `make docs`"


def test_every_setting_is_described():
    undescribed = re.findall(r"^\| `([^`]+)` \| [^|]* \|  ?\|$", configuration_page(), re.MULTILINE)
    assert undescribed == []


def test_every_command_says_what_it_does():
    sections = commands_page().split("\n## ")[1:]
    assert len(sections) > 30
    for section in sections:
        lines = [line for line in section.splitlines() if line.strip()]
        assert len(lines) >= 2, f"{lines[0]} has no help"


@pytest.mark.parametrize("kind", sorted(channels.kinds()) + sorted(sources.kinds()))
def test_every_kind_of_channel_and_source_is_in_the_configuration_page(kind):
    assert f'### `type = "{kind}"`' in (DOCS / "configuration.md").read_text("utf-8")


def test_every_direct_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = [*project["dependencies"], *extras["postgresql"], *extras["apprise"], *extras["build"], *extras["dev"]]
    page = (DOCS / "dependencies.md").read_text("utf-8")
    names = {re.split(r"[\[<>=; ]", each)[0] for each in named} - {"broadsheet"}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *DOCS.glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_no_commit_names_a_registry_or_a_machine_path():
    hosts = ["py" + "pi.org", "pythonhosted" + ".org", "registry.npmjs" + ".org"]
    for file in [ROOT / "requirements.lock", ROOT / "requirements-dev.lock", ROOT / "README.md", *DOCS.rglob("*.md")]:
        text = file.read_text("utf-8")
        assert not [host for host in hosts if host in text], file.name
