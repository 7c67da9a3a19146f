"""How the sandbox's Samora sends webhooks: beside its other work, again if need be, and badly if it is told to.

How the real one's bodies look, and how often it tries, is not published: here they come in many shapes, a few times.
"""

import asyncio
import contextlib
import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final, Literal, Self
from urllib.parse import urlsplit

import aiohttp

from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import SandboxCall
from bot.sandbox.webhooks import Webhook, WebhookEvent

Outcome = Literal["sent", "failed", "lost", "doubled", "reordered"]

WAITS: Final = (1.0, 4.0, 16.0)  # seconds between two attempts
_ATTEMPT_SECONDS: Final = 5.0
_AT_ONCE: Final = 16
_MOST_WAITING: Final = 5_000
_HELD_SECONDS: Final = 2.0  # at most, for what is to be overtaken and is not
_SENT_KEPT: Final = 1_000

_EVENTS: Final[Mapping[str, WebhookEvent]] = {
    "ONGOING": "CALL_STARTED",
    "CALL_FINISHED": "CALL_FINISHED",
    "UNANSWERED": "CALL_FAILED",
    "REJECTED": "CALL_FAILED",
    "FAILED": "CALL_FAILED",
}


def event_of(status: str) -> WebhookEvent | None:
    """What is announced when a call gets that status; None if nothing is."""
    return _EVENTS.get(status)


@dataclass(frozen=True, kw_only=True)
class Mischief:
    """How badly webhooks are sent: which share of them is lost, sent twice, or overtaken by the next one.

    The same ``seed`` strikes the same webhooks, if they come in the same order.
    """

    lost: float = 0.0
    doubled: float = 0.0
    reordered: float = 0.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class SentWebhook:
    """One attempt: what was sent where, without headers, and how it was answered; None if it wasn't."""

    path: str
    body: str
    status: int | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class _Delivery:
    webhook: Webhook
    body: str
    copies: int
    held: asyncio.Event | None  # until another one has overtaken it
    overtakes: asyncio.Event | None


class Sender:
    """Sends webhooks while it is entered.

    Attributes:
        figures: by webhook's id, what became of its deliveries. Those "sent" were answered with 2xx, those that
            "failed" given up; the others count mischief.
        attempts: the last ones, oldest first.
    """

    def __init__(self, *, clock: SandboxClock, waits: Sequence[float], on_change: Callable[[], None]) -> None:
        """Takes the seconds to wait before each further attempt, and who hears of attempts and outcomes."""
        self.figures: defaultdict[str, Counter[Outcome]] = defaultdict(Counter)
        self.attempts: deque[SentWebhook] = deque(maxlen=_SENT_KEPT)
        self._clock = clock
        self._waits = waits
        self._on_change = on_change
        self._shapes = Random(0)
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[str, asyncio.Event] = {}
        self._session: aiohttp.ClientSession | None = None
        self.misbehave(Mischief())

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ATTEMPT_SECONDS))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def drain(self) -> None:
        """Waits until nothing is on its way any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def mischief(self) -> Mischief:
        """How badly webhooks are sent at present."""
        return self._mischief

    def misbehave(self, mischief: Mischief) -> None:
        """Sends the next ones like that."""
        self._mischief = mischief
        self._dice = Random(mischief.seed)

    def send(self, webhooks: Iterable[Webhook], event: WebhookEvent, call: SandboxCall) -> None:
        """Begins to announce an event in a call, as it is now."""
        for webhook in webhooks:
            delivery = self._prepare(webhook, json.dumps(_body(self._shapes, event, call)))
            if delivery is None:
                self._on_change()
            elif len(self._tasks) >= _MOST_WAITING:
                self._count(webhook, "failed")
            else:
                task = asyncio.create_task(self._deliver(delivery), name="webhook")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _prepare(self, webhook: Webhook, body: str) -> _Delivery | None:
        lost, doubled, reordered = (self._dice.random() for _ in range(3))
        mischief, figures = self._mischief, self.figures[webhook.id]
        if lost < mischief.lost:
            figures["lost"] += 1
            return None
        copies = 1
        if doubled < mischief.doubled:
            figures["doubled"] += 1
            copies = 2
        held, overtakes = None, self._held.pop(webhook.id, None)
        if reordered < mischief.reordered and overtakes is None:
            figures["reordered"] += 1
            held = self._held[webhook.id] = asyncio.Event()
        return _Delivery(webhook=webhook, body=body, copies=copies, held=held, overtakes=overtakes)

    async def _deliver(self, delivery: _Delivery) -> None:
        if delivery.held:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(delivery.held.wait(), _HELD_SECONDS)
        for _ in range(delivery.copies):
            await self._send(delivery)

    async def _send(self, delivery: _Delivery) -> None:
        for wait in (0.0, *self._waits):
            await asyncio.sleep(wait)
            is_taken = await self._attempt(delivery.webhook, delivery.body)
            if delivery.overtakes:
                delivery.overtakes.set()
            if is_taken:
                self._count(delivery.webhook, "sent")
                return
        self._count(delivery.webhook, "failed")

    async def _attempt(self, webhook: Webhook, body: str) -> bool:
        async with self._slots:
            at, status = self._clock.now(), await self._post(webhook, body)
        path = urlsplit(webhook.url).path
        self.attempts.append(SentWebhook(path=path, body=body, status=status, at=at))
        self._on_change()
        return status is not None and 200 <= status < 300

    async def _post(self, webhook: Webhook, body: str) -> int | None:
        headers = {"Content-Type": "application/json"} | webhook.custom_headers
        try:
            if self._session is None:
                return None
            # Not where a redirect leads: the headers hold a secret.
            request = self._session.post(webhook.url, data=body, headers=headers, allow_redirects=False)
            async with request as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    def _count(self, webhook: Webhook, outcome: Outcome) -> None:
        self.figures[webhook.id][outcome] += 1
        self._on_change()


def _body(dice: Random, event: WebhookEvent, call: SandboxCall) -> dict[str, object]:
    """One of the shapes that a webhook may have; each says which event and call, and what nobody has to believe."""
    at, inner = call.updated_at.isoformat(), {"agent_id": call.agent_id, "status": call.status}
    shapes: tuple[dict[str, object], ...] = (
        {"event": event, "timestamp": at, "data": {"call_id": call.call_id, **inner}},
        {"type": event, "created_at": at, "data": {"id": call.call_id, **inner}},
        {"event_type": event, "agent": {"id": call.agent_id}, "call": {"id": call.call_id, "status": call.status}},
        {"event": event, "call_id": call.call_id, "agent_id": call.agent_id, "occurred_at": at},
        {"type": event, "payload": {"call": {"call_id": call.call_id.upper(), **inner}}},
    )
    return dice.choice(shapes)
