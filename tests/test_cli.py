"""The command line: what is printed where, and with which code it ends."""

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import aiohttp
import pytest
import structlog
import yaml
from pytest_mock import MockerFixture
from typer.testing import CliRunner

from bot import __version__
from bot.cli import app
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import FINISHED, HOSTILE, ONGOING
from bot.sandbox.faults import Fault
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.show import has_screen
from bot.sandbox.slack import SlackSandbox
from bot.settings import SocketSettings

ROOT = Path(__file__).parent.parent
NOBODYS = "00000000-0000-4000-8000-000000000000"
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-very-secret",
    "SLACK_SIGNING_SECRET": "signing-very-secret",
    "SAMORA_API_KEY": "key-very-secret",
}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Awaitable["Ended"]]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and an environment without any of the bot's settings."""
    monkeypatch.chdir(tmp_path)
    for name in SocketSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)


def run_in_process(*arguments: str) -> Ended:
    result = CliRunner().invoke(app, list(arguments), prog_name="samora-bot")
    assert result.exception is None or isinstance(result.exception, SystemExit), "a traceback reached the person"
    return Ended(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def in_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command in this process, with a loop of its own in a thread: quicker than a process, and as real."""
    root, level = logging.getLogger(), logging.getLogger().level
    handlers = root.handlers[:]
    levels = {
        name: logging.getLogger(name).level for name in ("slack_bolt", "slack_sdk", "httpx", "aiohttp", "asyncio")
    }

    async def run_it(*arguments: str, **environment: str) -> Ended:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return await asyncio.to_thread(run_in_process, *arguments)

    yield run_it
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


async def start(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Starts the real process in the present folder and in a group of its own, with nothing but these settings."""
    inherited = {name: value for name, value in os.environ.items() if name.startswith(("COV", "COVERAGE"))}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **inherited, **environment},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip


async def run(*arguments: str, **environment: str) -> Ended:
    process = await start(*arguments, **environment)
    stdout, stderr = await process.communicate()
    assert "Traceback" not in stderr.decode()
    assert process.returncode is not None
    return Ended(process.returncode, stdout.decode(), stderr.decode())


@pytest.fixture
async def samora() -> AsyncIterator[SamoraSandbox]:
    async with SamoraSandbox(clock=SandboxClock()) as samora:
        yield samora


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock()) as slack:
        yield slack


def of_samora(samora: SamoraSandbox) -> dict[str, str]:
    return {"SAMORA_API_URL": samora.url, "SAMORA_API_KEY": samora.api_key}


def of_slack(slack: SlackSandbox) -> dict[str, str]:
    return {
        "SLACK_API_URL": slack.api_url, "SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
    }  # fmt: skip


# Help and version


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", ["", "run", "call", "check", "manifest", "sandbox"])
def test_every_command_explains_itself(command: str, flag: str) -> None:
    ended = run_in_process(*filter(None, [command]), flag)

    assert ended.exit_code == 0
    assert f"samora-bot {command}".strip() in ended.stdout
    assert ended.stderr == ""


def test_the_version_is_the_packages() -> None:
    assert run_in_process("--version") == Ended(0, f"{__version__}\n", "")


def test_without_a_command_the_help_is_shown() -> None:
    ended = run_in_process()

    for command in ("run", "call", "check", "manifest", "sandbox"):
        assert command in ended.stdout + ended.stderr


