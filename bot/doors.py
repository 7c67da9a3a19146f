"""The doors: which method and path of the HTTP server lead to whom."""

from bot.health import Health
from bot.web import Endpoint, SlackDoor, Web, read_only
from bot.webhook_door import WebhookDoor


def make_web(*, health: Health, slack: SlackDoor | None, webhooks: WebhookDoor | None) -> Web:
    """Health and figures for everybody; Slack's and Samora's doors where there are any."""
    endpoints: dict[tuple[str, str], Endpoint] = {
        ("GET", "/healthz"): read_only(health.alive),
        ("GET", "/readyz"): read_only(health.ready),
        ("GET", "/metrics"): read_only(health.metrics),
    }
    if slack:
        endpoints["POST", "/slack/events"] = slack
    if webhooks:
        endpoints["POST", "/samora/webhook"] = webhooks
    return Web(endpoints)
