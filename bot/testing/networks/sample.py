"""How a channel is told to post to a fake: what a newsroom would write into its settings.

A kind's file says it as ``SAMPLE``, the keys of ``[channels.NAME]`` (secrets among them), and, where an editor would
connect an account, as ``CREDENTIAL``, the fields of ``bot.channels.credentials.Credential``. In their texts ``{base}``
stands for the URL at which the fake is served, and ``{NAME}`` for one of its ``credentials``.
"""

from __future__ import annotations

import importlib
from typing import Any

from bot.errors import UsageError
from bot.testing.networks.base import Network


def options(network: Network, base: str) -> dict[str, Any]:
    """The options of a channel that posts to ``network``. Raises ``UsageError`` when its kind says none."""
    found = _said(network, "SAMPLE", base)
    if not found:
        raise UsageError(f"bot/testing/networks/{network.kind}.py: says no SAMPLE, the options that post to it")
    return found


def credential(network: Network, base: str = "") -> dict[str, Any]:
    """The fields of the credential of an account that was connected; {} where none is."""
    return _said(network, "CREDENTIAL", base)


def _said(network: Network, name: str, base: str) -> dict[str, Any]:
    kind = importlib.import_module(type(network).__module__)
    return {key: _filled(value, network, base) for key, value in getattr(kind, name, {}).items()}


def _filled(value: Any, network: Network, base: str) -> Any:
    if isinstance(value, str):
        return value.format(base=base, **network.credentials)
    if isinstance(value, dict):
        return {key: _filled(each, network, base) for key, each in value.items()}
    return value
