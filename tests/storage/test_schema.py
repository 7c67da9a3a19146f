from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect, make_url
from sqlalchemy.exc import StatementError

from bot.storage.columns import ForeignText, UtcDateTime
from bot.storage.schema import followed_calls, metadata
from tests.core.making import FakeClock
from tests.factories import HOSTILE_TEXTS
from tests.storage.acting import Actor

SQLITE = make_url("sqlite://").get_dialect()()
POSTGRESQL = make_url("postgresql+psycopg://").get_dialect()()

# Whatever a column is called like that might hold something about a person, or a link.
_PERSONAL = (
    "name",
    "email",
    "phone",
    "variable",
    "url",
    "link",
    "recording_",
    "transcript_",
    "text",
    "agent",
    "number_",
)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_row_says_whose_it_is_and_holds_nothing_personal(table: object) -> None:
    columns = metadata.tables[str(table)].c.keys()
    assert "team_id" in columns
    # What a budget is of; what people call an agent, which is a machine; and which one it is.
    allowed = {"agent_id"} | ({"name"} if str(table) in {"budgets", "agents"} else set())
    assert not [each for each in columns if any(word in each for word in _PERSONAL) and each not in allowed]


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
class TestUtcDateTime:
    def test_a_naive_time_is_refused(self, dialect: Dialect) -> None:
        with pytest.raises(ValueError, match="without a time zone"):
            UtcDateTime().process_bind_param(datetime(2024, 1, 1), dialect)  # noqa: DTZ001

    @given(
        st.datetimes(
            datetime.fromisoformat("0002-01-01"),
            datetime.fromisoformat("9998-01-01"),
            timezones=st.sampled_from([UTC, timezone(timedelta(hours=5))]),
        )
    )
    def test_every_other_comes_back_as_utc(self, dialect: Dialect, value: datetime) -> None:
        kept = UtcDateTime().process_result_value(UtcDateTime().process_bind_param(value, dialect), dialect)
        assert kept == value
        assert kept.tzinfo is UTC

    def test_never_stays_never(self, dialect: Dialect) -> None:
        assert UtcDateTime().process_bind_param(None, dialect) is None
        assert UtcDateTime().process_result_value(None, dialect) is None


@given(HOSTILE_TEXTS)
def test_a_foreign_text_comes_back_as_it_was(text: str) -> None:
    stored = ForeignText().process_bind_param(text, SQLITE)
    assert stored is not None
    assert stored.isascii()
    assert "\x00" not in stored
    assert ForeignText().process_result_value(stored, SQLITE) == text


def test_a_word_is_stored_as_that_word() -> None:
    assert ForeignText().process_bind_param("CALL_FINISHED", SQLITE) == "CALL_FINISHED"
    assert ForeignText().process_bind_param(None, SQLITE) is None
    assert ForeignText().process_result_value(None, SQLITE) is None


async def test_times_in_a_real_database(actor: Actor, clock: FakeClock) -> None:
    await actor.follow()
    for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1999-12-31T23:59:59.000001Z"):
        await actor.set(followed_calls, {"started_at": datetime.fromisoformat(moment)})
        assert (await actor.call())["started_at"] == datetime.fromisoformat(moment)
    with pytest.raises(StatementError):
        await actor.set(followed_calls, {"started_at": clock().replace(tzinfo=None)})
