"""The stage: a Slack, a Samora, and the real bot between them as a process of its own, all to be steered."""

import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from bot.samora.webhook import SECRET_HEADER
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import AGENT_NAMES
from bot.sandbox.manifest import Features, read_features
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.slack.changes import Changes
from bot.sandbox.weather import Weather

READY_SECONDS = 30.0

# So that whoever watches sees a call's change at once, even one that no webhook announces, and what a killed bot held
# soon; a campaign's calls are many.
_QUICK = {"POLL_INTERVAL": "0.5", "WEBHOOK_POLL_INTERVAL": "1", "SAMORA_RATE": "50", "LEASE_SECONDS": "15"}


class CannotStart(Exception):
    """The bot does not come up; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything there is to see and to steer.

    Attributes:
        clock: the time that both servers live by; the bot lives by the real one.
        changes: announces whatever happens anywhere on the stage.
        features: what the bot's manifest offers to people.
    """

    clock: SandboxClock
    changes: Changes
    slack: SlackSandbox
    samora: SamoraSandbox
    weather: Weather
    bot: BotProcess
    features: Features

    @property
    def bot_state(self) -> str:
        """One of "starting", "running" (it listens to Slack) and "stopped"."""
        if self.bot.exit_code is not None:
            return "stopped"
        return "running" if self.slack.connections else "starting"


@asynccontextmanager
async def set_stage(manifest: str) -> AsyncIterator[Stage]:
    """Starts both servers, with a bot for them that isn't started.

    Args:
        manifest: the bot's, as YAML, for Socket Mode.
    """
    clock = SandboxClock()
    async with SlackSandbox(clock=clock) as slack:
        changes = slack.workspace.changes
        async with SamoraSandbox(clock=clock, on_change=changes.announce) as samora:
            environment = bot_environment(slack=slack, samora=samora) | _QUICK | install_webhooks(samora)
            yield Stage(
                clock=clock,
                changes=changes,
                slack=slack,
                samora=samora,
                weather=Weather(slack=slack.faults, samora=samora.faults, webhooks=samora.sender),
                bot=BotProcess(environment, on_change=changes.announce),
                features=read_features(manifest),
            )


def install_webhooks(samora: SamoraSandbox) -> dict[str, str]:
    """Has the calls of all agents announced to a bot that has the settings returned."""
    secret = secrets.token_hex(32)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for agent_id, name in AGENT_NAMES.items():
        samora.webhooks.install(
            agent_id=agent_id,
            name=f"Samora for Slack: {name}",
            url=f"http://127.0.0.1:{port}/samora/webhook",
            custom_headers={SECRET_HEADER: secret},
        )
    return {"PORT": str(port), "WEBHOOK_SECRET": secret}


@asynccontextmanager
async def open_stage(manifest: str) -> AsyncIterator[Stage]:
    """As :func:`set_stage`, and starts the bot too; ends it all.

    Raises:
        CannotStart: the bot ends, or doesn't connect in time.
    """
    async with set_stage(manifest) as stage, stage.bot:
        await _connected(stage.slack, stage.bot)
        yield stage


async def _connected(slack: SlackSandbox, bot: BotProcess) -> None:
    with suppress(TimeoutError):
        await slack.wait_for(lambda: slack.connections or bot.exit_code is not None, within=READY_SECONDS)
    if not slack.connections:
        raise CannotStart("\n".join(["The bot did not start. Its last lines:", *list(bot.lines)[-20:]]))
