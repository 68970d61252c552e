"""What an editor set: one frozen, checked object, and the tables from which docs and ``check`` derive."""

from bot.settings.address import is_address
from bot.settings.check import checked, is_secret, nearest, secret_variable, with_secrets, wrong
from bot.settings.kinds import (
    Duration,
    LocalPath,
    MailAddress,
    Rate,
    Rates,
    Sender,
    Table,
    Url,
    duration_text,
    parse_duration,
    parse_rates,
    parse_sender,
)
from bot.settings.llm import LlmTable
from bot.settings.load import SECRET_KEYS, Fault, Settings, load_settings, shipped
from bot.settings.origin import Origin
from bot.settings.posting import PostTable
from bot.settings.tables import DEFAULT_SUBJECT, ScheduleTable, SelectionTable, SettingsTables, parse_window

__all__ = [
    "DEFAULT_SUBJECT",
    "SECRET_KEYS",
    "Duration",
    "Fault",
    "LlmTable",
    "LocalPath",
    "MailAddress",
    "Origin",
    "PostTable",
    "Rate",
    "Rates",
    "ScheduleTable",
    "SelectionTable",
    "Sender",
    "Settings",
    "SettingsTables",
    "Table",
    "Url",
    "checked",
    "duration_text",
    "is_address",
    "is_secret",
    "load_settings",
    "nearest",
    "parse_duration",
    "parse_rates",
    "parse_sender",
    "parse_window",
    "secret_variable",
    "shipped",
    "with_secrets",
    "wrong",
]
