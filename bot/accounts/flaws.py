"""What is wrong with what somebody gave: one word for each, so that a page can say it at the field, in its language."""

from __future__ import annotations

from enum import StrEnum

from bot.errors import UsageError


class Flaw(StrEnum):
    """The value is what it says in English."""

    NAME_MISSING = "Write your name, as colleagues know you."
    NAME_LONG = "A name has 80 characters at most."
    NAME_UNFIT = "A name has letters, and no signs that cannot be seen."
    NAME_TAKEN = "Somebody here has this name already: on the record nobody could tell you apart. Add a letter."
    NAME_RESERVED = "Broadsheet itself goes by this name on the record. Take another one."
    ADDRESS_UNFIT = "This is no mail address: write one like mara@example.org."
    ADDRESS_TAKEN = "Somebody with this address has an account already."
    PASSWORD_SHORT = "Use 12 characters or more; a few words do well."
    PASSWORD_LONG = "Use 200 characters at most."
    PASSWORD_GUESSED = "This would be guessed: it is a common password, a name or address, or one thing over and over."
    PASSWORD_WRONG = "This is not your password."
    FIRST_ADMIN = "The first account must be an admin's: nobody else could invite the others."
    LAST_ADMIN = "This is the last admin who can log in: make somebody else an admin first."


class Unfit(UsageError):
    """What was given cannot be taken; ``flaw`` says why."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw
