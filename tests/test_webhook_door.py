"""The door for webhooks: who is let in, what of it is put down, and that a refused one leaves nothing but a count."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.announcer import Announcer
from bot.core.agent_ports import Announced
from bot.webhook_door import LARGEST_WEBHOOK, WebhookDoor
from tests.factories import make_call_id
from tests.test_announcer import Announcements

OLD, NEW = "the-old-secret-16", "the-new-secret-16"
BODY = json.dumps({"event": "CALL_FINISHED", "data": {"call_id": str(make_call_id(1))}}).encode()

Knock = Callable[..., Any]


class Front:
    """The door, what it counted, and what was put down."""

    def __init__(self, kept: Announcements) -> None:
        self.kept = kept
        self.counted: list[tuple[str, str]] = []
        self.door = WebhookDoor(
            secrets=[NEW, OLD],
            announcer=Announcer(announcements=kept, on_change=lambda: None),
            observe=lambda event, outcome, _seconds: self.counted.append((event, outcome)),
        )

    async def knock(self, body: bytes = BODY, *, secret: str | None = NEW, length: int | None = None) -> int:
        headers = [(b"content-length", str(len(body) if length is None else length).encode())]
        if secret is not None:
            headers.append((b"x-samora-bot-secret", secret.encode()))
        self.read = 0

        async def receive() -> dict[str, Any]:
            self.read += 1
            return {"type": "http.request", "body": body, "more_body": False}

        answer = await self.door({"headers": headers}, receive)
        self.retry_after = answer.retry_after
        return answer.status


@pytest.fixture
def front() -> Front:
    return Front(Announcements())


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_whoever_knows_one_of_the_secrets_is_let_in(front: Front, secret: str) -> None:
    assert await front.knock(secret=secret) == 202
    assert front.kept.batches == [[make_call_id(1)]]
    assert front.counted == [("CALL_FINISHED", "taken")]


@pytest.mark.parametrize("secret", [None, "", "wrong", NEW[:-1], NEW + "x", "ünknown"])
async def test_whoever_does_not_is_refused_unread_and_leaves_only_a_count(front: Front, secret: str | None) -> None:
    with capture_logs() as logs:
        assert await front.knock(secret=secret) == 401
    assert front.read == 0
    assert front.kept.batches == []
    assert front.counted == [("none", "refused")]
    assert logs == []


async def test_the_line_of_a_webhook_leads_to_what_comes_of_it(front: Front) -> None:
    one, other = make_call_id(1), make_call_id(2)
    with capture_logs() as logs:
        await front.knock(json.dumps({"event": "CALL_FAILED", "call_ids": [str(one), str(other)]}).encode())
    (line,) = logs
    assert (line["event"], line["kind"], line["call_id"]) == ("webhook", "CALL_FAILED", f"{one} {other}")


async def test_a_call_that_nobody_cares_for_is_welcome_too() -> None:
    front = Front(Announcements(answer=Announced(ignored=frozenset({make_call_id(1)}))))
    assert await front.knock() == 202
    assert front.counted == [("CALL_FINISHED", "ignored")]


@pytest.mark.parametrize("body", [b"", b"\xff", b"{}", b'{"event": "SOMETHING"}', b"[" * 5_000])
async def test_rubbish_is_taken_and_forgotten(front: Front, body: bytes) -> None:
    with capture_logs() as logs:
        assert await front.knock(body) == 202
    assert front.kept.batches == []
    assert front.counted == [("other", "no_call")]
    # One line, of our own words.
    (line,) = logs
    assert (line["event"], line["kind"], line["outcome"]) == ("webhook", "other", "no_call")
    assert "call_id" not in line


@pytest.mark.parametrize("length", [LARGEST_WEBHOOK + 1, 0])
async def test_a_body_that_is_too_large_is_refused_whatever_it_says_of_its_size(front: Front, length: int) -> None:
    assert await front.knock(b"x" * (LARGEST_WEBHOOK + 1), length=length) == 413
    assert front.counted == [("none", "large")]


async def test_the_largest_body_is_read(front: Front) -> None:
    assert await front.knock(BODY + b" " * (LARGEST_WEBHOOK - len(BODY))) == 202
    assert front.counted == [("CALL_FINISHED", "taken")]


async def test_a_body_that_never_ends_is_given_up(front: Front) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    answer = await front.door({"headers": [(b"x-samora-bot-secret", NEW.encode())]}, receive)
    assert answer.status == 408
    assert front.counted == [("none", "unfinished")]


async def test_without_the_database_the_sender_is_to_come_again() -> None:
    front = Front(Announcements(fails=True))
    assert await front.knock() == 503
    assert front.retry_after == 5
    assert front.counted == [("CALL_FINISHED", "put_off")]


@pytest.mark.parametrize("secrets", [[], [""], [NEW, ""]])
def test_an_empty_secret_would_let_everybody_in(secrets: list[str]) -> None:
    announcer = Announcer(announcements=Announcements(), on_change=lambda: None)
    with pytest.raises(ValueError, match="lets everybody in"):
        WebhookDoor(secrets=secrets, announcer=announcer, observe=lambda *_: None)