# Arguments


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["run", "--mode", "carrier-pigeon"],
        ["run", "extra"],
        ["call"],
        ["call", "--json"],
        ["call", FINISHED, "--loud"],
        ["check", "extra"],
        ["manifest", "--url"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_end_with_2_and_a_sentence(arguments: list[str]) -> None:
    ended = run_in_process(*arguments)

    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert "Error" in ended.stderr


@pytest.mark.parametrize(
    "flags",
    [
        ["--json", "--blocks"],
        ["--json", "--watch"],
        ["--blocks", "--builder"],
        ["--json", "--blocks", "--builder", "--watch"],
    ],
    ids=" ".join,
)
def test_a_call_is_shown_in_one_form_only(flags: list[str]) -> None:
    ended = run_in_process("call", FINISHED, *flags)

    assert ended == Ended(2, "", "Choose one of --json, --blocks, --builder and --watch.\n")


@pytest.mark.parametrize("text", ["hello", "", "123", FINISHED[:-1], "../../admin"])
def test_what_is_not_one_call_id_is_refused_with_an_example_before_settings_are_read(text: str) -> None:
    ended = run_in_process("call", text)

    assert ended.exit_code == 2
    assert ended.stderr == "That isn't a call id. A call id looks like 123e4567-e89b-12d3-a456-426614174000.\n"


def test_several_calls_at_once_are_not_said_to_be_none() -> None:
    assert run_in_process("call", f"{FINISHED} {ONGOING}") == Ended(2, "", "I found 2 call ids. Name one of them.\n")


# Settings


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["run"], ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SAMORA_API_KEY"]),
        (["run", "--mode", "socket"], ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SAMORA_API_KEY"]),
        (["run", "--mode", "http"], ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SAMORA_API_KEY"]),
        (["check"], ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SAMORA_API_KEY"]),
        (["call", FINISHED], ["SAMORA_API_KEY"]),
    ],
    ids=" ".join,
)
def test_missing_settings_end_with_2_one_line_each_and_no_traceback(arguments: list[str], names: list[str]) -> None:
    ended = run_in_process(*arguments)

    lines = ended.stderr.splitlines()
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert sorted(line.split()[0] for line in lines) == sorted(names)
    assert all(" is missing. Get it here: " in line for line in lines)


def test_malformed_settings_end_with_2_and_never_quote_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, f" {value}")
    monkeypatch.setenv("PORT", "many")

    ended = run_in_process("run")

    assert ended.exit_code == 2
    assert {line.split()[0] for line in ended.stderr.splitlines()} == {*SECRETS, "PORT"}
    assert "very-secret" not in ended.stderr


async def test_settings_errors_of_the_real_process_show_no_traceback() -> None:
    ended = await run("run")

    assert ended.exit_code == 2
    assert len(ended.stderr.splitlines()) == 3


# The manifest


def test_the_manifest_is_for_socket_mode_unless_an_address_is_given() -> None:
    ended = run_in_process("manifest")

    manifest = yaml.safe_load(ended.stdout)
    assert ended.exit_code == 0
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in ended.stdout
    assert "slack/events" not in ended.stdout


@pytest.mark.parametrize(
    "url",
    [
        "https://bot.example.com",
        "https://bot.example.com/",
        "https://bot.example.com:8443/below",
        "https://bücher.example",
    ],
)
def test_the_manifest_for_http_names_the_address_at_every_door(url: str) -> None:
    ended = run_in_process("manifest", "--url", url)

    manifest = yaml.safe_load(ended.stdout)
    address = f"{url.rstrip('/')}/slack/events"
    assert ended.exit_code == 0
    assert manifest["settings"]["socket_mode_enabled"] is False
    assert manifest["settings"]["event_subscriptions"]["request_url"] == address
    assert manifest["settings"]["interactivity"]["request_url"] == address
    assert manifest["features"]["slash_commands"][0]["url"] == address


@pytest.mark.parametrize(
    "url",
    [
        "http://bot.example.com",
        "bot.example.com",
        "https://",
        "",
        "ftp://bot.example.com",
        "https://bot.example.com/#part",
        'https://bot.example.com/"x',
        "https://[half",
        "https://bot.example.com:many",
        "https://bot.example.com/a b",
        "https://bot.example.com/a: b",
        "https://bot.example.com\nscopes: all",
        "https://bot.example.com/?x=1",
    ],
    ids=ascii,
)
def test_an_address_that_slack_cannot_reach_is_refused_with_a_sentence(url: str) -> None:
    ended = run_in_process("manifest", "--url", url)

    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert "https://" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


# A call in the terminal


async def test_a_piped_call_is_plain_lines_without_frames_and_buttons(samora: SamoraSandbox) -> None:
    ended = await run("call", f"https://app.samora.ai/calls/{FINISHED.upper()}?tab=1", **of_samora(samora))

    lines = ended.stdout.splitlines()
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert lines[0].endswith("Finished")
    assert f"Call id: {FINISHED}" in lines
    assert not any(
        mark in ended.stdout for mark in ("\x1b", "╭", "│", "<!date", "Refresh", "Share", "*", "None", "null")
    )
    assert "Signature" not in ended.stdout


async def test_a_call_as_json_is_its_data_with_fresh_links(samora: SamoraSandbox) -> None:
    ended = await run("call", FINISHED, "--json", **of_samora(samora))

    data = json.loads(ended.stdout)
    assert ended.exit_code == 0
    assert data["id"] == FINISHED
    assert data["status"] == "CALL_FINISHED"
    assert data["is_final"] is True
    assert data["recording_url"].startswith(samora.url)
    assert data["started_at"].endswith("+00:00")
    assert data["duration_seconds"] > 0
    assert isinstance(data["variables"], dict)


async def test_a_call_as_blocks_is_what_the_builder_takes(samora: SamoraSandbox, in_thread: Run) -> None:
    blocks = await in_thread("call", FINISHED, "--blocks", **of_samora(samora))
    builder = await in_thread("call", FINISHED, "--builder")

    posted = json.loads(blocks.stdout)
    assert list(posted) == ["blocks"]
    assert posted["blocks"][0]["type"] == "header"
    address, _, fragment = builder.stdout.strip().partition("#")
    opened = json.loads(unquote(fragment))
    assert address == "https://app.slack.com/block-kit-builder/"
    assert [block["type"] for block in opened["blocks"]] == [block["type"] for block in posted["blocks"]]
    assert "Signature" not in blocks.stdout + builder.stdout, "no link is in a card"


async def test_a_hostile_call_neither_moves_the_cursor_nor_breaks_the_json(
    samora: SamoraSandbox, in_thread: Run
) -> None:
    variables: dict[str, object] = {"a": "\x1b[2J\x9b31m\u202ecod.exe", "b": "\ud83d\ude00 é", "c": "x" * 5000}
    call = samora.add_call(variables=variables)

    card = await in_thread("call", call.call_id, **of_samora(samora))
    data = await in_thread("call", call.call_id, "--json")
    hostile = await in_thread("call", HOSTILE)

    for ended in (card, hostile):
        assert ended.exit_code == 0
        assert not any(character in ended.stdout for character in "\x1b\x9b\u202e\x00")
    assert "\x1b" not in data.stdout
    assert json.loads(data.stdout)["variables"]["a"] == variables["a"]


@pytest.mark.parametrize(
    ("fault", "exit_code", "says"),
    [
        (Fault(path="/v1/*", status=503, times=9), 1, "Samora can't answer right now."),
        (Fault(path="/v1/*", status=429, times=9, retry_after=60), 1, "Samora can't answer right now."),
        (Fault(path="/v1/*", status=200, body="<html>", content_type="text/html"), 1, "Samora can't answer right now."),
        (Fault(path="/v1/*", drop=True, times=9), 1, "Samora can't answer right now."),
        (Fault(path="/v1/*", status=302), 1, "Samora can't answer right now."),
        (Fault(path="/v1/*", status=403), 1, "refuses this bot's key"),
    ],
    ids=["503", "429", "html", "dropped", "redirect", "403"],
)
async def test_a_samora_that_cannot_answer_ends_with_1_and_a_sentence(
    samora: SamoraSandbox, in_thread: Run, fault: Fault, exit_code: int, says: str
) -> None:
    samora.faults.add(fault)

    ended = await in_thread("call", FINISHED, **of_samora(samora))

    assert ended.exit_code == exit_code
    assert ended.stdout == ""
    assert says in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


async def test_a_call_that_is_not_there_or_a_refused_key_or_nobody_there_ends_with_1(
    samora: SamoraSandbox, in_thread: Run
) -> None:
    nobodys = await in_thread("call", NOBODYS, **of_samora(samora))
    refused = await in_thread("call", FINISHED, SAMORA_API_KEY="very-secret-but-wrong")
    nobody = await in_thread("call", FINISHED, "--json", SAMORA_API_URL="http://127.0.0.1:1")

    assert nobodys == Ended(1, "", f"There is no such call in your company: {NOBODYS}.\n")
    assert refused == Ended(1, "", "Samora refuses this bot's key; an administrator should run samora-bot check.\n")
    assert nobody == Ended(1, "", "Samora can't answer right now.\n")


async def test_watching_a_call_that_is_over_shows_it_once_and_ends(samora: SamoraSandbox) -> None:
    ended = await run("call", FINISHED, "--watch", **of_samora(samora))

    assert ended.exit_code == 0
    assert len(ended.stdout.splitlines()) == 1
    assert ended.stdout.endswith("UTC Finished\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_watching_ends_at_once_and_with_0_when_somebody_stops_it(
    samora: SamoraSandbox, number: signal.Signals
) -> None:
    process = await start("call", ONGOING, "--watch", **of_samora(samora))
    assert process.stdout is not None
    first = await process.stdout.readline()

    process.send_signal(number)
    rest, stderr = await process.communicate()

    assert first.endswith(b"UTC Ongoing\n")
    assert (process.returncode, rest, stderr) == (0, b"", b"")


# The check


async def test_a_check_where_all_works_ends_with_0(samora: SamoraSandbox, slack: SlackSandbox) -> None:
    ended = await run("check", **of_samora(samora), **of_slack(slack))

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert [line.split(":")[0] for line in ended.stdout.splitlines()] == [
        "works Settings", "works Slack token", "works Slack scopes", "works Optional scopes", "works Clock",
        "works Socket Mode", "works Samora", "works Database",
    ]  # fmt: skip


async def test_a_check_with_nothing_but_remarks_ends_with_0(
    samora: SamoraSandbox, in_thread: Run, slack: SlackSandbox
) -> None:
    slack.granted_scopes -= {"channels:read", "groups:history"}

    ended = await in_thread("check", **of_samora(samora), **of_slack(slack))

    (remark,) = [line for line in ended.stdout.splitlines() if not line.startswith("works")]
    assert ended.exit_code == 0
    assert remark.startswith("note Optional scopes: lost without channels:read (the bot ")
    assert "groups:history (" in remark
    assert " → " in remark


async def test_a_check_where_something_fails_ends_with_1_and_says_what_to_do(
    samora: SamoraSandbox, in_thread: Run, slack: SlackSandbox
) -> None:
    slack.granted_scopes.discard("commands")
    environment = of_samora(samora) | of_slack(slack) | {"SAMORA_API_KEY": "very-secret-but-wrong"}
    del environment["SLACK_APP_TOKEN"]

    ended = await in_thread("check", **environment)

    assert ended.exit_code == 1
    fails = [line for line in ended.stdout.splitlines() if line.startswith("FAILS")]
    assert [line.split(":")[0] for line in fails] == ["FAILS Slack scopes", "FAILS Samora"]
    assert all(" → " in line for line in fails)
    assert "Socket Mode" not in ended.stdout, "nobody asked for it"
    for secret in (slack.bot_token, slack.signing_secret, "very-secret"):
        assert secret not in ended.stdout + ended.stderr


async def test_a_check_with_nobody_there_ends_with_1(
    samora: SamoraSandbox, in_thread: Run, slack: SlackSandbox
) -> None:
    environment = of_samora(samora) | of_slack(slack)

    ended = await in_thread(
        "check", **environment | {"SLACK_API_URL": "http://127.0.0.1:1/api/", "SAMORA_API_URL": "http://127.0.0.1:1"}
    )

    assert ended.exit_code == 1
    assert [line.split(":")[0] for line in ended.stdout.splitlines()] == [
        "works Settings", "FAILS Slack", "FAILS Socket Mode", "FAILS Samora", "works Database",
    ]  # fmt: skip


# The bot itself


async def test_a_port_that_is_taken_ends_with_1_and_a_sentence(samora: SamoraSandbox, slack: SlackSandbox) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1])

    ended = await run("run", "--mode", "http", **of_samora(samora), **of_slack(slack), PORT=port)
    taken.close()

    assert ended.exit_code == 1
    assert ended.stderr.startswith(f"HOST 127.0.0.1, PORT {port}: Address already in use")
    assert ended.stderr.endswith(" Set another.\n")
    assert len(ended.stderr.splitlines()) == 1


