"""What is wrong with what somebody gave for their account, as the desk says it."""

from __future__ import annotations

from bot.accounts.flaws import Flaw
from bot.speech.catalog import N_, _

_WORDS = {
    Flaw.NAME_MISSING: N_("Write your name, as colleagues know you."),
    Flaw.NAME_LONG: N_("A name has 80 characters at most."),
    Flaw.NAME_UNFIT: N_("A name has letters, and no signs that cannot be seen."),
    Flaw.NAME_TAKEN: N_(
        "Somebody here has this name already: on the record nobody could tell you apart. Add a letter."
    ),
    Flaw.NAME_RESERVED: N_("Broadsheet itself goes by this name on the record. Take another one."),
    Flaw.ADDRESS_UNFIT: N_("This is no mail address: write one like mara@example.org."),
    Flaw.ADDRESS_TAKEN: N_("Somebody with this address has an account already."),
    Flaw.PASSWORD_SHORT: N_("Use 12 characters or more; a few words do well."),
    Flaw.PASSWORD_LONG: N_("Use 200 characters at most."),
    Flaw.PASSWORD_GUESSED: N_(
        "This would be guessed: it is a common password, a name or address, or one thing over and over."
    ),
    Flaw.PASSWORD_WRONG: N_("This is not your password."),
    Flaw.FIRST_ADMIN: N_("The first account must be an admin's: nobody else could invite the others."),
    Flaw.LAST_ADMIN: N_("This is the last admin who can log in: make somebody else an admin first."),
}


def said(flaw: Flaw) -> str:
    """In the language of this request."""
    return _(_WORDS[flaw])
