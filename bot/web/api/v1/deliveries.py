"""``/editions/ID/deliveries``: who has an edition, who has not and why, and what is done about it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request

from bot.audience.mask import masked
from bot.clock import system_clock
from bot.delivery import deciding, failures
from bot.delivery.progress import progress
from bot.delivery.reasons import groups
from bot.delivery.settling import AT_ONCE, decide
from bot.editions import lifecycle
from bot.model import Delivery, DeliveryState, MeasuredPost, Role, User
from bot.web.api.v1.api import Api, Done, EditionId, Said
from bot.web.api.v1.caller import Approving, Reading
from bot.web.api.v1.edition_shapes import (
    DeliveryShown,
    ReactionsShown,
    Reason,
    Resolve,
    Retry,
    Settle,
    SuspectsShown,
    Totals,
)
from bot.web.api.v1.fault import missing
from bot.web.api.v1.page import Cursor, Cursors, Limit, Page, cut


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store
    tags: list[Any] = ["deliveries"]

    def need(edition: str) -> None:
        with store.read() as tx:
            if tx.editions.state(edition) is None:
                raise missing("edition")

    @router.get("/editions/{edition}/deliveries", tags=tags)
    def every(
        request: Request,
        caller: Reading,
        edition: EditionId,
        state: Annotated[list[DeliveryState] | None, Query(max_length=10)] = None,
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Page[DeliveryShown]:
        """Its deliveries by id. Who only reads is shown addresses in part."""
        need(edition)
        cursors = Cursors(api.whole, request)
        place = cursors.read(cursor)
        with store.read() as tx:
            found = tx.deliveries.page(
                edition=edition, states=state or (), limit=limit + 1, after=int(place[0]) if place else 0
            )
            measured = {} if all(each.audience for each in found) else tx.measured_posts.of_edition(edition)
        rows, last = cut(found, limit)
        data = [_shown(each, measured.get(each.id), caller.user) for each in rows]
        return Page(data=data, next=cursors.next(last.id) if last else None)

    @router.get("/editions/{edition}/totals", tags=tags)
    def totals(caller: Reading, edition: EditionId) -> Totals:
        """How far it is, by state, and why what did not go through did not."""
        need(edition)
        with store.read() as tx:
            # Sending goes by the system's clock, whatever time the installation shows.
            at, grouped = progress(tx, edition, system_clock()), groups(tx, edition)
        return Totals(
            state=at.state,
            total=at.total,
            done=at.done,
            states={DeliveryState(name): number for name, number in at.states.items()},
            rate=at.rate,
            about=at.about,
            next_try=at.next_try,
            reasons=[
                Reason(state=each.state, reason=each.reason, said=each.said, number=each.number) for each in grouped
            ],
        )

    @router.post("/editions/{edition}/retry", tags=tags)
    def retry(caller: Approving, edition: EditionId, given: Retry | None = None) -> Done:
        """Lets mails that are deferred be tried at once, or a post that failed once more, with its thread."""
        need(edition)
        if given and given.delivery is not None:
            return Done(changed=failures.try_again(store, edition, given.delivery, **api.by(caller)))
        reason = given.reason if given else None
        return Done(changed=deciding.retry_edition(store, edition, reason=reason, **api.by(caller)))

    @router.post("/editions/{edition}/leave", tags=tags)
    def leave(caller: Approving, edition: EditionId, said: Said | None = None) -> Done:
        """Leaves what failed at that: nobody is asked about it any more."""
        need(edition)
        note = said.note if said else ""
        return Done(changed=failures.leave(store, edition, **api.by(caller), note=note))

    @router.post("/editions/{edition}/resolve", tags=tags)
    def resolve(caller: Approving, edition: EditionId, given: Resolve) -> Done:
        """Settles deliveries that may or may not have arrived."""
        need(edition)
        if given.delivery is None:
            settled = deciding.resolve_edition(store, edition, arrived=given.arrived, **api.by(caller))
            return Done(changed=settled)
        with store.read() as tx:
            ours = [each.id for each in tx.deliveries.those([given.delivery]) if each.edition == edition]
        if not ours:
            raise missing("delivery of this edition")
        return Done(changed=lifecycle.resolve(store, ours, arrived=given.arrived, **api.by(caller)))

    @router.get("/editions/{edition}/bounces", tags=tags)
    def suspects(caller: Reading, edition: EditionId) -> SuspectsShown:
        """Addresses that came back at once, which no program believes: a person says whether they are dead."""
        need(edition)
        with store.read() as tx:
            found = tx.suspects.of(edition)
        return SuspectsShown.model_validate(found) if found else SuspectsShown()

    @router.post("/editions/{edition}/bounces/settle", tags=tags)
    def settle(caller: Approving, edition: EditionId, given: Settle) -> Done:
        """Says of those up to ``last`` whether they are dead, and of nobody else; ``changed`` is how many addresses.
        It is refused (409) when more came back meanwhile.
        """
        need(edition)
        count = decide(store, edition, dead=given.dead, last=given.last, **api.by(caller), at_once=AT_ONCE)
        return Done(changed=count)


def reactions_of(post: MeasuredPost) -> ReactionsShown:
    """What is known of how followers reacted."""
    told = post.reactions
    return ReactionsShown(
        likes=told.likes,
        reposts=told.reposts,
        replies=told.replies,
        quotes=told.quotes,
        views=told.views,
        first_day=post.first_day,
        looked=post.looked,
        gone=post.gone,
    )


def _shown(delivery: Delivery, post: MeasuredPost | None, user: User) -> DeliveryShown:
    made = DeliveryShown.model_validate(delivery)
    if post:
        made = made.model_copy(update={"reactions": reactions_of(post)})
    if user.role.may(Role.EDITOR):
        return made
    # What servers say often repeats the address.
    return made.model_copy(update={"destination": masked(delivery.destination), "text": ""})