async def test_an_address_that_is_not_this_machines_ends_with_1_and_a_sentence(
    samora: SamoraSandbox, slack: SlackSandbox
) -> None:
    ended = await run(
        "run", "--mode", "http", **of_samora(samora), **of_slack(slack), PORT="0", HOST="no.such.host.invalid"
    )

    assert ended.exit_code == 1
    assert ended.stderr.startswith("HOST no.such.host.invalid, PORT 0: ")


@pytest.mark.parametrize("mode", ["http", "socket"])
async def test_a_refused_token_ends_with_1_and_says_to_check(
    samora: SamoraSandbox, slack: SlackSandbox, mode: str
) -> None:
    environment = of_samora(samora) | of_slack(slack) | {"SLACK_BOT_TOKEN": "xoxb-very-secret", "PORT": "0"}

    ended = await run("run", "--mode", mode, **environment)

    assert ended.exit_code == 1
    sentence = "Slack refuses SLACK_BOT_TOKEN (invalid_auth). Run `samora-bot check` to see what to do."
    assert sentence in ended.stderr.splitlines()
    assert "very-secret" not in ended.stderr


async def test_the_bot_ends_with_0_when_it_is_told_to_stop(samora: SamoraSandbox, slack: SlackSandbox) -> None:
    process = await start("run", **of_samora(samora), **of_slack(slack))
    await slack.wait_for_connection(30.0)

    process.send_signal(signal.SIGTERM)
    _, stderr = await process.communicate()

    assert process.returncode == 0
    assert b"Traceback" not in stderr


