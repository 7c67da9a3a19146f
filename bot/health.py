"""Health and figures: whether the process lives, whether it can reach its neighbours, and how much it did."""

import asyncio
import platform
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial

from prometheus_client import Gauge, generate_latest

from bot import __version__
from bot.check.process import Failure, Pulse
from bot.core.figures import Figures
from bot.core.foreign import one_line
from bot.core.ports import Clock
from bot.meters import Meters
from bot.neighbours import DATABASE, NEIGHBOURS, SAMORA, SLACK, Neighbours, is_refusal
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

# Whose subscriptions in which state which of the figures is.
_STANDING = (
    ("calls", "active", "active"),
    ("calls", "paused", "paused"),
    ("calls", "refused", "refused"),
    ("agents", "active", "agents_active"),
    ("agents", "paused", "agents_paused"),
    ("agents", "refused", "agents_refused"),
)

_BUG = "bug"

# Slack replaces each connection every few hours, which takes a moment.
_SOCKET_PATIENCE = timedelta(seconds=10)

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
        count_connects: Callable[[], int] = lambda: 0,
        find_stalled: Callable[[], Sequence[str]] = tuple,
        find_block: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Takes the time and whom to ask.

        Args:
            clock: the time, UTC.
            is_slack_known: whether Slack has said who we are.
            is_socket_connected: whether the Socket Mode connection is up; None in HTTP mode.
            count_work: how many answers are under way.
            count_connections: how many connections the app has at Slack.
            count_connects: how many times ours came up.
            find_stalled: the workers that do nothing any more though they should.
            find_block: for how many seconds the event loop hung just now; 0 if it didn't, or that is a while ago.
        """
        self._clock = clock
        self._is_slack_known = is_slack_known
        self._is_socket_connected = is_socket_connected
        self._count_work = count_work
        self._count_connections = count_connections
        self._find_stalled = find_stalled
        self._find_block = find_block
        self._since = clock()
        self._request_at: datetime | None = None
        self._event_at: datetime | None = None
        self._failures: OrderedDict[tuple[str, str], Failure] = OrderedDict()
        self._samora: tuple[str, datetime] | None = None
        self._neighbours = Neighbours()
        self._down_since: datetime | None = None
        self._meters = Meters()
        self._figures: Figures | None = None
        self._was_connected = False
        self._make_gauges(count_connects)

    def _make_gauges(self, count_connects: Callable[[], int]) -> None:
        for name, text in _FIGURES.items():
            self._gauge(name, text).set_function(partial(self._figure, name))
        standing = self._gauge(
            "subscriptions",
            "Subscriptions, of calls or of agents; refused: paused because Slack refuses.",
            "of",
            "state",
        )
        for of, state, name in _STANDING:
            standing.labels(of, state).set_function(partial(self._figure, name))
        failing = self._gauge("failing", "Whether a neighbour fails: slack, samora or database.", "neighbour")
        for neighbour in NEIGHBOURS:
            failing.labels(neighbour).set_function(partial(self._neighbours.is_failing, neighbour))
        self._gauge("work", "Answers under way.").set_function(self._count_work)
        self._gauge("tasks", "Tasks in the event loop: under way, waiting or asleep.").set_function(_count_tasks)
        last = self._gauge("last_request_seconds", "When Slack's last request was done with, in Unix time; 0 before.")
        last.set_function(lambda: self._request_at.timestamp() if self._request_at else 0.0)
        self._gauge("stalled", "Workers that do nothing any more.").set_function(lambda: len(self._find_stalled()))
        mode = "http" if self._is_socket_connected is None else "socket"
        build = self._gauge("build_info", "What runs here.", "version", "python", "mode")
        build.labels(__version__, platform.python_version(), mode).set(1)
        if self._is_socket_connected is not None:
            self._gauge("socket_connected", "Whether the connection is up.").set_function(self._is_socket_connected)
            self._gauge("socket_connects", "How many times it came up.").set_function(count_connects)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"samora_bot_{name}", text, labels, registry=self._meters.registry)

    def observe_request(self, kind: str, outcome: str) -> None:
        """Hears of a request from Slack that was answered or refused."""
        self._count_request(kind, outcome)
        self._request_at = self._clock()
        if kind == "mention" or kind.startswith("event."):
            self._event_at = self._request_at

    def observe_refusal(self, outcome: str) -> None:
        """Hears of a request that was refused at the door, as it isn't Slack's, or nobody can read it."""
        self._count_request("none", outcome)

    def observe_ack(self, kind: str, transport: str, seconds: float) -> None:
        """Hears of a request from Slack that was acked."""
        self._meters.ack_seconds.labels(kind, transport).observe(seconds)

    def observe_wait(self, worker: str, seconds: float) -> None:
        """Hears for how long a rate has held a worker's rows back."""
        self._meters.waits.labels(worker).inc(seconds)

    def observe_lag(self, seconds: float) -> None:
        """Hears how late the event loop is."""
        self._meters.lag.observe(seconds)

    def observe_slack(self, method: str, outcome: str, seconds: float, rest: float) -> None:
        """Hears of a request to Slack, and for how many seconds it wants to be left alone."""
        self._meters.slack.labels(method, outcome).observe(seconds)
        if rest:
            self._meters.slack_rests.labels(method).inc(rest)
        self._hear(SLACK, outcome)

    def observe_samora(self, outcome: str, seconds: float, rest: float) -> None:
        """Hears of a request to Samora, and for how many seconds it wants to be left alone."""
        self._meters.samora.labels(outcome).observe(seconds)
        if rest:
            self._meters.samora_rests.inc(rest)
        self._hear(SAMORA, outcome)
        self._samora = outcome, self._clock()

    def _hear(self, neighbour: str, outcome: str) -> None:
        self._neighbours.hear(neighbour, outcome)
        if is_refusal(neighbour, outcome):
            self._meters.credentials.labels(neighbour).inc()

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
        if outcome == _BUG:
            self._meters.bugs.inc()

    def observe_store(self, figures: Figures | None) -> None:
        """Hears how much there is to do; None if the database doesn't say."""
        self._neighbours.hear_database(is_reachable=figures is not None)
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

    def _count_request(self, kind: str, outcome: str) -> None:
        self._meters.requests.labels(kind, outcome).inc()
        if outcome == _BUG:
            self._meters.bugs.inc()

    def alive(self) -> Answer:
        """``/healthz``: 200, but 503 where a new process helps: a worker does nothing any more, or the event loop hung.

        While it hangs it can't answer at all, which is an answer, too: see :mod:`bot.watchdog`.
        """
        if block := self._find_block():
            return Answer.of_json(503, {"status": "blocked", "version": __version__, "seconds": round(block, 1)})
        if stalled := self._find_stalled():
            return Answer.of_json(503, {"status": "stalled", "version": __version__, "workers": list(stalled)})
        return Answer.of_json(200, {"status": "alive", "version": __version__})

    def ready(self) -> Answer:
        """``/readyz``: 200 if Slack's requests can be answered, else 503, with each neighbour's state.

        Samora's state and the database's are told and decide nothing: taking the bot away would help nobody, and
        calls can be looked up without the one, and people be told so without the other.
        """
        is_ready = self._is_slack_known()
        neighbours: dict[str, object] = {"slack": {"known": is_ready, "state": self._neighbours.state_of(SLACK)}}
        if self._is_socket_connected is not None:
            connected = self._is_socket_connected()
            is_down = self._is_down(is_connected=connected)
            neighbours["socket"] = {"connected": connected, "state": "failing" if is_down else "fine"}
            is_ready = is_ready and not is_down
        outcome, at = self._samora or (None, None)
        last_at = at.isoformat() if at else None
        neighbours["samora"] = {"state": self._neighbours.state_of(SAMORA), "last_outcome": outcome, "last_at": last_at}
        neighbours["database"] = {"state": self._neighbours.state_of(DATABASE)}
        neighbours["webhooks"] = self._webhook_report()
        following = asdict(self._figures) if self._figures else None
        report = {"ready": is_ready, "neighbours": neighbours, "work": self._count_work(), "following": following}
        return Answer.of_json(200 if is_ready else 503, report)

    def _is_down(self, *, is_connected: bool) -> bool:
        """Whether the connection never came up, or has been away for longer than it takes to replace it."""
        if is_connected:
            self._was_connected, self._down_since = True, None
            return False
        now = self._clock()
        self._down_since = self._down_since or now
        return not self._was_connected or now - self._down_since >= _SOCKET_PATIENCE

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
