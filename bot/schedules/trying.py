"""A channel is tried: signed in to, without sending anything."""

from __future__ import annotations

from bot.channels.base import Learning
from bot.delivery.pausing import thing
from bot.errors import DeliveryError
from bot.model import Act, Phrase, cut, said_by
from bot.schedules.connection import known
from bot.schedules.installation import Installation
from bot.schedules.learning import learn

TEST = "test channel"


async def tested(installation: Installation, name: str) -> str:
    """What the channel says of itself; the limits that its server tells are kept.

    Raises ``NotFound``, and ``DeliveryError`` with what the server said.
    """
    known(installation, name)
    async with installation.connected() as connected:
        try:
            said = await connected.channels[name].check()
        except DeliveryError as error:
            what = said_by(error)
            # Most channels begin with their name.
            named = what.startswith(f"{name}: ")
            failed = what if named else Phrase("channel %(name)s: %(what)s", name=name, what=what)
            raise DeliveryError(failed, permanent=error.permanent) from error
        # Names of chats and accounts stand in it, which strangers chose: no control characters for a terminal.
        said = said.rewritten(_printable) if isinstance(said, Phrase) else _printable(said)
        if isinstance(connected.channels[name], Learning):
            told = (await learn(connected, {name}))[name]
            said = (
                Phrase("%(said)s; its limits are not learnt: %(why)s", said=said, why=told)
                if isinstance(told, str)
                else Phrase("%(said)s; its limits are kept", said=said)
            )
        return said


async def try_out(installation: Installation, name: str, who: str) -> str:
    """As ``tested``, and on the record that ``who`` did so."""
    try:
        said = await tested(installation, name)
    except DeliveryError as error:
        _recorded(installation, name, who, said_by(error))
        raise
    _recorded(installation, name, who, said)
    return said


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


def _recorded(installation: Installation, name: str, who: str, said: str) -> None:
    with installation.store.write() as tx:
        tx.acts.add(Act(at=installation.clock(), who=who, what=TEST, thing=thing(name), note=cut(said, 500)))
