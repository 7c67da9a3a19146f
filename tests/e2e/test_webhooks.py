"""Samora's webhooks, with the real process: they alone can explain that a call is looked at before its time."""

import json
from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp
import pytest
import pytest_asyncio

from bot.samora.webhook import SECRET_HEADER
from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from tests.e2e.conftest import BUGS, wait_until_ready
from tests.e2e.following import QUICK, drawn, follow, locked_database, open_channel, query_until, read, told
from tests.e2e.world import World, find_leaks

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEW, OLD = "the-new-secret-of-webhooks", "the-old-secret-of-webhooks"
SETTINGS = {"WEBHOOK_SECRET": f"{NEW},{OLD}", "POLL_INTERVAL": "3600", "LOG_LEVEL": "DEBUG"}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["http", "socket"])
async def patient(request: pytest.FixtureRequest, unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[World]:
    """A bot that looks at a call once an hour unless somebody tells it to."""
    clock, port, is_http = SandboxClock(), unused_tcp_port_factory(), request.param == "http"
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False) as slack:
        environment = bot_environment(slack=slack, samora=samora, port=port if is_http else None)
        if is_http:
            slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
        async with BotProcess(environment | QUICK | SETTINGS | {"PORT": str(port)}) as bot:
            there = World(slack=slack, samora=samora, clock=clock, bot=bot, url=f"http://127.0.0.1:{port}")
            await wait_until_ready(there)
            yield there
            assert find_leaks(there) == []
            assert [line for line in bot.lines if NEW in line or OLD in line or any(bug in line for bug in BUGS)] == []


async def knock(world: World, body: bytes | Mapping[str, object], *, secret: str | None = NEW) -> int:
    """The status that a webhook is answered with."""
    return (await deliver(world, body, secret=secret))[0]


async def deliver(
    world: World, body: bytes | Mapping[str, object], *, secret: str | None = NEW
) -> tuple[int, str | None]:
    """Likewise, and after how many seconds it is to be sent again."""
    headers = {SECRET_HEADER: secret} if secret else {}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    session = aiohttp.ClientSession(headers=headers)
    async with session, session.post(f"{world.url}/samora/webhook", data=content) as answer:
        return answer.status, answer.headers.get("Retry-After")


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_a_followed_call_is_looked_at_as_soon_as_a_webhook_names_it(patient: World, secret: str) -> None:
    call = patient.samora.add_call()
    card = await follow(patient, call.call_id, channel=open_channel(patient))
    patient.samora.move(call.call_id, "trigger")

    assert await knock(patient, {"event": "CALL_STARTED", "data": {"id": call.call_id}}, secret=secret) == 202

    await drawn(patient, card, "Triggered")
    await told(patient, card, "Pending → Triggered")


async def test_nothing_in_a_webhook_is_believed(patient: World) -> None:
    """It says that the call is finished; Samora, which is asked, says that it goes on."""
    call = patient.samora.add_call()
    card = await follow(patient, call.call_id, channel=open_channel(patient))
    patient.samora.move(call.call_id, "trigger")
    patient.samora.move(call.call_id, "answer")

    said = {"event": "CALL_FINISHED", "call_id": call.call_id, "status": "CALL_FINISHED", "recording_url": "x"}
    assert await knock(patient, said) == 202

    await told(patient, card, "Pending → Ongoing")


@pytest.mark.parametrize("secret", [None, "another-secret-of-webhooks"])
async def test_without_the_secret_nothing_happens_and_nothing_is_left_but_a_count(
    patient: World, secret: str | None
) -> None:
    call = patient.samora.add_call()
    await follow(patient, call.call_id, channel=open_channel(patient))
    # What is followed is looked at once more right away.
    rests = (
        "SELECT lease IS NULL AND julianday(due_at) > julianday(read_at, '+30 minutes') "
        "FROM followed_calls WHERE call_id = ?"
    )
    await query_until(patient, rests, call.call_id, equals=1)
    lines, looks = len(patient.bot.lines), patient.calls_of_samora()

    assert await knock(patient, {"call_id": call.call_id, "mark": "PRIVATE"}, secret=secret) == 401

    # Whatever would have come of it is over when the same is answered to somebody who may.
    assert await knock(patient, {}) == 202
    assert patient.calls_of_samora() == looks
    heard = [line for line in list(patient.bot.lines)[lines:] if "webhook" in line or "PRIVATE" in line]
    assert ['"outcome": "no_call"' in line for line in heard] == [True], "that one's line, and no other"
    assert 'samora_bot_webhooks_total{event="none",outcome="refused"}' in (await read(patient, "/metrics"))[1]


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 9_000, b'{"event": "SOMETHING_NEW", "agent_id": 7}'])
async def test_what_names_no_call_is_taken_and_forgotten(patient: World, body: bytes) -> None:
    assert await knock(patient, body) == 202


async def test_a_body_that_is_too_large_is_refused(patient: World) -> None:
    assert await knock(patient, b" " * (256 * 1024 + 1)) == 413
    assert await knock(patient, b" " * (256 * 1024)) == 202


async def test_what_cannot_be_put_down_is_to_be_sent_again(patient: World) -> None:
    call = patient.samora.add_call()
    card = await follow(patient, call.call_id, channel=open_channel(patient))
    patient.samora.move(call.call_id, "trigger")
    said = {"call_id": call.call_id}

    with locked_database(patient):
        assert await deliver(patient, said) == (503, "5")

    assert await knock(patient, said) == 202
    await drawn(patient, card, "Triggered")
