"""The Home tab: published by the bot, opened and used by its person; and modals that are closed by hand."""

import asyncio
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Ack, SlackSandbox
from tests.sandbox.slack.refusals import error, refusal

Json = dict[str, Any]

MIRA, JON = "U0MIRA", "U0JON"
OPTIONS = [{"text": {"type": "plain_text", "text": text}, "value": text.lower()} for text in ("One", "Two")]
PICK = {"type": "static_select", "action_id": "pick", "options": OPTIONS}


def button(text: str) -> Json:
    return {"type": "button", "text": {"type": "plain_text", "text": text}, "action_id": text.lower(), "value": "v1"}


def home(*labels: str, **more: Any) -> Json:
    elements = [PICK, *map(button, labels or ("Find",))]
    return {"type": "home", "blocks": [{"type": "actions", "block_id": "row", "elements": elements}], **more}


def modal(name: str = "first") -> Json:
    text = {"type": "plain_text", "text": name}
    return {"type": "modal", "callback_id": name, "title": text, "blocks": [{"type": "section", "text": text}]}


async def test_each_person_has_one_and_it_keeps_its_id(client: AsyncWebClient, slack: SlackSandbox) -> None:
    assert slack.home_of(MIRA) is None
    first = (await client.views_publish(user_id=MIRA, view=home()))["view"]
    assert (first["type"], first["root_view_id"], first["previous_view_id"]) == ("home", first["id"], None)
    again = (await client.views_publish(user_id=MIRA, view=home("Other")))["view"]
    assert again["id"] == first["id"]
    assert again["hash"] != first["hash"]
    await client.views_publish(user_id=JON, view=home())
    shown, others = slack.home_of(MIRA), slack.home_of(JON)
    assert shown
    assert others
    assert shown.id != others.id
    assert "Other" in str(shown.blocks)
    assert slack.find_view(shown.id) == shown
    assert slack.views_of(MIRA) == [], "it is no modal"


async def test_it_can_be_updated_by_its_id(client: AsyncWebClient, slack: SlackSandbox) -> None:
    view_id = (await client.views_publish(user_id=MIRA, view=home()))["view"]["id"]
    await client.views_update(view_id=view_id, view=home("Updated"))
    shown = slack.home_of(MIRA)
    assert shown
    assert (shown.id, "Updated" in str(shown.blocks)) == (view_id, True)
    assert await error(client.views_update(view_id=view_id, view=modal())) == "invalid_arguments"


async def test_whoever_waits_sees_it_come(client: AsyncWebClient, slack: SlackSandbox) -> None:
    publishing = client.views_publish(user_id=MIRA, view=home())
    shown, _ = await asyncio.gather(slack.wait_for(lambda: slack.home_of(MIRA)), publishing)
    assert shown == slack.home_of(MIRA)


async def test_refuses_as_slack_does(client: AsyncWebClient, slack: SlackSandbox) -> None:
    assert await error(client.api_call("views.publish", json={"view": home()})) == "invalid_arguments"
    assert await error(client.api_call("views.publish", json={"user_id": MIRA})) == "invalid_arguments"
    answer = await refusal(client.views_publish(user_id="U0NOBODY", view=home()))
    assert answer["response_metadata"]["messages"] == ["[ERROR] invalid `user_id`"]
    assert await error(client.views_publish(user_id=MIRA, view=modal())) == "invalid_arguments"
    trigger_id = slack._triggers.issue(MIRA)
    assert await error(client.views_open(trigger_id=trigger_id, view=home())) == "invalid_arguments"
    assert await error(client.views_publish(user_id=MIRA, view=home(title="none"))) == "invalid_arguments"
    many = home()["blocks"] * 101
    assert await error(client.views_publish(user_id=MIRA, view=home(blocks=many))) == "invalid_arguments"
    huge = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}] * 90
    assert await error(client.views_publish(user_id=MIRA, view=home(blocks=huge))) == "view_too_large"
    assert slack.home_of(MIRA) is None


async def test_a_hash_guards_what_is_shown(client: AsyncWebClient) -> None:
    assert await error(client.views_publish(user_id=MIRA, hash="old", view=home())) == "hash_conflict"
    first = (await client.views_publish(user_id=MIRA, view=home()))["view"]["hash"]
    await client.views_publish(user_id=MIRA, hash=first, view=home())
    assert await error(client.views_publish(user_id=MIRA, hash=first, view=home())) == "hash_conflict"


async def test_a_name_of_the_bots_own_names_one_view(client: AsyncWebClient) -> None:
    for _ in range(2):
        await client.views_publish(user_id=MIRA, view=home(external_id="mine"))
    assert await error(client.views_publish(user_id=JON, view=home(external_id="mine"))) == "duplicate_external_id"


