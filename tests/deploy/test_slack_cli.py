"""`slack run`: the hooks, run as the Slack CLI runs them."""

import asyncio
import json
import os
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.sandbox import company
from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import NOT_INHERITED, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from tests.e2e.world import MIRA, READY_SECONDS

ROOT = Path(__file__).parent.parent.parent


def ask(command: str) -> Any:
    # The CLI adds flags of its own, and waits for JSON alone on standard output.
    done = subprocess.run(
        [*shlex.split(command), "--source=/somewhere"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.fixture
def hooks() -> Any:
    return ask(json.loads((ROOT / ".slack/hooks.json").read_text())["hooks"]["get-hooks"])


def test_the_bot_keeps_the_connection_itself_and_what_is_watched_is_there(hooks: Any) -> None:
    assert hooks["config"]["sdk-managed-connection-enabled"] is True
    assert set(hooks["hooks"]) == {"get-manifest", "start"}
    watched = [path for each in hooks["config"]["watch"].values() for path in each["paths"]]
    assert len(watched) == 2
    assert all((ROOT / path).exists() for path in watched)


def test_the_manifest_is_ours(hooks: Any) -> None:
    assert ask(hooks["hooks"]["get-manifest"]) == yaml.safe_load((ROOT / "manifest.yml").read_text())


@pytest.mark.parametrize("names", [("SLACK_CLI_XOXB", "SLACK_CLI_XAPP"), ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")])
async def test_it_starts_as_the_app_that_the_cli_installed(hooks: Any, names: tuple[str, str], tmp_path: Path) -> None:
    """Older CLIs give its tokens under the first two names alone, others under all four, if these are free."""
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False) as slack:
        (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xoxb-of-production\nSLACK_APP_TOKEN=xapp-of-production\n")
        rest = bot_environment(slack=slack, samora=samora)
        tokens = dict(zip(names, (rest.pop("SLACK_BOT_TOKEN"), rest.pop("SLACK_APP_TOKEN")), strict=True))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        process = await asyncio.create_subprocess_exec(
            *shlex.split(hooks["hooks"]["start"]),
            cwd=tmp_path,
            env=inherited | rest | tokens,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await slack.wait_for_connection(within=READY_SECONDS)
            await slack.command(MIRA, company.FINISHED)
            await slack.wait_for(lambda: slack.find_message("Finished"))
        finally:
            process.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(process.wait(), 15)
        assert code == 0
