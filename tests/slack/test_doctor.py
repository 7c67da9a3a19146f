"""The doctor against the sandbox's Slack: what is told, to whom, and what becomes of a test message."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from structlog.testing import capture_logs

from bot.core.findings import Finding, State
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.slack import Message as Written
from bot.sandbox.slack import SlackSandbox
from bot.slack.blocks import Message
from bot.slack.client import make_web_client, open_session
from bot.slack.doctor import Doctor
from bot.slack.messenger import Messenger
from bot.slack.payloads import Place
from tests.factories import make_seal

FINE = Finding(name="Samora", state=State.FINE, detail="answers")


class Heard:
    """A reply that remembers what it was given."""

    has_other_way = False

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.was_told_to_wait = asyncio.Event()

    async def begin(self) -> None:
        raise AssertionError

    async def still_asking(self) -> None:
        self.was_told_to_wait.set()

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def redraw(self, card: Message) -> None:
        raise AssertionError(card)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock(), rates=False) as slack:
        yield slack


@pytest.fixture
async def messenger(slack: SlackSandbox) -> AsyncIterator[Messenger]:
    async with open_session(api_url=slack.api_url) as session:
        web = make_web_client(session=session, api_url=slack.api_url, token=slack.bot_token)
        yield Messenger(web=web, session=session, seal=make_seal())


async def never(_channel_id: str) -> Sequence[Finding]:
    raise AssertionError


def place(channel: str = "C0OPS", *, thread_ts: str = "") -> Place:
    return Place(team_id="T0SANDBOX", user_id="U0MIRA", channel_id=channel, thread_ts=thread_ts)


async def try_posting(messenger: Messenger, there: Place) -> str:
    heard = Heard()
    await Doctor(examine=never, messenger=messenger, patience=1.0).test_post(there, heard)
    (message,) = heard.sent
    return message.text


def posted(slack: SlackSandbox) -> list[Written]:
    return [message for message in slack.messages if message.bot_id]


# The report


async def test_what_is_found_in_this_channel_is_told_to_the_asker(messenger: Messenger, slack: SlackSandbox) -> None:
    asked: list[str] = []

    async def examine(channel_id: str) -> Sequence[Finding]:
        asked.append(channel_id)
        return [FINE]

    heard = Heard()
    await Doctor(examine=examine, messenger=messenger).report(place("C0SALES"), heard)

    assert asked == ["C0SALES"]
    assert [message.text for message in heard.sent] == ["Doctor: all is fine. Samora works: answers."]
    assert posted(slack) == [], "nobody else sees anything"


async def test_whoever_waits_is_told_that_it_takes_longer(messenger: Messenger) -> None:
    heard = Heard()

    async def examine(_channel_id: str) -> Sequence[Finding]:
        await heard.was_told_to_wait.wait()
        return [FINE]

    await asyncio.wait_for(Doctor(examine=examine, messenger=messenger, patience=0.01).report(place(), heard), 5)

    assert len(heard.sent) == 1


# The test message


async def test_a_test_message_is_posted_for_all_and_deleted(messenger: Messenger, slack: SlackSandbox) -> None:
    with capture_logs() as logs:
        told = await try_posting(messenger, place())

    assert told == "Posting here works: I posted a test message and deleted it."
    (message,) = posted(slack)
    assert (message.channel, message.ephemeral_to, message.deleted) == ("C0OPS", None, True)
    assert "This is a test" in message.text
    assert [(each["event"], each["outcome"]) for each in logs] == [("test_posted", "fine")]


async def test_in_a_thread_it_is_tried_in_the_thread(messenger: Messenger, slack: SlackSandbox) -> None:
    root = slack.workspace.post("C0OPS", "U0JON", text="about that call")

    await try_posting(messenger, place(thread_ts=root.ts))

    (message,) = posted(slack)
    assert (message.thread_ts, message.deleted) == (root.ts, True)


@pytest.mark.parametrize(
    ("channel", "reason", "advises"),
    [
        ("C0QUIET", "not_in_channel", "/invite @Samora"),
        ("C0SECRET", "channel_not_found", "/invite @Samora"),
        ("C0OLD", "is_archived", "Unarchive"),
    ],
)
async def test_where_it_cannot_post_slacks_reason_is_told_with_what_to_do(
    messenger: Messenger, slack: SlackSandbox, channel: str, reason: str, advises: str
) -> None:
    told = await try_posting(messenger, place(channel))

    assert told.startswith(f"Posting here fails: Slack says {reason}.")
    assert advises in told
    assert posted(slack) == []


async def test_without_the_scope_an_administrator_is_needed(messenger: Messenger, slack: SlackSandbox) -> None:
    slack.granted_scopes.discard("chat:write")

    told = await try_posting(messenger, place())

    assert "missing_scope" in told
    assert "samora-bot check" in told


async def test_a_channel_that_takes_one_message_a_second_is_waited_for(
    messenger: Messenger, slack: SlackSandbox
) -> None:
    slack.faults.add(Fault(path="/api/chat.postMessage", status=429, retry_after=0))

    assert "works" in await try_posting(messenger, place())


async def test_a_post_whose_answer_got_lost_is_looked_for_by_a_person(
    messenger: Messenger, slack: SlackSandbox
) -> None:
    slack.faults.add(Fault(path="/api/chat.postMessage", drop=True, after=True))

    told = await try_posting(messenger, place())

    assert "Posting here fails: Slack says no answer to chat.postMessage." in told
    assert "delete it if so" in told
    assert len(posted(slack)) == 1, "it is not posted again"


async def test_one_that_cannot_be_deleted_is_told(messenger: Messenger, slack: SlackSandbox) -> None:
    slack.faults.add(Fault(path="/api/chat.delete", status=500))

    told = await try_posting(messenger, place())

    assert told.startswith("Posting here note: I posted a test message, but can't delete it (HTTP 500).")
    assert "delete it in my place" in told
