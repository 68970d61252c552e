"""Source ``folder``: the files of a folder on this machine, one an article."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bot import __version__
from bot.errors import SourceError
from bot.http import Http
from bot.model import Article
from bot.settings import LocalPath, Table
from bot.sources.base import Collected, Retrieval, Visit, kind
from bot.sources.feed import LANGUAGE
from bot.sources.folder_parse import KINDS, parse_file
from bot.sources.item import article_of

MAX_BYTES = 5_000_000
MAX_FILES = 10_000


class FolderOptions(Table):
    """A folder of .md, .html and .txt files."""

    path: LocalPath = Field(
        description="The folder, with all below it; a relative path starts where the folder `config/` lies."
    )
    url: str = Field("", pattern=r"^(https?://\S+)?$", description="Its public address, for files that name none.")
    language: str = Field("", pattern=LANGUAGE, description="Language of its articles (BCP 47), if they say none.")


@kind("folder")
class Folder:
    """Reads all files of a folder when any of them changed; what is no longer there is gone."""

    Options: ClassVar[type[Table]] = FolderOptions

    def __init__(self, name: str, options: FolderOptions) -> None:
        self._name = name
        self._options = options

    async def collect(self, http: Http, visit: Visit) -> Collected:  # noqa: ARG002 - the contract of sources
        """Raises ``SourceError``."""
        return await asyncio.to_thread(self._collect, visit)

    def _collect(self, visit: Visit) -> Collected:
        root = self._options.path
        if not root.is_dir():
            raise SourceError(f"sources.{self._name}: there is no folder {root}; correct `path` or create it")
        warnings: list[str] = []
        files = dict(self._files(root.resolve(), warnings))
        state = self._state(files, warnings)
        before = _read_cursor(visit.retrieval.cursor)
        if before.get("state") == state:
            return Collected(unchanged=True, retrieval=visit.retrieval)
        kept = before.get("seen")
        seen_before = kept if isinstance(kept, dict) else {}
        articles: list[Article] = []
        hidden: set[str] = set()
        seen: dict[str, str] = {}
        for guid, path in files.items():
            try:
                item = parse_file(guid, path.read_bytes(), base_url=self._options.url)
                if item is None:
                    hidden.add(guid)
                    continue
                # A file without a date keeps that of its first reading, whatever is done to it later.
                changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                first_seen = min(_moment(seen_before.get(guid)) or changed, visit.now)
                if not item.published:
                    seen[guid] = first_seen.isoformat()
                articles.append(
                    article_of(
                        item, source=self._name, now=first_seen, language=self._options.language, link_needed=False
                    )
                )
            except SourceError as error:
                warnings.append(str(error) if str(error).startswith(guid) else f"{guid}: {error}")
            except OSError as error:
                warnings.append(f"{guid}: cannot be read ({error.strerror})")
        present = files.keys() - hidden
        return Collected(
            articles=tuple(sorted(articles, key=lambda article: article.published, reverse=True)),
            # An empty folder is rather a disk that is not there than a newsroom that took everything back.
            gone=tuple(each.guid for each in visit.known if each.guid not in present) if files else (),
            retrieval=Retrieval(cursor=json.dumps({"state": state, "seen": seen}, ensure_ascii=False)),
            warnings=tuple(f"sources.{self._name}: {warning}" for warning in warnings),
        )

    def _files(self, root: Path, warnings: list[str]) -> Iterator[tuple[str, Path]]:
        """All files by their path in the folder; links that lead out of it and files too large are refused."""
        count = 0
        for folder, folders, names in os.walk(root, followlinks=False):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(folder) / name
                if name.startswith(".") or path.suffix.lower() not in KINDS:
                    continue
                guid = path.relative_to(root).as_posix()
                if not guid.isprintable():  # a name that is not UTF-8 holds surrogates, which no store takes
                    warnings.append(f"{guid!a}: has a name that cannot be shown; rename it")
                    continue
                try:
                    if not path.resolve(strict=True).is_relative_to(root):
                        warnings.append(f"{guid}: is a link that leads out of the folder; it is not read")
                        continue
                    size = path.stat().st_size
                except (OSError, RuntimeError):
                    warnings.append(f"{guid}: cannot be read")
                    continue
                if size > MAX_BYTES:
                    warnings.append(f"{guid}: is larger than {MAX_BYTES:,} bytes; it is not read")
                    continue
                count += 1
                if count > MAX_FILES:
                    warnings.append(f"more than {MAX_FILES:,} files; the rest is not read")
                    return
                yield guid, path

    def _state(self, files: dict[str, Path], warnings: list[str]) -> str:
        """Changes whenever a file does, or what is made of it."""
        facts = [__version__, self._options.url, self._options.language, *warnings]
        for guid, path in files.items():
            try:
                about = path.stat()
                facts += [guid, str(about.st_size), str(about.st_mtime_ns)]
            except OSError:
                facts.append(guid)
        return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()


def _read_cursor(cursor: str) -> dict[str, object]:
    try:
        read = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
