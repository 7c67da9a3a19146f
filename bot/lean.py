"""Starting quickly: a bot that is to run imports what it needs, and nothing looks for garbage meanwhile."""

import gc
import sys
from importlib import import_module

# httpx and structlog import it wherever it is installed: httpx for a command of its own, structlog for its tracebacks.
_NOT_NEEDED = "rich"


def import_lean(*modules: str) -> None:
    """Imports these modules as if what isn't needed were not installed; others may import that later.

    What is imported is there to stay, so the collector of garbage rests until :func:`settle`.
    """
    gc.disable()
    is_hidden = _NOT_NEEDED not in sys.modules
    if is_hidden:
        # Python's own word for a module that can't be had.
        sys.modules[_NOT_NEEDED] = None  # type: ignore[assignment]
    try:
        for module in modules:
            import_module(module)
    finally:
        if is_hidden:
            del sys.modules[_NOT_NEEDED]


def settle() -> None:
    """What is there by now stays: looking through it again and again would take a tenth of each ack's time."""
    gc.freeze()
    gc.enable()
