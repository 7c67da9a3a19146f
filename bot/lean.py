"""Starting quickly: a bot that is to run imports what it needs, and nothing looks for garbage meanwhile."""

import gc
import sys
from importlib import import_module
from types import ModuleType
from typing import cast


class _Unused(ModuleType):
    """Stands for a module of which nothing is used: whatever is imported from it is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


# httpx and structlog import Rich and Pygments wherever they are installed, for a command and tracebacks. SQLAlchemy's
# asyncio imports its sessions and with them the whole ORM, of which we use nothing: 7 MiB. None is Python's own word
# for "not there".
_NOT_NEEDED: dict[str, ModuleType | None] = {
    "rich": None,
    "pygments": None,
    "sqlalchemy.ext.asyncio.scoping": _Unused("scoping"),
    "sqlalchemy.ext.asyncio.session": _Unused("session"),
}


def import_lean(*modules: str) -> None:
    """Imports these modules as if what isn't needed were not there; others may import that later.

    What is imported is there to stay, so the collector of garbage rests until :func:`settle`.
    """
    gc.disable()
    hidden = {name: instead for name, instead in _NOT_NEEDED.items() if name not in sys.modules}
    sys.modules.update(cast("dict[str, ModuleType]", hidden))
    try:
        for module in modules:
            import_module(module)
    finally:
        for name in hidden:
            del sys.modules[name]


def settle() -> None:
    """What is there by now stays: looking through it again and again would take a tenth of each ack's time."""
    gc.freeze()
    gc.enable()
