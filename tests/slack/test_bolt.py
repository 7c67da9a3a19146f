"""Bolt in Socket Mode: it hands everything to the dispatcher, and neither asks Slack nor reads the environment."""

import os
from pathlib import Path

import pytest
from pytest_mock import MockerFixture
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.bolt import make_bolt
from bot.slack.listeners.ack import Ack
from bot.slack.listeners.boundary import Busy
from bot.slack.listeners.dispatcher import COMMAND, Dispatcher
from bot.slack.payloads import Payload
from tests.factories import make_seal


async def ask(body: Payload) -> BoltResponse:
    """What Bolt answers, where a listener acks a command, updates a modal, and has no room for events."""

    async def on_command(ack: Ack, given: Payload) -> None:
        await ack(text=given["text"])

    async def on_submission(ack: Ack, _body: Payload) -> None:
        await ack(response_action="clear")

    async def on_event(_ack: Ack, _body: Payload) -> None:
        raise Busy

    listeners = {COMMAND: on_command, "view_submission": on_submission, "event_callback": on_event}
    bolt = make_bolt(Dispatcher(listeners, seal=make_seal()))
    return await bolt.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))


COMMANDED = {"command": "/samora-call", "text": "words", "team_id": "T1", "user_id": "U1"}


@pytest.mark.parametrize(
    ("body", "status", "answer", "kind"),
    [
        (COMMANDED, 200, "words", "text/plain"),
        ({"type": "view_submission"}, 200, '{"response_action": "clear"}', "application/json"),
        ({"type": "event_callback"}, 503, "", "text/plain"),
        ({"type": "unheard_of"}, 200, "", "text/plain"),
    ],
)
async def test_the_dispatchers_answer_is_bolts(body: Payload, status: int, answer: str, kind: str) -> None:
    response = await ask(body)

    assert (response.status, response.body) == (status, answer)
    assert response.first_headers()["content-type"].startswith(kind)


async def test_a_client_id_in_the_environment_does_not_switch_bolt_to_oauth(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SLACK_CLIENT_ID and SLACK_CLIENT_SECRET make a default AsyncApp drop its token for a file store at home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-not-for-bolt")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "not-for-bolt")

    response = await ask(COMMANDED)

    assert (response.status, response.body) == (200, "words"), "our own authorize let it pass, and no store was asked"
    assert os.listdir(tmp_path) == []


async def test_no_auth_test_is_asked_inside_the_first_request(mocker: MockerFixture) -> None:
    """By default Bolt asks ``auth.test`` within the three seconds of the first ack."""
    asked = mocker.patch("slack_sdk.web.async_client.AsyncWebClient.api_call", side_effect=AssertionError)

    assert (await ask(COMMANDED)).status == 200
    asked.assert_not_called()
