"""Erasing: nothing is left of a workspace that has removed the app, of a call, or of a person who asked for that."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.core.audit import AuditAction, AuditEntry
from bot.core.calls import CallId
from bot.core.changes import observe
from bot.core.errors import StoreUnavailable
from bot.core.subscriptions import Options, SubscriptionState
from bot.storage import erasing
from bot.storage.database import Database
from bot.storage.erasing import Erased
from bot.storage.leases import Queue
from bot.storage.opening import open_database
from bot.storage.schema import boards, channels, metadata, notices, subscriptions, webhooks
from bot.storage.store import Store
from tests.core.making import RULES, SECOND, FakeClock, make_reading, make_wish
from tests.factories import CHANNEL, OTHER_TEAM, TEAM, USER, make_call_id
from tests.storage.acting import Actor

JON = "U0JON"
AGENT = "a6e27000-0000-4000-8000-000000000001"


async def holders(actor: Actor, value: str) -> set[str]:
    """The tables in which that stands."""
    return {name for name, table in metadata.tables.items() if value in str(await actor.rows(table))}


async def refuse(actor: Actor) -> None:
    """Slack lets the bot post nothing any more where it is about to."""
    await actor.store.outbox.pause(await actor.take_turn(), reason="is_archived", whole_channel=True)


async def follow_agents(actor: Actor, team_id: str) -> None:
    """A workspace follows an agent, has a name for it and its webhook, and a board of its calls."""
    store, at = actor.store, actor.clock()
    await store.agents.add(make_wish(f"wish-{team_id}", team_id=team_id, agent_id=AGENT))
    await store.names.name(team_id, AGENT, "Sales", by=USER)
    webhook = {"team_id": team_id, "webhook_id": "hook-1", "agent_id": AGENT, "created_at": at}
    board = {"id": f"board-{team_id}", "team_id": team_id, "channel_id": CHANNEL, "opened_at": at}
    async with actor.database.transaction() as connection:
        await connection.execute(webhooks.insert().values(webhook))
        await connection.execute(boards.insert().values(board))


class TestAWorkspace:
    @pytest.fixture(autouse=True)
    async def some(self, actor: Actor) -> None:
        """One that is told something, one whose creator is owed a message, one that has ended; and another team."""
        await actor.follow("sub-1", n=1)
        await actor.follow("sub-2", n=2, channel_id="C2")
        await actor.follow("sub-3", n=3, channel_id="C3")
        await actor.follow("other", team_id=OTHER_TEAM)
        await actor.see("CALL_FINISHED", n=2)
        await refuse(actor)
        await actor.see("CALL_FINISHED", n=1)
        await actor.store.subscriptions.end("sub-3", by=JON)

    async def test_nothing_of_it_is_left_and_all_of_the_others(self, store: Store, actor: Actor) -> None:
        tables = metadata.tables
        for team_id in (TEAM, OTHER_TEAM):
            await follow_agents(actor, team_id)
        others = {name: await actor.rows(table, team_id=OTHER_TEAM) for name, table in tables.items()}
        ours = sum([len(await actor.rows(table, team_id=TEAM)) for table in tables.values()])
        assert await store.subscriptions.erase_team(TEAM) == ours
        assert await holders(actor, TEAM) == set()
        assert {name: await actor.rows(table) for name, table in tables.items()} == others
        assert {name for name, rows in others.items() if not rows} <= {"notices", "channels", "budgets"}
        assert await store.subscriptions.erase_team(TEAM) == 0

    @pytest.mark.parametrize("first", ["erase_team", "stop_team"])
    async def test_whichever_of_slacks_two_events_comes_first(self, store: Store, actor: Actor, first: str) -> None:
        both = [store.subscriptions.erase_team, store.subscriptions.stop_team]
        for each in both if first == "erase_team" else reversed(both):
            await each(TEAM)
        await store.subscriptions.resume_team(TEAM)
        assert await holders(actor, TEAM) == set()

    async def test_both_events_at_once(self, store: Store, actor: Actor) -> None:
        await asyncio.gather(
            store.subscriptions.stop_team(TEAM),
            store.subscriptions.erase_team(TEAM),
            store.outbox.stop_team(TEAM),
            store.subscriptions.erase_team(TEAM),
        )
        assert await holders(actor, TEAM) == set()

    @pytest.mark.parametrize("keys", [1, 2, 500])
    async def test_a_try_that_is_cut_off_keeps_what_it_did_and_the_next_gets_further(
        self, store: Store, actor: Actor, monkeypatch: pytest.MonkeyPatch, keys: int
    ) -> None:
        """Each try ends within its fifth piece: that one is taken back, those before it are not."""
        await actor.follow("sub-4", n=4, status="PENDING")
        await actor.follow("sub-5", n=4, channel_id="C2")
        for status in ("TRIGGERED", "ONGOING", "CALL_FINISHED"):
            await actor.see(status, n=4)
        others = {name: await actor.rows(table, team_id=OTHER_TEAM) for name, table in metadata.tables.items()}
        monkeypatch.setattr(erasing, "_KEYS", keys)
        monkeypatch.setattr(erasing, "_PIECE", 2)
        left = [await count_rows(actor)]
        while left[-1]:
            with monkeypatch.context() as patched, suppress(StoreUnavailable):
                cut_short(patched, most=4)
                await store.subscriptions.erase_team(TEAM)
            left.append(await count_rows(actor))
            assert left[-1] < left[-2]
        assert len(left) > 3
        assert await holders(actor, TEAM) == set()
        assert {name: await actor.rows(table) for name, table in metadata.tables.items()} == others


async def count_rows(actor: Actor) -> int:
    return sum([len(await actor.rows(table, team_id=TEAM)) for table in metadata.tables.values()])


def cut_short(patched: pytest.MonkeyPatch, *, most: int) -> None:
    """From now on the database commits so many pieces, and no more."""
    transaction, numbers = Database.transaction, count(1)

    @asynccontextmanager
    async def cut(database: Database, **options: Any) -> AsyncIterator[Any]:
        async with transaction(database, **options) as connection:
            yield connection
            if next(numbers) > most:
                raise StoreUnavailable("time-out")

    patched.setattr(Database, "transaction", cut)


async def look(actor: Actor) -> Callable[[], Awaitable[object]]:
    known = await actor.take_call()
    seen = observe(known, make_reading("UNANSWERED"), now=actor.clock(), rules=RULES)
    return lambda: actor.store.followed.save(seen, due_at=actor.clock())


async def look_without_news(actor: Actor) -> Callable[[], Awaitable[object]]:
    known = await actor.take_call()
    return lambda: actor.store.followed.save(actor.observe(known, "TRIGGERED"), due_at=actor.clock())


async def failed_look(actor: Actor) -> Callable[[], Awaitable[object]]:
    known = await actor.take_call()
    return lambda: actor.store.followed.put_off(known, due_at=actor.clock(), held_until=actor.clock())


async def look_given_back(actor: Actor) -> Callable[[], Awaitable[object]]:
    known = await actor.take_call()
    return lambda: actor.store.followed.release(known)


def with_turn(work: Callable[[Any, Any], Awaitable[object]]) -> Any:
    async def begin(actor: Actor) -> Callable[[], Awaitable[object]]:
        turn = await actor.take_turn()
        return lambda: work(actor.store.outbox, turn)

    return begin


def with_card(work: Callable[[Any, Any], Awaitable[object]]) -> Any:
    async def begin(actor: Actor) -> Callable[[], Awaitable[object]]:
        job = await actor.take_card()
        return lambda: work(actor.store.outbox, job)

    return begin


NEVER = FakeClock()()
UNDER_WAY = {
    "look": look,
    "look without news": look_without_news,
    "failed look": failed_look,
    "look given back": look_given_back,
    "begin": with_turn(lambda outbox, turn: outbox.begin(turn)),
    "sent": with_turn(lambda outbox, turn: outbox.mark_sent(turn, ts="1.1", next_at=NEVER)),
    "put off": with_turn(lambda outbox, turn: outbox.put_off(turn, due_at=NEVER, is_unknown=True)),
    "drop": with_turn(lambda outbox, turn: outbox.drop(turn, reason="x")),
    "pause": with_turn(lambda outbox, turn: outbox.pause(turn, reason="x", whole_channel=True)),
    "lose card": with_turn(lambda outbox, turn: outbox.lose_card(turn)),
    "release": with_turn(lambda outbox, turn: outbox.release(turn)),
    "begin card": with_card(lambda outbox, job: outbox.begin_card(job)),
    "card": with_card(lambda outbox, job: outbox.mark_card(job, ts="1.1")),
    "put card off": with_card(lambda outbox, job: outbox.put_off_card(job, due_at=NEVER, is_unknown=True)),
    "repost": with_card(lambda outbox, job: outbox.repost_card(job)),
    "pause card": with_card(lambda outbox, job: outbox.pause_card(job, reason="x", whole_channel=True)),
    "release card": with_card(lambda outbox, job: outbox.release_card(job)),
}


@pytest.mark.parametrize("begin", UNDER_WAY.values(), ids=UNDER_WAY)
async def test_whoever_was_at_work_finds_it_gone_and_makes_nothing_anew(
    store: Store, actor: Actor, begin: Callable[[Actor], Awaitable[Callable[[], Awaitable[object]]]]
) -> None:
    await actor.follow(status="PENDING")
    await actor.see("TRIGGERED")
    go_on = await begin(actor)
    await store.subscriptions.erase_team(TEAM)
    await go_on()
    assert await holders(actor, TEAM) == set()


class TestACall:
    async def test_nothing_of_it_is_left_and_all_of_the_others(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1", n=1)
        await actor.follow("sub-2", n=1, channel_id="C2")
        await actor.follow("sub-3", n=1, channel_id="C3", team_id=OTHER_TEAM)
        await actor.follow("sub-4", n=2)
        await actor.see("CALL_FINISHED", n=1)
        await actor.see("CALL_FINISHED", n=2)
        await actor.deliver()
        erased = await store.forget_call(make_call_id(1))
        assert erased == Erased(calls=2, subscriptions=3, notices=2, acts=3)
        assert await holders(actor, str(make_call_id(1))) == set()
        assert await holders(actor, str(make_call_id(2))) == {"followed_calls", "subscriptions", "audit"}
        assert [row["subscription_id"] for row in await actor.rows(notices)] == ["sub-4"]
        assert await store.forget_call(make_call_id(1)) == Erased()

    async def test_a_notice_under_way_is_not_sent_again(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("CALL_FINISHED")
        turn = await actor.take_turn()
        assert await store.outbox.begin(turn)
        await store.forget_call(make_call_id(1))
        await store.outbox.mark_sent(turn, ts="1.1", next_at=actor.clock() + SECOND)
        assert await actor.deliver() == []


class TestAPerson:
    @pytest.fixture(autouse=True)
    async def some(self, actor: Actor) -> None:
        await actor.follow("hers", n=1, creator_id=JON)
        await actor.follow("shared", n=1, creator_id=USER, channel_id="C2", options=Options(mention=JON))
        await actor.follow("alone", n=2, creator_id=JON, channel_id="C3", options=Options(mention=JON))
        await actor.see("CALL_FINISHED", n=2)
        await refuse(actor)  # so a direct message is owed to her
        await actor.store.subscriptions.change("shared", Options(mention=JON), by=JON)

    async def test_what_she_follows_and_did_is_gone_and_so_are_mentions_of_her(
        self, store: Store, actor: Actor
    ) -> None:
        assert await holders(actor, JON) == {"subscriptions", "notices", "channels", "audit"}
        erased = await store.forget_user(JON)
        assert erased == Erased(subscriptions=2, notices=2, acts=3, mentions=1)
        assert await holders(actor, JON) == set()
        assert [row["id"] for row in await actor.rows(subscriptions)] == ["shared"]
        assert (await actor.find("shared")).state is SubscriptionState.ACTIVE
        assert await store.forget_user(JON) == Erased()

    async def test_others_still_hear_of_the_calls_and_what_nobody_follows_is_not_read(
        self, store: Store, actor: Actor
    ) -> None:
        await actor.follow("alone too", n=3, creator_id=JON)
        await store.forget_user(JON)
        assert await actor.due_at(1) is not None
        assert await actor.due_at(3) is None
        await actor.see("CALL_FINISHED", n=1)
        assert [turn.notice.subscription_id for turn in await actor.deliver()] == ["shared"]

    async def test_only_hers(self, store: Store, actor: Actor) -> None:
        before = {name: await actor.rows(table) for name, table in metadata.tables.items()}
        assert await store.forget_user("U9") == Erased()
        assert {name: await actor.rows(table) for name, table in metadata.tables.items()} == before


async def test_acts_about_other_calls_by_others_stay(store: Store, actor: Actor, clock: FakeClock) -> None:
    def entry(user_id: str, call_id: CallId) -> AuditEntry:
        return AuditEntry(
            at=clock(), team_id=TEAM, user_id=user_id, action=AuditAction.SHARE, call_id=call_id, channel_id=CHANNEL
        )

    for user_id, n in ((USER, 1), (JON, 2), (USER, 2)):
        await store.audit.add(entry(user_id, make_call_id(n)))
    assert await store.forget_call(make_call_id(1)) == Erased(acts=1)
    assert await store.forget_user(JON) == Erased(acts=1)
    assert await store.audit.list_newest(limit=9) == (entry(USER, make_call_id(2)),)
    assert await actor.rows(channels) == []


async def test_whoever_claims_meanwhile_leaves_nothing_behind(
    store: Store, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await actor.follow()
    find = Queue._find_earliest
    found: list[object] = []

    async def find_and_be_overtaken(queue: Queue, connection: Any, wish: Any) -> Any:
        found.append(await find(queue, connection, wish))
        if len(found) == 1:
            await store.subscriptions.erase_team(TEAM)
        return found[-1]

    monkeypatch.setattr(Queue, "_find_earliest", find_and_be_overtaken)
    assert (await actor.claim_calls()).rows == ()
    assert found[0] is not None
    assert await holders(actor, TEAM) == set()


class TestTheFiles:
    """SQLite's own: what was deleted is in no free page of theirs, and in no old frame of the log beside it."""

    @pytest.fixture
    def kind(self) -> str:
        return "sqlite"

    @pytest.fixture(autouse=True)
    async def many(self, actor: Actor) -> None:
        """So many that their rows fill pages of their own."""
        await actor.follow(creator_id=JON)
        await actor.multiply(300)
        await actor.store.subscriptions.end_all(TEAM, CHANNEL, by=JON)
        await actor.follow("other", n=1, team_id=OTHER_TEAM, creator_id=USER)

    @pytest.mark.parametrize(
        ("erase", "value"),
        [
            (lambda store: store.forget_user(JON), JON),
            (lambda store: store.forget_call(make_call_id(7)), str(make_call_id(7))),
            (lambda store: store.subscriptions.erase_team(TEAM), JON),
            (lambda store: store.subscriptions.erase_team(TEAM), TEAM),
        ],
        ids=["person", "call", "team's person", "team"],
    )
    async def test_it_is_in_none_of_them(
        self, store: Store, url: str, erase: Callable[[Store], Awaitable[object]], value: str
    ) -> None:
        file = Path(url.removeprefix("sqlite:///"))
        assert value in read_beside(file)
        beside = open_database(url)
        await beside.ping()  # a bot that runs meanwhile: whoever closes the files last would tidy up
        await erase(store)
        assert value not in read_beside(file)
        assert OTHER_TEAM in read_beside(file)
        await beside.close()


def read_beside(file: Path) -> str:
    """Whatever is in the database's files."""
    return "".join(each.read_bytes().decode("latin-1") for each in file.parent.glob(f"{file.name}*"))
