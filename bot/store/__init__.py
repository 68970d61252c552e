"""The only SQL: tables, migrations, one repository a noun. Returns nouns of ``bot.model``."""

from bot.store.store import Store, Transaction, Writing

__all__ = ["Store", "Transaction", "Writing"]
