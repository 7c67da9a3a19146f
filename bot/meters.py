"""The meters: what is counted and timed for Prometheus. Labels come from short lists of our own, never from outside."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics

_WEBHOOK_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0)
_DELAY_SECONDS = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_ACK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 3.0)
_LAG_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Meters:
    """The counters and histograms, in a registry of their own."""

    def __init__(self) -> None:
        # When each series was born: as many lines more, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._make_for_requests()
        self._make_for_neighbours()
        self._make_for_work()
        self.lag = self._histogram("loop_lag_seconds", _LAG_SECONDS, "How late the event loop is, twice a second.")
        self.bugs = self._counter("bugs", "How often something happened that must not.")
        # Memory, processor time and file descriptors of the process, as Prometheus calls them.
        ProcessCollector(registry=self.registry)

    def _make_for_requests(self) -> None:
        self.requests = self._counter("requests", "What people asked, by kind and outcome.", "kind", "outcome")
        self.ack_seconds = self._histogram(
            "ack_seconds",
            _ACK_SECONDS,
            "From a request of Slack's to our ack, by the type of its payload and by how it came: http or socket.",
            "kind",
            "transport",
        )
        self.webhooks = self._counter(
            "webhooks", "Samora's webhooks, by event and by what became of them.", "event", "outcome"
        )
        self.webhook_seconds = self._histogram(
            "webhook_seconds", _WEBHOOK_SECONDS, "How long the answers to them took, by what became of them.", "outcome"
        )

    def _make_for_neighbours(self) -> None:
        self.slack = self._histogram(
            "slack_seconds",
            _SECONDS,
            "Requests to Slack, by method (or response_url) and outcome: ok, an error's code, http_5xx, timeout, "
            "dropped or other.",
            "method",
            "outcome",
        )
        self.slack_rests = self._counter(
            "slack_rest_seconds", "For how long Slack has asked us to rest, by method.", "method"
        )
        self.samora = self._histogram(
            "samora_seconds",
            _SECONDS,
            "Requests to Samora, by outcome: an HTTP status or the class of a rare one, unreadable, timeout, dropped "
            "or error.",
            "outcome",
        )
        self.samora_rests = self._counter("samora_rest_seconds", "For how long Samora has asked us to rest.")
        self.credentials = self._counter(
            "credentials_refused",
            "How often our token or key was refused, by slack or samora.",
            "neighbour",
        )
        # Told from the start: Prometheus takes what appears as 1 for no increase.
        for neighbour in ("slack", "samora"):
            self.credentials.labels(neighbour)

    def _make_for_work(self) -> None:
        self.waits = self._counter(
            "rate_wait_seconds",
            "For how long our own rates have held back what a worker had to do, by worker.",
            "worker",
        )
        self.worked = self._counter(
            "worked", "Rows worked on, by worker and outcome: done, late, bug, or an error's name.", "worker", "outcome"
        )
        self.delays = self._histogram(
            "notice_delay_seconds",
            _DELAY_SECONDS,
            "From a change at Samora to its notice in Slack, by how the bot came to know: webhook or poll.",
            "path",
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"samora_bot_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, buckets: tuple[float, ...], text: str, *labels: str) -> Histogram:
        return Histogram(f"samora_bot_{name}", text, labels, buckets=buckets, registry=self.registry)
