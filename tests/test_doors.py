"""Which doors there are: Slack's and Samora's only where they are wanted, health and figures always."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.announcer import Announcer
from bot.doors import make_web
from bot.health import Health
from bot.web import Web
from bot.webhook_door import WebhookDoor
from tests.test_announcer import Announcements


def make_doors(*secrets: str) -> Web:
    health = Health(
        clock=lambda: datetime.now(UTC), is_slack_known=lambda: True, is_socket_connected=None, count_work=lambda: 0
    )
    announcer = Announcer(announcements=Announcements(), on_change=lambda: None)
    door = WebhookDoor(secrets=secrets, announcer=announcer, observe=health.observe_webhook) if secrets else None
    return make_web(health=health, slack=None, webhooks=door)


async def ask(web: Web, method: str, path: str) -> int:
    async def receive() -> dict[str, Any]:
        raise AssertionError("read")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await web({"method": method, "path": path, "headers": []}, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_health_and_figures_are_there_for_everybody(path: str) -> None:
    assert await ask(make_doors(), "GET", path) == 200


async def test_without_a_secret_there_is_no_door_for_webhooks() -> None:
    assert await ask(make_doors(), "POST", "/samora/webhook") == 404


async def test_with_a_secret_there_is_one_and_only_for_what_is_posted() -> None:
    doors = make_doors("the-webhook-secret")
    assert await ask(doors, "POST", "/samora/webhook") == 401
    assert await ask(doors, "GET", "/samora/webhook") == 405


async def test_in_socket_mode_slack_has_no_door() -> None:
    assert await ask(make_doors(), "POST", "/slack/events") == 404
