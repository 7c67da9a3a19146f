"""Starting quickly: what isn't needed is not imported, and can be later; garbage is looked for only afterwards."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    "unwanted",
    [
        "rich",
        "alembic",
        "psycopg",
        "cryptography",
        "sqlalchemy.dialects.postgresql",
        "sqlalchemy.orm",
        "opentelemetry",
        "pygments",
        "slack_bolt",
        "aiohttp.web",
        "stamina",
        "bot.sandbox",
    ],
)
def test_a_bot_that_runs_on_sqlite_and_over_http_imports_only_what_it_needs(unwanted: str) -> None:
    imported = "from bot.lean import import_lean; import_lean('bot.cli', 'bot.log', 'bot.app'); import sys"
    assert run(f"{imported}; print({unwanted!r} in sys.modules)") == "False"


def test_what_was_kept_out_can_be_imported_later() -> None:
    assert run("from bot.lean import import_lean; import_lean('httpx'); import rich; print(rich.__name__)") == "rich"


def test_sqlalchemys_sessions_too() -> None:
    code = "from bot.lean import import_lean; import_lean('sqlalchemy.ext.asyncio')"
    assert (
        run(f"{code}; from sqlalchemy.ext.asyncio.session import AsyncSession; print(AsyncSession.__name__)")
        == "AsyncSession"
    )


def test_what_is_there_already_stays() -> None:
    assert (
        run("import rich, sys; from bot.lean import import_lean; import_lean('httpx'); print('rich' in sys.modules)")
        == "True"
    )


def test_a_module_that_cannot_be_imported_keeps_nothing_out() -> None:
    code = (
        "from bot.lean import import_lean\ntry: import_lean('nowhere')\nexcept ImportError: import rich\nprint('there')"
    )
    assert run(code) == "there"


def test_garbage_is_looked_for_again_once_all_is_there() -> None:
    code = "import gc; from bot.lean import import_lean, settle; import_lean('json'); a = gc.isenabled(); settle()"
    assert run(f"{code}; print(a, gc.isenabled(), gc.get_freeze_count() > 0)") == "False True True"
