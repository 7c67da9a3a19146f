"""Health and figures: whether the process lives, whether it can reach its neighbours, and how much it did."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial

from prometheus_client import Gauge, generate_latest

from bot import __version__
from bot.check.process import Failure, Pulse
from bot.core.figures import Figures
from bot.core.foreign import one_line
from bot.core.ports import Clock
from bot.meters import Meters
from bot.web import Answer

# The figures of following that are metrics too, with their help texts.
_FIGURES = {
    "calls_due": "Followed calls that are due to be looked at.",
    "late_seconds": "How long the longest due of them has been due.",
    "notices_owed": "Notices that are not posted yet.",
    "oldest_notice_seconds": "How old the oldest of them is.",
    "cards_old": "Cards and boards that are not drawn as they should be yet.",
    "agents_announced": "Agents whose webhooks arrive.",
    "agents_silent": "Agents whose webhooks arrived once and do no more.",
}

# So many kinds of failures are remembered, the newest, and so much of each reason.
_FAILURES_KEPT = 10
_LONGEST_REASON = 80


class Health:
    """Hears what happens, and tells it at ``/healthz``, ``/readyz`` and ``/metrics``, and to the doctor."""

    def __init__(
        self,
        *,
        clock: Clock,
        is_slack_known: Callable[[], bool],
        is_socket_connected: Callable[[], bool] | None,
        count_work: Callable[[], int],
        count_connections: Callable[[], int] = lambda: 0,
    ) -> None:
        """Takes the time and whom to ask; ``is_socket_connected`` and ``count_connections`` only in Socket Mode."""
        self._clock = clock
        self._is_slack_known = is_slack_known
        self._is_socket_connected = is_socket_connected
        self._count_work = count_work
        self._count_connections = count_connections
        self._since = clock()
        self._request_at: datetime | None = None
        self._event_at: datetime | None = None
        self._failures: OrderedDict[tuple[str, str], Failure] = OrderedDict()
        self._samora: tuple[str, datetime] | None = None
        self._meters = Meters()
        self._figures: Figures | None = None
        self._is_store_reachable: bool | None = None
        for name, text in _FIGURES.items():
            gauge = Gauge(f"samora_bot_{name}", text, registry=self._meters.registry)
            gauge.set_function(partial(self._figure, name))
        work = Gauge("samora_bot_work", "Answers under way.", registry=self._meters.registry)
        work.set_function(count_work)
        tasks = Gauge(
            "samora_bot_tasks", "Tasks in the event loop: under way, waiting or asleep.", registry=self._meters.registry
        )
        tasks.set_function(_count_tasks)

    def observe_request(self, kind: str, outcome: str) -> None:
        """Hears of a request from Slack that was answered or refused."""
        self._meters.requests.labels(kind, outcome).inc()
        self._request_at = self._clock()
        if kind == "mention" or kind.startswith("event."):
            self._event_at = self._request_at

    def observe_samora(self, outcome: str, seconds: float) -> None:
        """Hears of a request to Samora."""
        self._meters.samora.labels(outcome).observe(seconds)
        self._samora = outcome, self._clock()

    def observe_webhook(self, event: str, outcome: str, seconds: float) -> None:
        """Hears of a webhook that was taken or refused."""
        self._meters.webhooks.labels(event.lower(), outcome).inc()
        self._meters.webhook_seconds.labels(outcome).observe(seconds)

    def observe_delay(self, path: str, seconds: float) -> None:
        """Hears of a notice that was posted, so long after what it tells."""
        self._meters.delays.labels(path).observe(seconds)

    def observe_worker(self, name: str, outcome: str) -> None:
        """Hears of a row that a worker is done with."""
        self._meters.worked.labels(name, outcome).inc()

    def observe_store(self, figures: Figures | None) -> None:
        """Hears how much there is to do; None if the database doesn't say."""
        self._is_store_reachable = figures is not None
        self._figures = figures or self._figures

    def note_failure(self, what: str, reason: str) -> None:
        """Hears of a request or a row that failed, and why: in a code, without anybody's data."""
        known = self._failures.pop((what, reason), None)
        count = known.count + 1 if known else 1
        shown = one_line(reason)[:_LONGEST_REASON]
        self._failures[what, reason] = Failure(what=what, reason=shown, at=self._clock(), count=count)
        while len(self._failures) > _FAILURES_KEPT:
            self._failures.popitem(last=False)

    def pulse(self) -> Pulse:
        """How the process is, for the doctor."""
        return Pulse(
            since=self._since,
            is_connected=self._is_socket_connected() if self._is_socket_connected else None,
            connections=self._count_connections(),
            request_at=self._request_at,
            event_at=self._event_at,
            failures=tuple(self._failures.values()),
        )

    def _figure(self, name: str) -> float:
        return float(getattr(self._figures, name)) if self._figures else 0.0

    def alive(self) -> Answer:
        """``/healthz``: that the process answers."""
        return Answer.of_json(200, {"status": "alive", "version": __version__})

    def ready(self) -> Answer:
        """``/readyz``: 200 if Slack's requests can be answered, else 503, with each neighbour's state.

        Samora's state and the database's are told and decide nothing: taking the bot away would help nobody, and
        calls can be looked up without the one, and people be told so without the other.
        """
        is_ready = self._is_slack_known()
        neighbours: dict[str, object] = {"slack": {"known": is_ready}}
        if self._is_socket_connected is not None:
            connected = self._is_socket_connected()
            neighbours["socket"] = {"connected": connected}
            is_ready = is_ready and connected
        outcome, at = self._samora or (None, None)
        neighbours["samora"] = {"last_outcome": outcome, "last_at": at.isoformat() if at else None}
        neighbours["database"] = {"reachable": self._is_store_reachable}
        neighbours["webhooks"] = self._webhook_report()
        following = asdict(self._figures) if self._figures else None
        report = {"ready": is_ready, "neighbours": neighbours, "work": self._count_work(), "following": following}
        return Answer.of_json(200 if is_ready else 503, report)

    def _webhook_report(self) -> dict[str, object]:
        """How it stands with Samora's webhooks. That they are silent makes nothing late but what polling makes late."""
        known = self._figures or Figures()
        state = "none yet"
        if known.agents_silent:
            state = "stopped for some agents: their calls are polled"
        elif known.agents_announced:
            state = "arriving"
        return {
            "state": state,
            "agents_arriving": known.agents_announced,
            "agents_stopped": known.agents_silent,
            "last_seconds_ago": known.webhook_seconds,
        }

    def metrics(self) -> Answer:
        """``/metrics``: the figures, in Prometheus's text format."""
        text = generate_latest(self._meters.registry).decode()
        return Answer(200, text, "text/plain; version=0.0.4; charset=utf-8")


def _count_tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0  # nobody asks from outside a loop but a test
