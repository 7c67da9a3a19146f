"""The meters: what is counted and timed for Prometheus. Labels come from short lists of our own, never from outside."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_WEBHOOK_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0)
_DELAY_SECONDS = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Meters:
    """The counters and histograms, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "samora_bot_requests",
            "What people asked, by kind and outcome.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.samora = Histogram(
            "samora_bot_samora_seconds",
            "Requests to Samora, by outcome: an HTTP status, timeout, dropped or error.",
            ["outcome"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.worked = Counter(
            "samora_bot_worked",
            "Rows worked on, by worker and outcome: done, late, bug, or an error's name.",
            ["worker", "outcome"],
            registry=self.registry,
        )
        self.webhooks = Counter(
            "samora_bot_webhooks",
            "Samora's webhooks, by event and by what became of them.",
            ["event", "outcome"],
            registry=self.registry,
        )
        self.webhook_seconds = Histogram(
            "samora_bot_webhook_seconds",
            "How long the answers to them took, by what became of them.",
            ["outcome"],
            buckets=_WEBHOOK_SECONDS,
            registry=self.registry,
        )
        self.delays = Histogram(
            "samora_bot_notice_delay_seconds",
            "From a change at Samora to its notice in Slack, by how the bot came to know: webhook or poll.",
            ["path"],
            buckets=_DELAY_SECONDS,
            registry=self.registry,
        )
