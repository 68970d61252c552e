"""``/articles``: what came in, what changed after it was sent, and what readers are told of that."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from bot.model import Article, Correction, Image
from bot.schedules.choices import unsupported
from bot.schedules.corrected import LONGEST, correct, dismiss, drop, to_decide
from bot.schedules.removal import remove
from bot.schedules.replies import Way
from bot.store.headlines import Look, Place
from bot.web.api.v1.api import NO_NUL, Api, Done, Given, Number, Said, Shown, Word
from bot.web.api.v1.caller import Approving, Reading, Writing
from bot.web.api.v1.fault import Refused, missing
from bot.web.api.v1.page import Cursor, Cursors, Limit, Page, of_moment, whole

WAITING = 100
Filter = Annotated[str, Query(max_length=100, pattern=NO_NUL)]
Sentences = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=NO_NUL)]


class Listed(Shown):
    """An article in a list. ``told``: how many editions hold or sent it; ``open``: a change of it waits."""

    id: int
    source: str
    title: str
    url: str
    language: str
    sections: list[str]
    authors: list[str]
    published: datetime
    revision: int
    withdrawn: bool
    pinned: bool
    told: int
    open: bool


class ImageShown(Shown):
    """A picture of an article."""

    url: str
    alt: str
    caption: str
    credit: str


class ArticleShown(BaseModel):
    """One revision of an article, whole; ``body`` is HTML, cleaned."""

    id: int
    revision: int
    source: str
    guid: str
    url: str
    title: str
    standfirst: str
    body: str
    authors: list[str]
    sections: list[str]
    tags: list[str]
    language: str
    published: datetime
    updated: datetime | None
    first_seen: datetime | None
    withdrawn: bool
    image: ImageShown | None

    @classmethod
    def of(cls, made: Article) -> ArticleShown:
        image: Image | None = made.image
        fields = {name: getattr(made, name) for name in cls.model_fields if name != "image"}
        for name in ("authors", "sections", "tags"):
            fields[name] = list(fields[name])
        return cls(**fields, image=ImageShown.model_validate(image) if image else None)


class Revision(BaseModel):
    """When a revision was seen first."""

    revision: int
    seen: datetime
    title: str


class ChangeShown(BaseModel):
    """Something that changed after ``editions`` had told it, and waits for a decision."""

    article: int
    title: str
    what: str
    was: str
    now: str
    withdrawn: bool
    at: datetime
    editions: list[str]


class CorrectionShown(Shown):
    """What readers are told; ``carried`` is the edition that tells it, "" while it waits."""

    id: int
    article: int
    edition: str
    schedule: str
    said: str
    right: str
    who: str
    at: datetime
    carried: str


class Corrected(Given):
    """What was said, and what is right.

    ``mail`` names schedules, ``posts`` channels: who is told. ``mail_now``: by a mail of its own to those who have the
    one that was wrong, which waits for approval. ``sure``: also what the article does not say.
    """

    said: Sentences
    right: Sentences
    way: Way = Way.REPLY
    mail: list[Word] = Field(default=[], max_length=100)
    posts: list[Word] = Field(default=[], max_length=100)
    mail_now: bool = False
    sure: bool = False


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store
    tags: list[Any] = ["articles"]

    @router.get("/articles", tags=tags)
    def every(
        request: Request,
        caller: Reading,
        q: Annotated[str, Query(max_length=100, pattern=NO_NUL, description="Words of the title.")] = "",
        source: Filter = "",
        section: Filter = "",
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        withdrawn: bool = False,
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Page[Listed]:
        """Articles, the newest first. A search that goes very far back gives up: `next` goes on there."""
        cursors = Cursors(api.whole, request)
        place = cursors.read(cursor)
        wanted = Look(
            words=tuple(q.split()[:8]),
            source=source,
            section=section,
            since=since,
            until=until,
            withdrawn=withdrawn,
            after=Place(datetime.fromisoformat(place[0]), int(place[1])) if place else None,
        )
        with store.read() as tx:
            found = tx.headlines.look(wanted, limit)
        further = found.further
        following = cursors.next(of_moment(further.published), further.article) if further else None
        return Page(data=[Listed.model_validate(each) for each in found.articles], next=following)

    @router.get("/articles/changes", tags=tags)
    def changes(caller: Reading) -> Page[ChangeShown]:
        """What changed after it was sent and waits for a decision, the newest first; a hundred editions' at most."""
        with store.read() as tx:
            found = to_decide(tx, WAITING)
        return whole(
            [
                ChangeShown(
                    **{
                        name: getattr(each.newest, name)
                        for name in ("article", "title", "what", "was", "now", "withdrawn", "at")
                    },
                    editions=[one.change.edition for one in each.editions],
                )
                for each in found
            ]
        )

    @router.get("/articles/{article}", tags=tags)
    def one(
        caller: Reading,
        article: Number,
        revision: Annotated[int, Query(ge=0, le=2**31 - 1, description="0: the newest.")] = 0,
    ) -> ArticleShown:
        """An article as it is now, or as it was."""
        with store.read() as tx:
            found = tx.articles.revision(article, revision) if revision else tx.articles.get(article)
        if found is None:
            raise missing("article")
        return ArticleShown.of(found)

    @router.get("/articles/{article}/revisions", tags=tags)
    def revisions(caller: Reading, article: Number, limit: Limit = 50) -> Page[Revision]:
        """The newest revisions."""
        with store.read() as tx:
            found = tx.articles.revisions(article, limit)
        if not found:
            raise missing("article")
        return whole([Revision(revision=each.revision, seen=seen, title=each.title) for seen, each in found])

    @router.get("/articles/{article}/corrections", tags=tags)
    def corrections(caller: Reading, article: Number) -> Page[CorrectionShown]:
        """What readers are told about it."""
        with store.read() as tx:
            if tx.articles.get(article) is None:
                raise missing("article")
            return whole([CorrectionShown.model_validate(each) for each in tx.corrections.of_article(article)])

    @router.post("/articles/{article}/corrections", tags=tags, status_code=201)
    def correct_it(caller: Approving, article: Number, given: Corrected) -> Page[CorrectionShown]:
        """Has the next editions, and posts at once, say what was wrong and what is right."""
        if not given.mail and not given.posts:
            raise Refused(422, "Say who is told: schedules by mail, channels by posts.", pointer="#/mail")
        with store.read() as tx:
            current = tx.articles.get(article)
        if current is None:
            raise missing("article")
        if not given.sure and unsupported(current, given.right):
            raise Refused(422, "The article does not say this; with `sure` it is told all the same.", pointer="#/right")
        made: list[Correction] = correct(
            api.installation,
            article,
            said=given.said,
            right=given.right,
            way=given.way,
            mail=given.mail,
            posts=given.posts,
            mail_now=given.mail_now,
            **api.by(caller),
        )
        return whole([CorrectionShown.model_validate(each) for each in made])

    @router.post("/articles/{article}/dismiss", tags=tags, status_code=204)
    def not_needed(caller: Writing, article: Number, said: Said | None = None) -> None:
        """Readers need not be told of what changed in it."""
        dismiss(api.installation, article, **api.by(caller), note=said.note if said else "")

    @router.post("/articles/{article}/posts/remove", tags=tags)
    def take_down(caller: Approving, article: Number) -> Done:
        """Takes down the posts about it that stand, through the ledger; ``changed`` is how many."""
        made = remove(api.installation, article, **api.by(caller))
        return Done(changed=sum(len(each.renditions) for each in made))

    @router.delete("/articles/{article}/corrections/{correction}", tags=tags, status_code=204)
    def take_back(caller: Approving, article: Number, correction: Number) -> None:
        """Takes back one that no edition carries yet."""
        with store.read() as tx:
            known = [each.id for each in tx.corrections.of_article(article)]
        if correction not in known:
            raise missing("correction of this article")
        drop(api.installation, correction, **api.by(caller))
