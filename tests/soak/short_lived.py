"""The bot, but what is over is kept for seconds instead of days: ``python -m tests.soak.short_lived KEPT EVERY run``.

So that pruning shows within minutes. Both are in seconds; all else is the real bot.
"""

import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import bot.app
import bot.cli
import bot.pruner
from bot.pruner import Pruner


def main() -> None:
    """Takes its own two arguments away, and is the bot."""
    kept, every = timedelta(seconds=float(sys.argv.pop(1))), float(sys.argv.pop(1))

    def make_pruner(prune: Callable[..., Awaitable[int]]) -> Pruner:
        return Pruner(prune=partial(prune, kept=kept, audit_kept=kept))

    bot.pruner._EVERY_SECONDS = every
    bot.app.Pruner = make_pruner  # type: ignore[assignment,attr-defined]
    bot.cli.main()


if __name__ == "__main__":
    main()
