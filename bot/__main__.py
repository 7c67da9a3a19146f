"""``python -m bot`` is ``samora-bot``."""

from bot.cli import main

main()
