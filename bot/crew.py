"""The crew: the workers that follow calls, and how much they have to do."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, Protocol

import structlog

from bot.core.agent_ports import AgentSubscriptions, BoardMessenger, Boards
from bot.core.board_drawer import BoardDrawer
from bot.core.boards import BurstRules
from bot.core.card_drawer import Cards
from bot.core.changes import Rules
from bot.core.errors import StoreUnavailable
from bot.core.figures import Figures
from bot.core.follow import Poller
from bot.core.outbox import CardJob, Relay
from bot.core.ports import Audit, CallsApi, Clock, FollowedCalls, Messenger, Outbox, Subscriptions
from bot.core.rates import Rates
from bot.core.recent import RecentCalls
from bot.core.tracing import OpenSpan, untraced
from bot.core.wishes import Wishes
from bot.pruner import Pruner
from bot.workers import PAUSE, FailureNoter, Observer, Worker

log = structlog.get_logger(__name__)

_POLLER = "poller"
_LOOKS_AT_ONCE = 384
_TURNS_AT_ONCE = 32
_CARDS_AT_ONCE = 8
_BOARDS_AT_ONCE = 4
_MEASURE_SECONDS = 10.0

# A turn waits for the database at the longest: 15 seconds for what it reads, 15 for what it writes. This is far more.
_STALLED_SECONDS = 120.0


class Store(Protocol):
    """The database, as far as the crew and those who ask need it."""

    @property
    def followed(self) -> FollowedCalls:
        """The calls."""

    @property
    def subscriptions(self) -> Subscriptions:
        """Who follows them."""

    @property
    def outbox(self) -> Outbox:
        """What is owed."""

    @property
    def agents(self) -> AgentSubscriptions:
        """The agents that are followed."""

    @property
    def boards(self) -> Boards:
        """What stands for many cards."""

    @property
    def audit(self) -> Audit:
        """Who did what."""

    async def measure(self) -> Figures:
        """How much there is to do; raises StoreUnavailable."""


class Speaker(Messenger, BoardMessenger, Protocol):
    """Slack, as far as the crew needs it."""


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The workers, put together.

    Attributes:
        store: the database.
        observe_store: hears now and then how much there is to do, or None if the database doesn't say.
        pruner: the one who throws away what is over.
        wishes: what channels want to hear of agents' calls.
        workers: the poller, the relay, and those who post cards and boards, and redraw them.
        turned_at: when the last turn of those beside them began, by the monotonic clock, as long as they work.
    """

    store: Store
    observe_store: Callable[[Figures | None], None]
    pruner: Pruner
    wishes: Wishes
    workers: list[Worker[Any]] = field(default_factory=list)
    turned_at: dict[str, float] = field(default_factory=dict)

    def wake(self) -> None:
        """Something was written that there may be something to do about."""
        for worker in self.workers:
            worker.wake()

    def look(self) -> None:
        """A webhook has come: there is something for the poller alone."""
        for worker in self.workers:
            if worker.name == _POLLER:
                worker.wake()

    def hear(self) -> None:
        """Likewise, because of a person: what is wished may have changed, too."""
        self.wishes.invalidate()
        self.wake()

    def find_stalled(self) -> list[str]:
        """The workers that make no turns any more, once they work: nothing but a new process helps then."""
        before = monotonic() - _STALLED_SECONDS
        found = [worker.name for worker in self.workers if worker.is_running and worker.turned_at < before]
        found += [name for name, turned_at in self.turned_at.items() if turned_at < before]
        return [*found, "pruner"] if self.pruner.due_at < before else found

    async def run(self, team_id: str, stopped: asyncio.Event) -> None:
        """Works for a workspace until stopped. That Slack knows us there says that the token works (again)."""
        async with asyncio.TaskGroup() as tasks:
            for worker in self.workers:
                tasks.create_task(worker.run(stopped), name=worker.name)
            beside = [
                tasks.create_task(self._resume(team_id), name="resume"),
                tasks.create_task(self._measure(), name="measure"),
                tasks.create_task(self.pruner.run(), name="pruner"),
            ]
            await stopped.wait()
            for task in beside:
                task.cancel()

    async def _resume(self, team_id: str) -> None:
        """Goes on with what was stopped when the token was taken back; tried until the database answers."""
        while True:
            self.turned_at["resume"] = monotonic()
            try:
                if resumed := await self.store.subscriptions.resume_team(team_id):
                    log.info("resumed_after_reinstall", team_id=team_id, subscriptions=resumed)
                    self.wake()
            except StoreUnavailable as error:
                log.warning("store_unavailable", worker="resume", reason=error.reason)
            except Exception:
                log.exception("bug", worker="resume")
            else:
                del self.turned_at["resume"]
                return
            await asyncio.sleep(_MEASURE_SECONDS)

    async def _measure(self) -> None:
        while True:
            self.turned_at["measure"] = monotonic()
            try:
                self.observe_store(await self.store.measure())
            except StoreUnavailable:
                self.observe_store(None)
            except Exception:
                log.exception("bug", worker="measure")
                self.observe_store(None)
            await asyncio.sleep(_MEASURE_SECONDS)


