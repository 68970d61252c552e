"""Strict fakes of social networks: real HTTP servers that refuse what the networks refuse. See docs/testing.md."""

from __future__ import annotations

import importlib
import pkgutil

from bot.testing.networks.base import NETWORKS, Asked, Endpoint, Handler, Network, made, network, running
from bot.testing.networks.call import Call, Refused, Upload
from bot.testing.networks.faults import BREAK, DROP, HANG, Fault
from bot.testing.networks.posted import Card, Picture, Posted, picture
from bot.testing.networks.rates import Daily, Drip, Limit, Moving, Reading, Window

for _found in pkgutil.iter_modules(__path__):
    if not _found.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_found.name}")

__all__ = [
    "BREAK",
    "DROP",
    "HANG",
    "NETWORKS",
    "Asked",
    "Call",
    "Card",
    "Daily",
    "Drip",
    "Endpoint",
    "Fault",
    "Handler",
    "Limit",
    "Moving",
    "Network",
    "Picture",
    "Posted",
    "Reading",
    "Refused",
    "Upload",
    "Window",
    "made",
    "network",
    "picture",
    "running",
]
