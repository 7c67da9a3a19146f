"""``python -m bot`` is ``samora-bot``."""

import sys
from signal import SIGTERM, signal

# In a container this is process 1, to which the kernel passes on nothing that it has no handler for. What follows takes
# a second or two, and whoever stops it then must not have to wait until it is killed.
signal(SIGTERM, lambda *_: sys.exit(128 + SIGTERM))

from bot.cli import main  # noqa: E402 - see above

main()
