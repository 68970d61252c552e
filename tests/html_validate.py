"""html-validate (https://html-validate.org, MIT) over HTML of ours: structure, nesting, ids, attributes, entities.

Its rules are ``html-validate:recommended`` but for what a mail cannot have otherwise.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = "8.29.0"
"""The last that runs on Node.js 16.14 and later: Debian 12 has 18."""

# Gmail, and all that know no style sheet, read styles from elements alone.
_INLINE = {"no-inline-style": "off"}
# Outlook for Windows draws with Word: widths and columns are given to it in comments that only it reads.
_OUTLOOK = {"no-conditional-comment": "off"}
# MJML 4 writes <div role="article">, as a mail has no landmark of its own; <article> is unknown to Outlook.
_ARTICLE = {"prefer-native-element": ["error", {"exclude": ["article"]}]}
_HEADINGS = {"heading-level": "error"}
# HTML minds neither how its doctype and its boolean attributes are written nor spaces at the end of a line.
_TASTE = {"doctype-style": "off", "attribute-boolean-style": "off", "no-trailing-whitespace": "off"}
# A title begins with what the page is about, which may be somebody's long headline; no search engine sees the desk.
_LONG = {"long-title": "off"}
# Boxes of one name are a choice of several (HTML, "constructing the entry list").
_BOXES = {"form-dup-name": ["error", {"shared": ["radio", "button", "reset", "submit", "checkbox"]}]}
PAGE = {"root": True, "extends": ["html-validate:recommended"], "rules": {**_HEADINGS, **_TASTE, **_BOXES}}
DESK = {"root": True, "extends": ["html-validate:recommended"], "rules": {**_HEADINGS, **_TASTE, **_LONG, **_BOXES}}
MAIL = {**PAGE, "rules": {**_INLINE, **_OUTLOOK, **_ARTICLE, **_HEADINGS}}

# Outlook reads these and no style in their place; they are deprecated, and all others are faults.
_OLD = re.compile(
    r'Attribute "(?:cellpadding|cellspacing|width|height|align|valign|bgcolor)" is deprecated on <(?:table|td)> element'
)


@dataclass(frozen=True, slots=True)
class Validator:
    """An installed html-validate."""

    program: Path

    def faults(self, pages: Mapping[str, str], folder: Path, config: Mapping[str, Any] = MAIL) -> list[str]:
        """What is wrong with ``pages`` (name → HTML), one line a fault. Writes into ``folder``."""
        (folder / ".htmlvalidate.json").write_text(json.dumps(config))
        for name, html in pages.items():
            (folder / f"{name}.html").write_text(html, "utf-8")
        files = [f"{name}.html" for name in pages]
        # Into a file: of what Node writes to a pipe, only the first 64 kB are sure to arrive.
        command = [str(self.program), "--formatter", "json=found.json", *files]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        return [
            f"{Path(page['filePath']).name}:{found['line']}:{found['column']}: {found['ruleId']}: {found['message']}"
            for page in json.loads((folder / "found.json").read_text("utf-8"))
            for found in page["messages"]
            if not (config is MAIL and found["ruleId"] == "no-deprecated-attr" and _OLD.fullmatch(found["message"]))
        ]


def installed(cache: Path) -> Validator | str:
    """The validator, installed into ``cache`` by npm unless it is there; why not, where that is not to be had."""
    folder = cache / f"html-validate-{VERSION}"
    program = folder.resolve() / "node_modules" / ".bin" / "html-validate"
    if not program.exists():
        if not (shutil.which("node") and shutil.which("npm")):
            return "html-validate: needs Node.js and npm (apt-get install nodejs npm)"
        # Renamed into place when it is whole: tests that run beside these may install it too.
        fresh = cache / f"fresh-{uuid.uuid4().hex}"
        options = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error")
        command = ["npm", "install", "--prefix", str(fresh), *options, f"html-validate@{VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            return f"html-validate: npm cannot install it: {' '.join(done.stderr.split())[:300]}"
        try:
            fresh.rename(folder)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
    return Validator(program)
