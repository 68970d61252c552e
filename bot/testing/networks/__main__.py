"""A fake in a process of its own, for trials that kill: ``python -m bot.testing.networks mastodon --port 0``.

Prints its URL as one line, then serves until it is stopped. Its state is in memory.
"""

from __future__ import annotations

import argparse
import json
import sys

from bot.clock import system_clock
from bot.errors import BroadsheetError
from bot.interrupt import Interrupt
from bot.testing.networks import NETWORKS, running


def main() -> int:
    """0 when it was stopped, 2 when the call is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bot.testing.networks", description="A fake social network.")
    parser.add_argument("kind", choices=sorted(NETWORKS))
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--options", type=json.loads, default={}, help="JSON, e.g. '{\"max_characters\": 1000}'")
    asked = parser.parse_args()
    try:
        with Interrupt() as interrupt, running(asked.kind, system_clock, asked.port, **asked.options) as (base, _):
            sys.stdout.write(base + "\n")
            sys.stdout.flush()
            interrupt.wait()
    except BroadsheetError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
