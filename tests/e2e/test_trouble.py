"""Bad days: Samora fails in every way it can, Slack fails, and payloads come that are not for us."""

import json

import aiohttp
import pytest

from bot.sandbox import company
from bot.sandbox.faults import Fault
from tests.e2e.world import JON, MIRA, OPERATIONS, World, assert_quick, labels

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALL_PATH = "/v1/call/*"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path=CALL_PATH, status=500, body='{"message": "secret details of the stack"}', times=3),
        Fault(path=CALL_PATH, status=429, retry_after=60, times=3),
        Fault(path=CALL_PATH, status=200, body="<html>secret details</html>", content_type="text/html"),
        Fault(path=CALL_PATH, status=200, body='{"message": "secret details", "data":'),
        Fault(path=CALL_PATH, status=200, body='{"message": "secret details"}'),
        Fault(path=CALL_PATH, status=302, body="secret details"),
        Fault(path=CALL_PATH, drop=True, times=9),
    ],
    ids=["500", "429", "html", "broken json", "no data", "redirect", "dropped"],
)
async def test_whatever_samora_does_the_asker_gets_a_sentence_and_try_again(world: World, fault: Fault) -> None:
    world.samora.faults.add(fault)
    answer = await world.ask(company.FINISHED)
    assert answer.text == "Samora can't answer right now."
    assert "secret" not in answer.everything_written
    assert answer.ephemeral_to == MIRA
    assert labels(answer) == ["Try again"]
    world.samora.faults.clear()
    card = await world.press("Try again", answer)
    assert card.ts == answer.ts, "the card takes the place of the sentence"
    assert "Finished" in card.text


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_short_trouble_is_never_seen(world: World, status: int) -> None:
    world.samora.faults.add(Fault(path=CALL_PATH, status=status))
    assert "Finished" in (await world.ask(company.FINISHED)).text


async def test_a_refused_key_is_a_matter_for_administrators(world: World) -> None:
    for status in (401, 403):
        world.samora.faults.add(Fault(path=CALL_PATH, status=status, body='{"message": "bad key sk-123"}'))
        answer = await world.ask(company.FINISHED)
        assert answer.text == "Samora refuses this bot's key; an administrator should run `samora-bot check`."


async def test_an_unknown_call_is_named_as_it_was_read(world: World) -> None:
    answer = await world.ask("00000000-1111-4222-8333-44444444AAAA")
    assert answer.text == "There is no such call in your company: `00000000-1111-4222-8333-44444444aaaa`."


async def test_what_samora_calls_malformed_is_no_call_id(world: World) -> None:
    world.samora.faults.add(Fault(path=CALL_PATH, status=400))
    assert "That isn't a call id." in (await world.ask(company.FINISHED)).text


async def test_a_recording_that_fails_can_be_tried_again(world: World) -> None:
    card = await world.ask(company.FINISHED)
    world.samora.faults.add(Fault(path=CALL_PATH, status=500))
    answer = await world.press("Recording", card)
    assert labels(answer) == ["Try again"]
    assert "Open recording" in (await world.press("Try again", answer)).everything_written


@pytest.mark.parametrize(
    "link", ["http://storage.example/x.mp3", "javascript:alert(1)", "https:///x.mp3", "https://a@b/x", "ftp://h/x"]
)
async def test_an_unsafe_link_is_not_handed_out(world: World, link: str) -> None:
    card = await world.ask(company.FINISHED)
    body = json.dumps({"data": {"status": "CALL_FINISHED", "recording_url": link}})
    world.samora.faults.add(Fault(path=CALL_PATH, status=200, body=body))
    answer = await world.press("Recording", card)
    assert "isn't safe to open" in answer.text
    assert link not in answer.everything_written


async def test_a_link_too_long_for_a_button_goes_into_the_text(world: World) -> None:
    card = await world.ask(company.FINISHED)
    link = f"https://storage.example/x.mp3?X-Amz-Signature={'f' * 3000}"
    body = json.dumps({"data": {"status": "CALL_FINISHED", "recording_url": link}})
    world.samora.faults.add(Fault(path=CALL_PATH, status=200, body=body))
    answer = await world.press("Recording", card)
    assert f"<{link}|Open recording>" in answer.text
    assert answer.ephemeral_to == MIRA