def make_crew(
    *,
    store: Store,
    calls: CallsApi,
    messenger: Speaker,
    clock: Clock,
    rules: Rules,
    burst: BurstRules,
    rates: Rates,
    lease: timedelta,
    observe: Observer,
    observe_store: Callable[[Figures | None], None],
    pruner: Pruner,
    note_failure: FailureNoter = lambda _name, _reason: None,
    observe_delay: Callable[[str, float], None] = lambda _path, _seconds: None,
    span: OpenSpan = untraced,
    observe_wait: Callable[[str, float], None] = lambda _worker, _seconds: None,
) -> Crew:
    """Puts the workers together; whatever one of them writes wakes the others."""
    wishes = Wishes(agents=store.agents, clock=clock)
    crew = Crew(store=store, observe_store=observe_store, pruner=pruner, wishes=wishes)
    recent = RecentCalls()
    outbox = store.outbox
    poller = Poller(
        calls=calls,
        followed=store.followed,
        wishes=wishes,
        recent=recent,
        clock=clock,
        rules=rules,
        on_change=crew.wake,
    )
    relay = Relay(outbox=outbox, messenger=messenger, clock=clock, on_card=crew.wake, on_sent=observe_delay)
    cards = Cards(outbox=outbox, messenger=messenger, calls=calls, recent=recent, clock=clock, on_change=crew.wake)
    boards = _make_drawer(store, messenger, clock, burst, crew.wake)
    hear = partial(Worker, observe=observe, note_failure=note_failure, observe_wait=observe_wait, span=span)
    worker = partial(hear, lease=lease, clock=clock)

    def until() -> datetime:
        return clock() + lease

    crew.workers.extend(_make_workers(worker, store, rates, until, poller=poller, relay=relay))
    crew.workers.extend(_make_drawing_workers(worker, store, rates, until, cards=cards, boards=boards))
    return crew


def _make_workers(
    worker: Callable[..., Worker[Any]],
    store: Store,
    rates: Rates,
    until: Callable[[], datetime],
    *,
    poller: Poller,
    relay: Relay,
) -> Iterator[Worker[Any]]:
    outbox, looks = store.outbox, rates.looks
    # Not all at once that a second allows: whoever comes meanwhile would wait until they are through. A claim takes its
    # time, too: from one to the next it is twice the pause at least where there are many.
    share = looks.find_share(2 * PAUSE)
    yield worker(
        name=_POLLER,
        claim=lambda room: store.followed.claim(limit=min(room, share), until=until(), rate=looks),
        work=poller.look,
        release=store.followed.release,
        at_once=_LOOKS_AT_ONCE,
        ids=lambda row: {"call_id": str(row.call_id)},
        traceparent=lambda row: row.traceparent,
    )
    yield worker(
        name="relay",
        claim=lambda room: outbox.claim_turns(limit=room, until=until(), rate=rates.posts),
        work=relay.deliver,
        release=outbox.release,
        at_once=_TURNS_AT_ONCE,
        ids=lambda turn: {"call_id": str(turn.notice.call_id), "notice_id": str(turn.notice.id)},
        traceparent=lambda turn: turn.notice.traceparent,
    )


def _make_drawing_workers(
    worker: Callable[..., Worker[Any]],
    store: Store,
    rates: Rates,
    until: Callable[[], datetime],
    *,
    cards: Cards,
    boards: BoardDrawer,
) -> Iterator[Worker[Any]]:
    """What is new is a post, what is there already an edit: Slack has a rate for each."""
    outbox = store.outbox
    of_cards = partial(worker, work=cards.draw, release=outbox.release_card, at_once=_CARDS_AT_ONCE, ids=_ids_of_card)
    of_boards = partial(
        worker,
        work=boards.draw,
        release=store.boards.release,
        at_once=_BOARDS_AT_ONCE,
        ids=lambda job: {"board_id": str(job.board.id)},
    )
    yield of_cards(
        name="new_cards",
        claim=lambda room: outbox.claim_new_cards(limit=room, until=until(), rate=rates.posts),
    )
    yield of_cards(
        name="cards",
        claim=lambda room: outbox.claim_cards(limit=room, until=until(), rate=rates.edits),
    )
    yield of_boards(
        name="new_boards",
        claim=lambda room: store.boards.claim_new(limit=room, until=until(), rate=rates.posts),
    )
    yield of_boards(
        name="boards",
        claim=lambda room: store.boards.claim(limit=room, until=until(), rate=rates.edits),
    )


def _ids_of_card(job: CardJob) -> dict[str, str]:
    return {"call_id": str(job.call_id), "subscription_id": job.subscription_id}


def _make_drawer(
    store: Store, messenger: BoardMessenger, clock: Clock, rules: BurstRules, on_change: Callable[[], None]
) -> BoardDrawer:
    return BoardDrawer(
        boards=store.boards,
        messenger=messenger,
        stop_team=store.outbox.stop_team,
        clock=clock,
        rules=rules,
        on_change=on_change,
    )
