"""The mail that peers send: the very letter of our own edition, with marks where it differs from reader to reader."""

from __future__ import annotations

import sys
from pathlib import Path

UNSUBSCRIBE, PREFERENCES, ADDRESS = "@@unsubscribe@@", "@@preferences@@", "@@address@@"


def parts(folder: Path) -> tuple[str, str]:
    """HTML and text, with the marks."""
    return (folder / "letter.html").read_text("utf-8"), (folder / "letter.txt").read_text("utf-8")


def filled(part: str, number: int) -> str:
    """``part`` for one reader."""
    return (
        part.replace(UNSUBSCRIBE, f"https://record.example/u/{number:060d}")
        .replace(PREFERENCES, f"https://record.example/p/{number:060d}")
        .replace(ADDRESS, f"reader{number}@readers.test")
    )


def arguments() -> tuple[Path, int, int]:
    """FOLDER PORT COUNT."""
    return Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