# The sandbox


def test_the_sandbox_without_its_extra_says_how_to_get_it(mocker: MockerFixture) -> None:
    mocker.patch("bot.cli.find_spec", return_value=None)

    ended = run_in_process("sandbox")

    assert ended.exit_code == 2
    assert ended.stderr == (
        "The sandbox needs its extra (fpdf, yaml). Where the code is, `make demo` installs and opens it.\n"
    )


def test_the_sandbox_without_its_page_says_how_to_build_it(mocker: MockerFixture, tmp_path: Path) -> None:
    mocker.patch("bot.sandbox.site._PAGE", tmp_path)

    ended = run_in_process("sandbox", "--no-browser")

    assert ended.exit_code == 1
    assert "make page" in ended.stderr


def test_the_sandbox_whose_bot_does_not_start_shows_what_the_bot_said(mocker: MockerFixture) -> None:
    mocker.patch("bot.sandbox.stage._QUICK", {"POLL_INTERVAL": "often"})

    ended = run_in_process("sandbox", "--no-browser")

    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert "The bot did not start." in ended.stderr
    assert "POLL_INTERVAL" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_sandbox_prints_one_line_and_leaves_nothing_behind(number: signal.Signals) -> None:
    process = await start("sandbox", "--no-browser")
    address = await address_of(process)
    async with aiohttp.ClientSession() as browser, browser.get(address) as page:
        assert "<title>" in await page.text()
    assert size_of_group(process.pid) == 2

    process.send_signal(number)
    stdout, stderr = await process.communicate()

    assert (process.returncode, stdout, stderr) == (0, b"", b"")
    with pytest.raises(ProcessLookupError):  # the bot was of its group
        os.killpg(process.pid, 0)


