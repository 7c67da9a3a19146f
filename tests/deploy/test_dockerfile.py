"""What can be known of the image without Docker. Its steps are tried out by ``make size``, which CI runs, too."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable

from bot import __version__
from bot.cli import app
from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.storage.migrate import _LONGEST_SECONDS
from tests.deploy.dockerfile import read_steps
from tests.deploy.files import ROOT, SECRETS, SETTINGS
from tests.e2e.world import READY_SECONDS

STEPS = read_steps()
LAST = max(step.stage for step in STEPS)


def texts(name: str, stage: int = LAST) -> list[str]:
    return [step.text for step in STEPS if (step.name, step.stage) == (name, stage)]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for text in texts("ENV") for pair in shlex.split(text))


def test_both_stages_stand_on_the_same_base_of_one_version() -> None:
    build, last = (step.text for step in STEPS if step.name == "FROM")
    assert build == f"{last} AS build"
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", last)


def test_it_runs_as_nobody_in_particular_and_installs_nothing_in_the_last_stage() -> None:
    (user,) = texts("USER")
    assert re.fullmatch(r"([1-9]\d{3,}):\1", user)
    assert texts("RUN") == []
    assert [text for text in texts("COPY") if "--chown" in text] == [f"--from=build --chown={user} /data /data"]


def test_what_is_copied_is_there_and_let_through_and_nothing_else_is() -> None:
    copied = {text.split()[0] for text in texts("COPY", 0)}
    assert copied == {"requirements.lock", "bot"}
    assert all((ROOT / name).exists() for name in copied)
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied
    assert "bot/sandbox" in lines


def test_what_it_sets_is_settings_without_secrets() -> None:
    names = {name for name in environment() if name != "PATH" and not name.startswith("PYTHON")}
    assert {"HOST", "PORT"} <= names <= SETTINGS
    assert names & SECRETS == {"DATABASE_URL"}
    folder = environment()["DATABASE_URL"].removeprefix("sqlite:///").rpartition("/")[0]
    assert texts("VOLUME") == [folder]
    assert texts("EXPOSE") == [environment()["PORT"]]
    assert not [step for step in STEPS if step.name == "ARG"]


def test_its_labels_are_true() -> None:
    labels = dict(pair.split("=", 1) for text in texts("LABEL") for pair in shlex.split(text))
    project = (ROOT / "pyproject.toml").read_text()
    assert labels["org.opencontainers.image.version"] == __version__
    assert f'description = "{labels["org.opencontainers.image.description"]}"' in project
    assert f'license = "{labels["org.opencontainers.image.licenses"]}"' in project


def test_it_runs_the_bot() -> None:
    assert [json.loads(text) for text in texts("ENTRYPOINT")] == [["python", "-m", "bot"]]
    (arguments,) = (json.loads(text) for text in texts("CMD"))
    assert arguments == ["run"]
    assert "run" in {each.callback.__name__ for each in app.registered_commands if each.callback}


async def test_its_health_check_tells_a_bot_that_lives_from_none(unused_tcp_port_factory: Callable[[], int]) -> None:
    (check,) = texts("HEALTHCHECK")
    python, *arguments = json.loads(check.partition(" CMD ")[2])
    assert python == "python"
    clock, port = SandboxClock(), unused_tcp_port_factory()

    def look() -> int:
        # Nobody listens there: a proxy for the outside has no part in this.
        given = os.environ | {"PORT": str(port), "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
        return subprocess.run([sys.executable, *arguments], env=given, capture_output=True, check=False).returncode

    assert 60 * int(re.search(r"--start-period=(\d+)m", check).group(1)) >= _LONGEST_SECONDS  # type: ignore[union-attr]
    assert look() != 0
    async with (
        SamoraSandbox(clock=clock) as samora,
        SlackSandbox(clock=clock) as slack,
        BotProcess(bot_environment(slack=slack, samora=samora, port=port)) as bot,
    ):
        await bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
        assert look() == 0
