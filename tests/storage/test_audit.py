"""The audit: what people change is put down with it, what they are given is put down before, and all of it is read."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_mock import MockerFixture
from structlog.testing import capture_logs

from bot.core.audit import AuditAction, AuditEntry
from bot.core.errors import StoreUnavailable
from bot.core.subscriptions import Options, SubscriptionState
from bot.storage.opening import open_database
from bot.storage.schema import audit, subscriptions
from bot.storage.store import Store
from tests.core.making import HOUR, MINUTE, FakeClock
from tests.factories import CHANNEL, TEAM, USER, make_call_id
from tests.storage.acting import Actor

JON = "U0JON"
CALL = str(make_call_id(1))

Act = Callable[[Store], Awaitable[object]]


async def acts(actor: Actor) -> list[tuple[str, str, str, str]]:
    """Who did what to which call where, in order."""
    return [(row["user_id"], row["action"], row["call_id"], row["channel_id"]) for row in await actor.rows(audit)]


def make_entry(n: int = 1, **changes: Any) -> AuditEntry:
    entry: dict[str, Any] = {"at": FakeClock()(), "team_id": TEAM, "user_id": USER, "call_id": make_call_id(n)}
    return AuditEntry(**entry | {"action": AuditAction.RECORDING, "channel_id": CHANNEL} | changes)


async def test_who_follows_a_call_is_put_down_once(actor: Actor, clock: FakeClock) -> None:
    with capture_logs() as logs:
        made = await actor.follow(creator_id=JON)
    with pytest.raises(AssertionError):  # it is followed there already
        await actor.follow("sub-2", creator_id=USER)
    assert await acts(actor) == [(JON, "subscribe", CALL, CHANNEL)]
    row = await actor.row(audit)
    assert (row["team_id"], row["at"]) == (TEAM, clock())
    line = {"event": "audit", "log_level": "info", "action": "subscribe", "team_id": TEAM, "user_id": JON}
    assert logs == [line | {"call_id": CALL, "channel_id": CHANNEL}]
    await actor.store.subscriptions.discard(made.id)
    assert await acts(actor) == [(JON, "subscribe", CALL, CHANNEL)], "what somebody did stays done"


CHANGES: dict[str, tuple[Act, Act | None]] = {
    "pause": (lambda store: store.subscriptions.pause("sub-1", by=JON), None),
    "resume": (
        lambda store: store.subscriptions.resume("sub-1", by=JON),
        lambda store: store.subscriptions.pause("sub-1", by=USER),
    ),
    "end": (lambda store: store.subscriptions.end("sub-1", by=JON), None),
    "end all": (lambda store: store.subscriptions.end_all(TEAM, CHANNEL, by=JON), None),
    "change": (lambda store: store.subscriptions.change("sub-1", Options(mention="U9"), by=JON), None),
}


@pytest.mark.parametrize("action", CHANGES)
async def test_who_changes_a_subscription_is_put_down_with_it(
    store: Store, actor: Actor, clock: FakeClock, action: str
) -> None:
    change, before = CHANGES[action]
    await actor.follow(creator_id=USER)
    if before:
        await before(store)
    clock.advance(MINUTE)
    with capture_logs() as logs:
        await change(store)
    word = action.removesuffix(" all")
    assert (await acts(actor))[-1] == (JON, word, CALL, CHANNEL)
    assert (await actor.rows(audit))[-1]["at"] == clock()
    assert [(line["event"], line["action"], line["user_id"]) for line in logs] == [("audit", word, JON)]


async def test_who_ends_all_of_a_channel_is_put_down_with_each_call(store: Store, actor: Actor) -> None:
    for n in (1, 2):
        await actor.follow(f"sub-{n}", n=n)
    await actor.follow("elsewhere", n=3, channel_id="C2")
    with capture_logs() as logs:
        assert await store.subscriptions.end_all(TEAM, CHANNEL, by=JON) == 2
        assert await store.subscriptions.end_all(TEAM, CHANNEL, by=JON) == 0
    both = [CALL, str(make_call_id(2))]
    assert (await acts(actor))[3:] == [(JON, "end", call, CHANNEL) for call in both]
    assert [(line["action"], line["call_id"]) for line in logs] == [("end", call) for call in both]
    (newest, _) = await store.audit.list_newest(limit=9, call_id=make_call_id(2))
    assert (newest.action, newest.user_id) == (AuditAction.END, JON)


async def test_who_resumes_what_slack_has_paused_is_put_down_with_all_that_is_resumed(
    store: Store, actor: Actor
) -> None:
    for n in (1, 2, 3):
        await actor.follow(f"sub-{n}", n=n)
    await store.subscriptions.pause("sub-3", by=USER)
    await store.subscriptions.want_card(TEAM, CHANNEL, (await actor.find()).card_ts)
    await store.outbox.pause_card(await actor.take_card(), reason="is_archived", whole_channel=True)
    with capture_logs() as logs:
        assert await store.subscriptions.resume("sub-2", by=JON) == 2
    assert (await acts(actor))[4:] == [(JON, "resume", str(make_call_id(n)), CHANNEL) for n in (1, 2)]
    assert [(line["action"], line["call_id"]) for line in logs] == [("resume", str(make_call_id(n))) for n in (1, 2)]


async def test_hundreds_at_once_are_put_down_one_by_one(store: Store, actor: Actor) -> None:
    await actor.follow()
    await actor.multiply(1202)
    assert await store.subscriptions.end_all(TEAM, CHANNEL, by=JON) == 1202
    ended = {row["call_id"] for row in await actor.rows(audit, action="end")}
    assert ended == {str(make_call_id(n)) for n in range(1, 1203)}


@pytest.mark.parametrize("change", [change for change, _ in CHANGES.values()], ids=CHANGES)
async def test_what_changes_nothing_is_no_act(store: Store, actor: Actor, change: Act) -> None:
    await actor.follow()
    await store.subscriptions.end("sub-1", by=USER)
    with capture_logs() as logs:
        assert not await change(store)
    assert [action for _, action, _, _ in await acts(actor)] == ["subscribe", "end"]
    assert logs == []


async def test_what_can_not_be_put_down_is_not_done(store: Store, actor: Actor) -> None:
    await actor.follow()
    with capture_logs() as logs, pytest.raises(ValueError, match="not an id"):
        await store.subscriptions.pause("sub-1", by="=cmd()")
    assert (await actor.find()).state is SubscriptionState.ACTIVE
    assert logs == []


@pytest.mark.parametrize("action", CHANGES)
async def test_a_change_and_its_row_are_one_transaction(
    store: Store, actor: Actor, action: str, mocker: MockerFixture
) -> None:
    change, before = CHANGES[action]
    await actor.follow()
    if before:
        await before(store)
    mocker.patch("bot.storage.acts.put_down", side_effect=StoreUnavailable("gone"))
    rows = await actor.rows(subscriptions)
    with capture_logs() as logs, pytest.raises(StoreUnavailable):
        await change(store)
    assert await actor.rows(subscriptions) == rows
    assert logs == []


async def test_what_slack_pauses_and_resumes_is_nobodys_act(store: Store, actor: Actor) -> None:
    made = await actor.follow()
    await store.subscriptions.want_card(TEAM, CHANNEL, made.card_ts)
    await store.outbox.pause_card(await actor.take_card(), reason="is_archived", whole_channel=True)
    await store.subscriptions.resume_channel(TEAM, CHANNEL)
    await store.subscriptions.stop_team(TEAM)
    await store.subscriptions.resume_team(TEAM)
    assert [action for _, action, _, _ in await acts(actor)] == ["subscribe"]


async def test_what_somebody_is_given_is_a_row_and_then_a_line(store: Store, actor: Actor) -> None:
    with capture_logs() as logs:
        await store.audit.add(make_entry(channel_id=""))
    assert await acts(actor) == [(USER, "recording", CALL, "")]
    assert [(line["event"], line["action"]) for line in logs] == [("audit", "recording")]


async def test_what_could_not_be_put_down_is_not_in_the_log_either() -> None:
    database = open_database("postgresql://127.0.0.1:1/x")
    store = Store(database=database, clock=FakeClock(), team_id=lambda: TEAM)
    with capture_logs() as logs, pytest.raises(StoreUnavailable):
        await store.audit.add(make_entry())
    assert logs == []
    await database.close()


class TestReading:
    @pytest.fixture(autouse=True)
    async def some(self, store: Store, clock: FakeClock) -> None:
        for n in range(5):
            entry = make_entry(n % 2 + 1, at=clock() + n * HOUR, user_id=(USER, JON)[n // 3])
            await store.audit.add(entry)

    async def test_newest_first_as_they_were_put_down(self, store: Store, clock: FakeClock) -> None:
        found = await store.audit.list_newest(limit=2)
        assert found == tuple(make_entry(n % 2 + 1, at=clock() + n * HOUR, user_id=JON) for n in (4, 3))

    async def test_at_the_same_time_the_last_one_comes_first(self, store: Store, clock: FakeClock) -> None:
        actions = (AuditAction.SHARE, AuditAction.PAUSE, AuditAction.RESUME)
        for action in actions:
            await store.audit.add(make_entry(at=clock() + 9 * HOUR, action=action))
        assert [each.action for each in await store.audit.list_newest(limit=3)] == list(reversed(actions))

    @pytest.mark.parametrize(
        ("asked", "hours"),
        [
            ({"call_id": make_call_id(2)}, [3, 1]),
            ({"user_id": JON}, [4, 3]),
            ({"since": timedelta(hours=2)}, [4, 3, 2]),
            ({"since": timedelta(hours=2), "call_id": make_call_id(1), "user_id": USER}, [2]),
            ({"user_id": "U9"}, []),
        ],
    )
    async def test_about_a_call_by_a_person_since_a_time(
        self, store: Store, clock: FakeClock, asked: dict[str, Any], hours: list[int]
    ) -> None:
        if "since" in asked:
            asked = asked | {"since": clock() + asked["since"]}
        found = await store.audit.list_newest(limit=10, **asked)
        assert [(each.at - clock()) // HOUR for each in found] == hours
