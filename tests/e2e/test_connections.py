"""Whom the bot speaks to: Slack and Samora, a collector of traces if one is named, and nobody else."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import bot
from bot.sandbox import company
from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from tests.e2e.following import QUICK, ask, drawn, follow, open_channel, press, told
from tests.e2e.world import JON, MIRA, READY_SECONDS, World, assert_quick, link_in
from tests.tracing.collector import Collector

pytestmark = pytest.mark.asyncio

# Python imports this before the bot. uvloop connects without telling Python, so it is not there for the bot to find.
RECORDER = """
import json, os, sys
sys.modules["uvloop"] = None
file = os.open(os.environ["RECORDED_IN"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
SOCKET = ("socket.connect", "socket.sendto", "socket.sendmsg")
WATCHED = (*SOCKET, "socket.getaddrinfo", "socket.gethostby", "subprocess.", "os.exec", "os.posix_spawn", "os.system")
def record(event, arguments):
    if event.startswith(WATCHED):
        told = arguments[1:] if event in SOCKET else arguments
        os.write(file, (json.dumps([event, *told], default=str) + "\\n").encode())
sys.addaudithook(record)
"""


@pytest.mark.parametrize(("mode", "is_traced"), [("http", False), ("socket", False), ("http", True)])
async def test_the_bot_connects_to_slack_and_samora_and_to_nobody_else(
    mode: str, is_traced: bool, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    (tmp_path / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
    code, record = Path(bot.__file__).parent.parent, tmp_path / "record"
    watched = {"PYTHONPATH": f"{tmp_path}:{code}", "RECORDED_IN": str(record)}
    clock, port = SandboxClock(), unused_tcp_port_factory()
    collector = Collector()
    if is_traced:
        watched["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
    with collector:
        async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False) as slack:
            environment = bot_environment(slack=slack, samora=samora, port=port if mode == "http" else None)
            if mode == "http":
                slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
            async with BotProcess(environment | QUICK | watched) as process:
                await process.wait_for_line('"event": "ready"', within=READY_SECONDS)
                if mode == "socket":
                    await process.wait_for_line('"event": "socket_connected"', within=READY_SECONDS)
                await do_everything(World(slack=slack, samora=samora, clock=clock, bot=process))

            assert process.exit_code == 0
            assert not [each for each in samora.requests if not each.path.startswith("/v1/")], "the bot fetched a link"
            known = {
                ("127.0.0.1", urlsplit(url).port) for url in (slack.api_url, samora.url, *[collector.url] * is_traced)
            }
    events = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    assert {tuple(event[1]) for event in events if event[0] == "socket.connect"} == known
    assert {event[1] for event in events if event[0] == "socket.getaddrinfo"} <= {"127.0.0.1"}
    assert {event[0] for event in events} <= {"socket.connect", "socket.getaddrinfo"}


async def do_everything(world: World) -> None:
    """What a working day holds: calls looked up, shared, refreshed, and followed to the end with all that is left."""
    channel = open_channel(world)
    card = await ask(world, company.FINISHED, channel=channel)
    shared = await world.share(card)
    for label in ("Recording", "Transcript"):
        assert "/media/" in link_in((await press(world, label, shared, user=JON)).blocks)
    assert_quick(await world.slack.press(JON, "Show all", message=shared))
    await world.modal(lambda view: "priya.raman@example.com" in str(view.blocks), user=JON)
    assert_quick(await world.slack.open_home(MIRA))

    call = world.samora.add_call(variables={"site": "https://elsewhere.example/page", "to": "jane@elsewhere.example"})
    followed = await follow(world, call.call_id, channel=channel, options="to:channel mention:@U0JON")
    for event, words in (("trigger", "Triggered"), ("answer", "Ongoing")):
        world.samora.move(call.call_id, event)  # type: ignore[arg-type]
        await drawn(world, followed, words)
    call.has_recording = call.has_transcript = True
    world.samora.move(call.call_id, "hang_up")
    await drawn(world, followed, "Finished")
    await told(world, followed, "Pending → Triggered", "Triggered → Ongoing", "<@U0JON> Ongoing → Finished")
    for label in ("Recording", "Transcript"):
        await press(world, label, world.now_in(followed))
    await ask(world, "list", channel=channel)
