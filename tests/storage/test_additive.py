"""The rule of releases: what a migration does, bots of the release before must be able to live with, or it says so."""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory

from bot.storage import migrations

SCRIPTS = sorted(
    ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions(), key=lambda script: script.revision
)
BY_REVISION = {script.revision: script for script in SCRIPTS}


def statements_of(upgrade: Callable[[], None]) -> list[str]:
    """What PostgreSQL would be told."""
    written = StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written})
    with Operations.context(context):
        upgrade()
    return [" ".join(each.split()) for each in written.getvalue().split(";") if each.strip()]


def takes_away(statements: list[str]) -> list[str]:
    """Those of them that a bot which doesn't know of them could stumble over."""
    new_tables = {name for each in statements for name in re.findall(r"^CREATE TABLE (\w+)", each)}
    new_columns = {
        (table, column)
        for each in statements
        for table, column in re.findall(r"^ALTER TABLE (\w+) ADD COLUMN (\w+)", each)
    }

    def is_harmless(statement: str) -> bool:
        if statement.startswith(("CREATE TABLE ", "CREATE INDEX ")):
            return True
        if adding := re.match(r"ALTER TABLE (\w+) ADD COLUMN ", statement):
            return adding[1] in new_tables or "NOT NULL" not in statement or " DEFAULT " in statement
        # Rows of an older bot leave new columns at their defaults: a condition on one of those keeps them out.
        unique = re.match(r"CREATE UNIQUE INDEX \w+ ON (\w+) \(.+?\)(?: WHERE (\w+))?", statement)
        return bool(unique) and (unique[1] in new_tables or (unique[1], unique[2]) in new_columns)  # type: ignore[index]

    return [each for each in statements if not is_harmless(each)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.revision)
def test_it_only_adds_or_says_that_older_bots_can_not_go_on(script: Script) -> None:
    since = script.module.compatible_since
    assert since in BY_REVISION
    assert since <= script.revision
    between = [each for each in SCRIPTS if since < each.revision <= script.revision]
    for each in between:
        assert takes_away(statements_of(each.module.upgrade)) == [], f"{script.revision} is not fit for bots of {since}"


def test_revisions_are_in_the_order_of_their_names_and_never_allow_less_than_before() -> None:
    """A bot knows a newer revision by its name, and an older one can't come to be fit again."""
    assert [script.down_revision for script in SCRIPTS] == [None, *[script.revision for script in SCRIPTS[:-1]]]
    allowed = [script.module.compatible_since for script in SCRIPTS]
    assert allowed == sorted(allowed)


@pytest.mark.parametrize(
    "upgrade",
    [
        lambda: op.drop_column("notices", "path"),
        lambda: op.drop_table("boards"),
        lambda: op.drop_index("ix_boards_due"),
        lambda: op.rename_table("boards", "bursts"),
        lambda: op.alter_column("notices", "path", new_column_name="way"),
        lambda: op.alter_column("notices", "path", nullable=False),
        lambda: op.alter_column("notices", "path", type_=sa.Integer()),
        lambda: op.add_column("notices", sa.Column("way", sa.Text(), nullable=False)),
        lambda: op.create_index("uq_notices_path", "notices", ["path"], unique=True),
        lambda: op.create_index("uq_x", "notices", ["path"], unique=True, postgresql_where=sa.text("number > 0")),
        lambda: op.create_foreign_key("fk_x", "notices", "boards", ["path"], ["id"]),
        lambda: op.create_check_constraint("ck_x", "notices", sa.text("number > 0")),
        lambda: op.execute("UPDATE notices SET path = ''"),
    ],
)
def test_what_takes_something_away_is_noticed(upgrade: Callable[[], None]) -> None:
    assert takes_away(statements_of(upgrade))


def test_what_only_adds_is_not() -> None:
    def upgrade() -> None:
        op.add_column("notices", sa.Column("way", sa.Text(), nullable=True))
        op.add_column("notices", sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()))
        op.create_index("ix_way", "notices", ["way"])
        op.create_index("uq_way", "notices", ["way"], unique=True, postgresql_where=sa.text("way <> ''"))
        op.create_table("bursts", sa.Column("id", sa.Text(), primary_key=True), sa.Column("at", sa.Text()))
        op.create_index("uq_bursts", "bursts", ["at"], unique=True)

    assert takes_away(statements_of(upgrade)) == []