async def test_a_sandbox_that_is_stopped_while_it_starts_leaves_nothing_behind() -> None:
    process = await start("sandbox", "--no-browser")
    async with asyncio.timeout(20):
        while size_of_group(process.pid) < 2:  # noqa: ASYNC110 - itself and the bot, of whose start nobody tells
            await asyncio.sleep(0.01)

    process.send_signal(signal.SIGTERM)
    await process.communicate()

    assert process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


async def test_a_second_sandbox_finds_another_port() -> None:
    first, second = [await start("sandbox", "--no-browser", "--port", "18730") for _ in range(2)]
    addresses = {await address_of(first), await address_of(second)}

    for process in (first, second):
        process.send_signal(signal.SIGTERM)
        await process.communicate()

    assert len(addresses) == 2
    assert [first.returncode, second.returncode] == [0, 0]


@pytest.mark.parametrize(
    ("platform", "environment", "opens"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
    ],
)
def test_the_browser_is_opened_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], opens: bool
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert has_screen() is opens


async def address_of(sandbox: asyncio.subprocess.Process) -> str:
    """The address in the one line that the sandbox prints."""
    assert sandbox.stdout
    line = (await asyncio.wait_for(sandbox.stdout.readline(), 30)).decode()
    found = re.search(r"http://127\.0\.0\.1:[0-9]+", line)
    assert found, line
    return found.group()


def size_of_group(group: int) -> int:
    """How many processes a group has; processes may end while they are counted."""
    groups = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            groups.append(each.read_text().rpartition(")")[2].split()[2])
    return groups.count(str(group))
