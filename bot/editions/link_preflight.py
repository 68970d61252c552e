"""What an editor should know of the addresses on which an edition depends. Pure: what became of them is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from bot.editions.findings import fault, named, ok, open_, warning
from bot.model import Finding, Newsroom, Phrase, Reach, Reached, plural

EXAMPLE = Phrase("an address for examples only")
"""What is said of an address that nobody asks (RFC 2606)."""


class Asked:
    """What became of the addresses of one kind; ``asked`` says of each what it is of."""

    def __init__(self, asked: Mapping[str, str], reached: Reached | None, newsroom: Newsroom) -> None:
        self.asked, self.at = asked, reached.at.astimezone(ZoneInfo(newsroom.timezone)) if reached else None
        self.found = {url: reached.found[url] for url in asked if reached and url in reached.found}
        by = {reach: [url for url in self.found if self.found[url][0] is reach] for reach in Reach}
        self.dead, self.silent, self.refused = by[Reach.DEAD], by[Reach.SILENT], by[Reach.REFUSES]

    @property
    def open(self) -> int:
        """How many nobody has asked yet."""
        return len(self.asked) - len(self.found)

    @property
    def holds(self) -> bool:
        return bool(self.found) and not self.dead and not self.silent

    def where(self, urls: Sequence[str]) -> Phrase:
        return named(because(self.asked[url], self._said(url)) for url in urls)

    def _said(self, url: str) -> str:
        said = self.found[url][1]
        return EXAMPLE if said == EXAMPLE else said

    @property
    def when(self) -> Phrase:
        """When they were asked, and which a person is to try: they let no program look."""
        assert self.at is not None
        clock = self.at.time()
        if not self.refused:
            return Phrase("Asked at %(time)s", time=clock)
        shut = self.where(self.refused)
        return Phrase("Asked at %(time)s; try for yourself: %(addresses)s", time=clock, addresses=shut)


def links(asked: Asked) -> Iterator[Finding]:
    """A link that leads nowhere is a fault."""
    dead, silent, found = len(asked.dead), len(asked.silent), len(asked.found)
    if asked.open:
        said = plural(asked.open, "%(count)s link not looked at yet", "%(count)s links not looked at yet")
        yield open_("links", said)
    if dead:
        said = plural(dead, "%(count)s link leads nowhere", "%(count)s links lead nowhere")
        yield fault("links", said, asked.where(asked.dead), _correct())
    if silent:
        said = plural(silent, "%(count)s link gave no answer", "%(count)s links gave no answer")
        yield warning("links", said, asked.where(asked.silent), Phrase("try for yourself"))
    if asked.holds:
        answered = found - len(asked.refused)
        if not asked.refused:
            said = plural(found, "The link answers", "All %(count)s links answer")
        elif answered:
            said = plural(
                len(asked.refused),
                "No dead link: %(answered)s of %(all)s answer, the other one is for you to try",
                "No dead link: %(answered)s of %(all)s answer, the other %(count)s are for you to try",
                answered=answered,
                all=found,
            )
        else:
            said = plural(found, "%(count)s link to look at yourself", "%(count)s links to look at yourself")
        yield ok("links", said, asked.when)


def images(asked: Asked) -> Iterator[Finding]:
    """A picture that is missing leaves its alt text."""
    dead, silent, found = len(asked.dead), len(asked.silent), len(asked.found)
    if asked.open:
        said = plural(asked.open, "%(count)s picture not looked at yet", "%(count)s pictures not looked at yet")
        yield open_("images", said)
    if dead:
        said = plural(dead, "%(count)s picture cannot be loaded", "%(count)s pictures cannot be loaded")
        yield warning("images", said, asked.where(asked.dead), _correct())
    if silent:
        said = plural(silent, "%(count)s picture gave no answer", "%(count)s pictures gave no answer")
        yield warning("images", said, asked.where(asked.silent), Phrase("try for yourself"))
    if asked.holds:
        answered = found - len(asked.refused)
        if not asked.refused:
            said = plural(found, "The picture answers", "All %(count)s pictures answer")
        elif answered:
            said = plural(
                len(asked.refused),
                "No picture is missing: %(answered)s of %(all)s answer, the other one is for you to look at",
                "No picture is missing: %(answered)s of %(all)s answer, the other %(count)s are for you to look at",
                answered=answered,
                all=found,
            )
        else:
            said = plural(found, "%(count)s picture to look at yourself", "%(count)s pictures to look at yourself")
        yield ok("images", said, asked.when)


def _correct() -> Phrase:
    return Phrase("correct its address at the source, or drop the story")


def because(what: str, why: str) -> Phrase:
    """What it is of, and what was said."""
    return Phrase("%(what)s: %(why)s", what=what, why=why)