@pytest.mark.parametrize("status", [404, 429, 500])
async def test_an_answer_that_the_response_url_refuses_comes_another_way(world: World, status: int) -> None:
    """Bolt's own respond() would never have noticed."""
    world.slack.faults.add(Fault(path="/response/*", status=status, body="used_url"))
    card = await world.ask(company.FINISHED)
    assert card.via == "chat.postEphemeral"
    assert card.ephemeral_to == MIRA


async def test_a_payload_for_another_workspace_is_acked_and_ignored(world: World) -> None:
    """One app in several workspaces has one signing secret: the signature alone proves too little."""
    before = world.calls_of_samora()
    payload = {
        "command": "/samora-call",
        "text": company.FINISHED,
        "team_id": "T0ELSEWHERE",
        "user_id": "U0STRANGER",
        "channel_id": OPERATIONS,
        "trigger_id": "1.2.elsewhere",
        "api_app_id": "A0SANDBOX",
        "response_url": f"{world.slack.url}/response/unknown",
    }
    assert_quick(await world.slack.dispatch_raw(payload, "slash_commands"))
    await world.bot.wait_for_line("foreign_payload")
    assert world.calls_of_samora() == before


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (
            "events_api",
            {"type": "event_callback", "event": {"type": "reaction_added", "user": MIRA}, "event_id": "Ev1"},
        ),
        ("events_api", {"type": "event_callback", "event": {"type": "message", "subtype": "bot_message"}}),
        ("interactive", {"type": "shortcut", "callback_id": "of_another_app", "user": {"id": MIRA}}),
        ("interactive", {"type": "block_actions", "actions": [{"type": "button", "action_id": "unknown"}]}),
        ("interactive", {"type": "view_submission", "view": {"id": "V1", "type": "modal", "callback_id": "unknown"}}),
        ("interactive", {"type": "message_action", "callback_id": "show_call", "user": None, "message": None}),
        ("slash_commands", {"command": "/samora-call"}),
    ],
    ids=["event", "message", "shortcut", "action", "view", "nulls", "bare command"],
)
async def test_whatever_slack_sends_is_acked(world: World, kind: str, payload: dict[str, object]) -> None:
    """What nobody listens to would be answered 404, shown as a warning sign, and sent again."""
    assert_quick(await world.slack.dispatch_raw({"team": {"id": "T0SANDBOX"}, **payload}, kind))  # type: ignore[arg-type]


async def test_a_forged_button_gets_a_sentence(world: World) -> None:
    card = await world.ask(company.FINISHED)
    shared = await world.share(card)
    forged = [{**block} for block in shared.blocks]
    forged[-1] = {**forged[-1], "elements": [{**forged[-1]["elements"][0], "value": '{"v":1,"call":"../../etc"}'}]}
    message = world.slack.workspace.post(OPERATIONS, "U0SAMORA", text="forged", blocks=forged)
    before = world.calls_of_samora()
    answer = await world.press("Recording", message, user=JON)
    assert "can't read that button" in answer.text
    assert world.calls_of_samora() == before


async def test_health_and_figures_are_served(world: World) -> None:
    await world.ask(company.FINISHED)
    async with aiohttp.ClientSession() as browser:
        async with browser.get(f"{world.url}/healthz") as alive:
            assert (alive.status, (await alive.json())["status"]) == (200, "alive")
        async with browser.get(f"{world.url}/readyz") as ready:
            report = await ready.json()
            assert (ready.status, report["ready"]) == (200, True)
            assert report["neighbours"]["samora"]["last_outcome"] == "200"
        async with browser.get(f"{world.url}/metrics") as figures:
            text = await figures.text()
            assert 'samora_bot_requests_total{kind="command",outcome="answered"}' in text
            assert 'samora_bot_samora_seconds_count{outcome="200"}' in text
            mode = "socket" if 'mode="socket"' in text else "http"
            assert f'samora_bot_ack_seconds_count{{kind="command",transport="{mode}"}}' in text
            is_opened = 'samora_bot_slack_seconds_count{method="apps.connections.open",outcome="ok"}' in text
            assert is_opened is (mode == "socket")