async def test_a_hundred_a_minute(client: AsyncWebClient, slack: SlackSandbox) -> None:
    slack.rates.enabled = True
    for _ in range(100):
        slack.rates.count("views.publish", {})
    assert await error(client.views_publish(user_id=MIRA, view=home())) == "ratelimited"
    slack.clock.advance(61)
    await client.views_publish(user_id=MIRA, view=home())


async def test_opening_it_tells_the_bot_and_shows_what_is_there(
    client: AsyncWebClient, slack: SlackSandbox, heard: list[Json]
) -> None:
    assert (await slack.open_home(MIRA)).ok
    (envelope,) = heard
    event = envelope["event"]
    assert event == {
        "type": "app_home_opened",
        "user": MIRA,
        "channel": "D0MIRA",
        "tab": "home",
        "event_ts": event["event_ts"],
    }
    assert (envelope["type"], envelope["team_id"]) == ("event_callback", "T0SANDBOX")
    await client.views_publish(user_id=MIRA, view=home())
    await slack.open_home(MIRA)
    shown = slack.home_of(MIRA)
    assert shown
    view = heard[1]["event"]["view"]
    assert (view["type"], view["id"], view["hash"]) == ("home", shown.id, shown.hash)
    assert (await slack.retry_event()).ok
    assert heard[2]["event_id"] == heard[1]["event_id"]


async def test_guests_have_one_and_people_of_other_teams_have_none(slack: SlackSandbox, heard: list[Json]) -> None:
    assert (await slack.open_home("U0GUEST")).ok
    with pytest.raises(PermissionError, match="another organisation"):
        await slack.open_home("U0OUTSIDER")
    with pytest.raises(LookupError, match="no user"):
        await slack.open_home("U0NOBODY")
    slack.workspace.is_installed = False
    assert await slack.open_home(MIRA) == Ack(ok=False, error="not_installed")
    assert len(heard) == 1


async def test_presses_and_choices_in_it_carry_the_view(
    client: AsyncWebClient, slack: SlackSandbox, heard: list[Json]
) -> None:
    await client.views_publish(user_id=MIRA, view=home())
    shown = slack.home_of(MIRA)
    await slack.choose(MIRA, "pick", "two", view=shown)
    await slack.press(MIRA, "Find", view=shown)
    chosen, pressed = heard
    assert chosen["actions"][0]["selected_option"]["value"] == "two"
    assert shown
    assert pressed["container"] == {"type": "view", "view_id": shown.id}
    assert (pressed["view"]["type"], pressed["view"]["id"]) == ("home", shown.id)
    assert pressed["view"]["state"]["values"]["row"]["pick"]["selected_option"]["value"] == "two"
    assert not {"channel", "response_url", "message"} & set(pressed)
    await client.views_open(trigger_id=pressed["trigger_id"], view=modal())
    assert [view.callback_id for view in slack.views_of(MIRA)] == ["first"]


async def test_it_is_found_by_name_only_and_by_its_person_only(client: AsyncWebClient, slack: SlackSandbox) -> None:
    await client.views_publish(user_id=MIRA, view=home())
    with pytest.raises(LookupError, match="nothing to press"):
        await slack.press(MIRA, "Find")
    shown = slack.home_of(MIRA)
    assert shown
    with pytest.raises(LookupError, match="not that modal"):
        await slack.press(JON, "Find", view=shown)
    with pytest.raises(LookupError, match="not that modal"):
        await slack.submit(MIRA, shown, {})


async def test_a_modal_lies_over_it_and_not_in_its_place(
    client: AsyncWebClient, slack: SlackSandbox, heard: list[Json]
) -> None:
    await client.views_publish(user_id=MIRA, view=home())
    await client.views_open(trigger_id=slack._triggers.issue(MIRA), view=modal())
    assert (await slack.press(MIRA, "Find", view=slack.home_of(MIRA))).ok
    assert heard[0]["view"]["type"] == "home"


async def test_only_the_modal_on_top_is_closed(client: AsyncWebClient, slack: SlackSandbox, heard: list[Json]) -> None:
    await client.views_publish(user_id=MIRA, view=home())
    await client.views_open(trigger_id=slack._triggers.issue(MIRA), view=modal())
    await client.views_push(trigger_id=slack._triggers.issue(MIRA), view=modal("second"))
    below, above = slack.views_of(MIRA)
    with pytest.raises(LookupError, match=r"not that modal.*\['first', 'second'\]"):
        slack.close_view(MIRA, below)
    slack.close_view(MIRA, above)
    assert slack.views_of(MIRA) == [below]
    slack.close_view(MIRA, below)
    shown = slack.home_of(MIRA)
    assert shown
    for gone in (below, shown):
        with pytest.raises(LookupError):
            slack.close_view(MIRA, gone)
    assert slack.views_of(MIRA) == []
    assert heard == []
