"""What people do in the sandbox's Slack, and the payloads that the bot gets of it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack import Ack, Message, SlackSandbox, View, find_message_problems, find_view_problems

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def button(text: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


def actions(*elements: Json, block_id: str = "row") -> Json:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def entry(block_id: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": element, **more}


OPTIONS = [{"text": plain("One"), "value": "1"}, {"text": plain("Two"), "value": "2"}]
SELECT = {"type": "static_select", "action_id": "pick", "options": OPTIONS}
MODAL = {
    "type": "modal",
    "callback_id": "find",
    "private_metadata": "C0OPS",
    "title": plain("Find"),
    "submit": plain("Find"),
    "blocks": [
        entry("id", {"type": "plain_text_input", "action_id": "call_id", "min_length": 4, "max_length": 8}),
        entry("what", {**SELECT, "action_id": "what", "option_groups": None}, optional=True),
        actions(button("Help", "help"), {**SELECT, "initial_option": OPTIONS[1]}),
    ],
}


class Bot:
    """Notes what it gets and answers what it is told."""

    def __init__(self) -> None:
        self.payloads: list[Json] = []
        self.answer: Json | None = None

    @property
    def last(self) -> Json:
        return self.payloads[-1]

    async def take(self, request: web.Request) -> web.Response:
        if request.content_type == "application/json":
            self.payloads.append(await request.json())
        else:
            form = dict(await request.post())
            self.payloads.append(json.loads(str(form["payload"])) if "payload" in form else form)
        return web.json_response(self.answer) if self.answer else web.Response()


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock(), rates=False) as sandbox:
        yield sandbox


@pytest.fixture
async def bot(slack: SlackSandbox) -> AsyncIterator[Bot]:
    bot = Bot()
    application = web.Application()
    application.router.add_post("/", bot.take)
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.deliver_to(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    yield bot
    await runner.cleanup()


def card(slack: SlackSandbox, *blocks: Json, **more: Any) -> Message:
    blocks = blocks or (actions(button("Refresh", "refresh", value="v1", style="primary")),)
    return slack.workspace.post(more.pop("channel", "C0OPS"), "U0SAMORA", blocks=blocks, **more)


def open_modal(slack: SlackSandbox, **more: Any) -> View:
    return slack._views.open("U0MIRA", {**MODAL, **more})


async def test_a_command_carries_what_slack_sends(slack: SlackSandbox, bot: Bot) -> None:
    await slack.command("U0MIRA", "list", channel="D0MIRAJON")
    assert bot.last["channel_name"] == "directmessage"
    assert bot.last["is_enterprise_install"] == "false"
    assert bot.last["response_url"].startswith(slack.url)
    await slack.command("U0MIRA", "list", channel="C0SECRET", command="/other")
    assert (bot.last["channel_name"], bot.last["command"]) == ("privategroup", "/other")


async def test_a_message_shortcut_brings_the_whole_message(slack: SlackSandbox, bot: Bot) -> None:
    root = slack.post_as("U0JON", "C0OPS", "see https://app.samora.ai/call/1 and <@U0MIRA> in <#C0OPS|operations>!")
    reply = slack.post_as("U0JON", "C0OPS", "a reply", thread_ts=root.ts)
    await slack.message_shortcut("U0MIRA", "show_call", "C0OPS", root.ts)
    message = bot.last["message"]
    assert message["text"] == "see <https://app.samora.ai/call/1> and <@U0MIRA> in <#C0OPS|operations>!"
    assert message["blocks"][0]["elements"][0]["elements"] == [
        {"type": "text", "text": "see "},
        {"type": "link", "url": "https://app.samora.ai/call/1"},
        {"type": "text", "text": " and "},
        {"type": "user", "user_id": "U0MIRA"},
        {"type": "text", "text": " in "},
        {"type": "channel", "channel_id": "C0OPS"},
        {"type": "text", "text": "!"},
    ]
    assert (bot.last["callback_id"], bot.last["message_ts"]) == ("show_call", root.ts)
    await slack.message_shortcut("U0MIRA", "show_call", "C0OPS", reply.ts)
    assert bot.last["message"]["thread_ts"] == root.ts


async def test_a_message_of_the_bot_without_text_is_unreadable_as_in_slack(slack: SlackSandbox, bot: Bot) -> None:
    message = card(slack, attachments=[{"text": "more", "blocks": [actions(button("Deep", "deep"))]}])
    message = slack.workspace.edit(message, attachments=message.attachments, metadata={"event_type": "call"})
    await slack.message_shortcut("U0MIRA", "show_call", "C0OPS", message.ts)
    assert bot.last["message"]["text"] == "This content can't be displayed."
    assert bot.last["message"]["attachments"][0]["text"] == "more"
    assert bot.last["message"]["edited"]["user"] == "B0SAMORA"
    await slack.press("U0MIRA", "Deep", message=message)
    assert bot.last["actions"][0]["action_id"] == "deep"


async def test_slack_offers_no_more_than_slack_does(slack: SlackSandbox, bot: Bot) -> None:
    ephemeral = card(slack, ephemeral_to="U0MIRA")
    with pytest.raises(PermissionError, match="another organisation"):
        await slack.command("U0OUTSIDER", "help", channel="C0SHARED")
    with pytest.raises(PermissionError, match="not in C0SECRET"):
        await slack.command("U0GUEST", "help", channel="C0SECRET")
    with pytest.raises(PermissionError, match="no shortcuts on ephemeral"):
        await slack.message_shortcut("U0MIRA", "show_call", "C0OPS", ephemeral.ts)
    with pytest.raises(PermissionError, match="for U0MIRA alone"):
        await slack.press("U0JON", "Refresh", message=ephemeral)
    with pytest.raises(LookupError, match="no user"):
        await slack.global_shortcut("U0NOBODY", "find_call")
    with pytest.raises(LookupError, match="no user"):
        slack.post_as("U0NOBODY", "C0OPS", "hello")
    with pytest.raises(LookupError, match="no channel"):
        await slack.command("U0MIRA", "help", channel="C0NOWHERE")
    with pytest.raises(LookupError, match="no message 1"):
        await slack.message_shortcut("U0MIRA", "show_call", "C0OPS", "1.0")
    assert bot.payloads == []


async def test_a_mention_posts_and_tells_the_bot(slack: SlackSandbox, bot: Bot) -> None:
    root = slack.post_as("U0JON", "C0SHARED", "hello")
    assert (await slack.mention("U0OUTSIDER", "C0SHARED", "0001", thread_ts=root.ts)).ok
    event = bot.last["event"]
    assert (event["type"], event["text"], event["thread_ts"]) == ("app_mention", "<@U0SAMORA> 0001", root.ts)
    assert event["blocks"][0]["elements"][0]["elements"][0] == {"type": "user", "user_id": "U0SAMORA"}
    assert (event["team"], bot.last["team_id"], bot.last["is_ext_shared_channel"]) == ("T0PARTNER", "T0SANDBOX", True)
    assert slack.find_message("0001", seen_by="U0OUTSIDER") is not None


async def test_a_mention_where_the_bot_is_not_reaches_nobody(slack: SlackSandbox, bot: Bot) -> None:
    assert await slack.mention("U0MIRA", "C0QUIET", "0001") == Ack(ok=False, error="not_in_channel")
    assert bot.payloads == []


async def test_a_press_in_a_message_says_where(slack: SlackSandbox, bot: Bot) -> None:
    message = card(slack)
    await slack.press("U0GUEST", "refresh", message=message)
    payload = bot.last
    assert payload["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": "C0OPS",
        "is_ephemeral": False,
    }
    assert payload["message"]["blocks"][0]["block_id"] == "row"
    (action,) = payload["actions"]
    assert (action["value"], action["style"], action["block_id"]) == ("v1", "primary", "row")
    assert (payload["user"]["team_id"], payload["state"]) == ("T0SANDBOX", {"values": {}})


async def test_a_press_in_an_ephemeral_message_has_no_message(slack: SlackSandbox, bot: Bot) -> None:
    root = card(slack)
    await slack.press("U0MIRA", "Refresh", message=card(slack, ephemeral_to="U0MIRA", thread_ts=root.ts))
    assert "message" not in bot.last
    assert bot.last["container"]["is_ephemeral"] is True
    assert bot.last["container"]["thread_ts"] == root.ts
    assert bot.last["channel"] == {"id": "C0OPS", "name": "operations"}


async def test_an_outsider_may_press_in_a_shared_channel(slack: SlackSandbox, bot: Bot) -> None:
    await slack.press("U0OUTSIDER", "Refresh", message=card(slack, channel="C0SHARED"))
    assert (bot.last["user"]["team_id"], bot.last["team"]["id"]) == ("T0PARTNER", "T0SANDBOX")


async def test_link_buttons_are_told_too(slack: SlackSandbox, bot: Bot) -> None:
    card(slack, actions(button("Open", "open", url="https://example.com")))
    assert (await slack.press("U0MIRA", "Open")).ok
    assert bot.last["actions"][0]["url"] == "https://example.com"


async def test_without_a_place_the_modal_and_then_the_newest_message_count(slack: SlackSandbox, bot: Bot) -> None:
    card(slack, channel="C0SALES")
    newest = card(slack)
    card(slack, ephemeral_to="U0JON")
    open_modal(slack)
    await slack.press("U0MIRA", "Refresh")
    assert bot.last["container"]["message_ts"] == newest.ts
    await slack.press("U0MIRA", "Help")
    assert bot.last["container"]["type"] == "view"


async def test_a_missing_button_names_those_that_are_there(slack: SlackSandbox) -> None:
    message = card(slack)
    with pytest.raises(LookupError, match=r"no button 'Share'; there is: Refresh \(refresh\)"):
        await slack.press("U0MIRA", "Share", message=message)
    with pytest.raises(LookupError, match="nothing to press"):
        await slack.press("U0MIRA", "Share", message=slack.post_as("U0MIRA", "C0OPS", "hello"))


async def test_buttons_of_one_name_are_told_apart_by_value(slack: SlackSandbox, bot: Bot) -> None:
    rows = (actions(button("Pause", "pause", value=value), block_id=value) for value in ("a", "b"))
    message = card(slack, *rows)
    with pytest.raises(LookupError, match=r"say which value of \['a', 'b'\]"):
        await slack.press("U0MIRA", "Pause", message=message)
    await slack.press("U0MIRA", "Pause", message=message, value="b")
    assert bot.last["actions"][0]["block_id"] == "b"


async def test_a_choice_in_a_message_stays_in_its_state(slack: SlackSandbox, bot: Bot) -> None:
    message = card(slack, actions(SELECT, button("Show", "show")))
    await slack.choose("U0MIRA", "pick", "Two", message=message)
    assert bot.last["actions"][0]["selected_option"]["value"] == "2"
    assert (bot.last["actions"][0]["type"], bot.last["actions"][0]["action_id"]) == ("static_select", "pick")
    await slack.press("U0MIRA", "Show", message=message)
    assert bot.last["state"]["values"]["row"]["pick"]["selected_option"]["value"] == "2"
    await slack.press("U0JON", "Show", message=message)
    assert bot.last["state"]["values"]["row"]["pick"]["selected_option"] is None


async def test_chooses_in_menus_of_every_sort(slack: SlackSandbox, bot: Bot) -> None:
    elements = (
        {"type": "overflow", "action_id": "more", "options": OPTIONS},
        {"type": "checkboxes", "action_id": "tick", "options": OPTIONS},
        {"type": "users_select", "action_id": "who"},
        {"type": "external_select", "action_id": "remote"},
        {"type": "static_select", "action_id": "group", "option_groups": [{"label": plain("a"), "options": OPTIONS}]},
    )
    message = card(slack, actions(*elements))

    async def chosen(action_id: str, value: object) -> Json:
        await slack.choose("U0MIRA", action_id, value, message=message)
        action: Json = bot.last["actions"][0]
        return action

    assert (await chosen("more", "1"))["selected_option"] == OPTIONS[0]
    assert "more" not in bot.last["state"]["values"]["row"]
    assert (await chosen("tick", ["1", "2"]))["selected_options"] == OPTIONS
    assert (await chosen("tick", "2"))["selected_options"] == OPTIONS[1:]
    assert (await chosen("who", "U0JON"))["selected_user"] == "U0JON"
    assert (await chosen("remote", "far"))["selected_option"]["value"] == "far"
    assert (await chosen("group", "2"))["selected_option"] == OPTIONS[1]
    with pytest.raises(LookupError, match=r"no option '3'; there are \['1', '2'\]"):
        await chosen("group", "3")


async def test_elements_of_one_name_are_told_apart_by_block(slack: SlackSandbox, bot: Bot) -> None:
    more = {"type": "overflow", "action_id": "more", "options": OPTIONS}
    rows = (
        {"type": "section", "block_id": name, "text": plain(name), "accessory": more} for name in ("first", "second")
    )
    message = card(slack, *rows, actions(button("End", "end"), block_id="a"), actions(button("End", "end")))
    with pytest.raises(LookupError, match=r"block_id of \['first', 'second'\]"):
        await slack.choose("U0MIRA", "more", "1", message=message)
    await slack.choose("U0MIRA", "more", "1", message=message, block_id="second")
    assert (bot.last["actions"][0]["block_id"], bot.last["actions"][0]["type"]) == ("second", "overflow")
    await slack.press("U0MIRA", "End", message=message, block_id="row")
    assert bot.last["actions"][0]["block_id"] == "row"


CONFIRM = {"title": plain("Sure?"), "text": plain("It ends."), "confirm": plain("End"), "deny": plain("Keep")}
ELEMENTS: dict[str, tuple[Json, object, Json]] = {
    "static_select": ({"options": OPTIONS}, "2", {"selected_option": OPTIONS[1]}),
    "multi_static_select": ({"options": OPTIONS}, ["1", "Two"], {"selected_options": OPTIONS}),
    "users_select": ({}, "U0JON", {"selected_user": "U0JON"}),
    "radio_buttons": ({"options": OPTIONS}, "One", {"selected_option": OPTIONS[0]}),
    "checkboxes": ({"options": OPTIONS}, ["2"], {"selected_options": OPTIONS[1:]}),
    "overflow": ({"options": OPTIONS}, "1", {"selected_option": OPTIONS[0]}),
}


@pytest.mark.parametrize("place", ["section", "actions"])
@pytest.mark.parametrize("kind", ELEMENTS)
async def test_every_element_works_in_messages_and_modals(slack: SlackSandbox, bot: Bot, kind: str, place: str) -> None:
    more, value, chosen = ELEMENTS[kind]
    element = {"type": kind, "action_id": "it", "confirm": CONFIRM, **more}
    section = {"type": "section", "block_id": "row", "text": plain("words"), "accessory": element}
    blocks = [
        section if place == "section" else actions(element),
        actions(button("Go", "go", confirm=CONFIRM), block_id="go"),
    ]
    assert find_message_problems(blocks) == []
    message = card(slack, *blocks)
    await slack.choose("U0MIRA", "it", value, message=message)
    assert bot.last["actions"][0].items() >= {"type": kind, "block_id": "row", **chosen}.items()
    await slack.press("U0MIRA", "Go", message=message)
    in_message = bot.last["state"]["values"]
    modal = {**MODAL, "blocks": blocks}
    assert find_view_problems(modal) == []
    view = slack._views.open("U0MIRA", modal)
    await slack.choose("U0MIRA", "it", value, view=view)
    assert bot.last["actions"][0].items() >= chosen.items()
    await slack.press("U0MIRA", "Go", view=view)
    assert bot.last["view"]["state"]["values"] == in_message
    await slack.submit("U0MIRA", view, {})
    assert bot.last["view"]["state"]["values"] == in_message
    assert in_message == ({} if kind == "overflow" else {"row": {"it": {"type": kind, **chosen}}})


@pytest.mark.parametrize("kind", [kind for kind in ELEMENTS if kind != "overflow"])
async def test_an_optional_input_may_be_left_empty_and_another_not(slack: SlackSandbox, bot: Bot, kind: str) -> None:
    more, value, chosen = ELEMENTS[kind]
    element = {"type": kind, "action_id": "it", **more}
    view = open_modal(slack, blocks=[entry("a", element, optional=True)])
    await slack.submit("U0MIRA", view, {})
    assert not any(bot.last["view"]["state"]["values"]["a"]["it"][key] for key in chosen)
    view = open_modal(slack, blocks=[entry("a", element)])
    with pytest.raises(ValueError, match="it is required"):
        await slack.submit("U0MIRA", view, {})
    await slack.submit("U0MIRA", view, {"it": value})
    assert bot.last["view"]["state"]["values"]["a"]["it"] == {"type": kind, **chosen}


async def test_an_updated_modal_keeps_what_was_chosen(slack: SlackSandbox, bot: Bot) -> None:
    view = open_modal(slack)
    await slack.choose("U0MIRA", "pick", "1", view=view)
    view = slack.views_of("U0MIRA")[-1]
    slack._views.update(view, {**MODAL, "blocks": [*MODAL["blocks"], {"type": "divider"}]})
    await slack.press("U0MIRA", "Help", view=view)
    assert bot.last["view"]["state"]["values"]["row"]["pick"]["selected_option"]["value"] == "1"


async def test_presses_and_choices_in_a_modal_carry_the_view(slack: SlackSandbox, bot: Bot) -> None:
    view = open_modal(slack)
    await slack.choose("U0MIRA", "pick", "1", view=view)
    assert bot.last["view"]["state"]["values"]["row"]["pick"]["selected_option"]["value"] == "1"
    await slack.press("U0MIRA", "Help", view=view)
    assert bot.last["container"] == {"type": "view", "view_id": view.id}
    assert bot.last["view"]["private_metadata"] == "C0OPS"
    assert not {"channel", "response_url", "message"} & set(bot.last)
    with pytest.raises(LookupError, match="no what"):
        await slack.choose("U0MIRA", "what", "1", view=view)


async def test_a_submission_carries_what_was_filled_in(slack: SlackSandbox, bot: Bot) -> None:
    view = open_modal(slack)
    ack = await slack.submit("U0MIRA", view, {"call_id": "0001", "what": "Two"})
    assert ack.ok
    values = bot.last["view"]["state"]["values"]
    assert values["id"]["call_id"] == {"type": "plain_text_input", "value": "0001"}
    assert values["what"]["what"]["selected_option"]["value"] == "2"
    assert values["row"]["pick"]["selected_option"]["value"] == "2"
    assert (bot.last["type"], bot.last["view"]["app_installed_team_id"]) == ("view_submission", "T0SANDBOX")
    assert slack.views_of("U0MIRA") == []


async def test_an_optional_input_may_stay_empty(slack: SlackSandbox, bot: Bot) -> None:
    await slack.submit("U0MIRA", open_modal(slack), {"id": "0001"})
    assert bot.last["view"]["state"]["values"]["what"]["what"] == {"type": "static_select", "selected_option": None}


async def test_slacks_form_holds_back_what_is_incomplete(slack: SlackSandbox, bot: Bot) -> None:
    view = open_modal(slack)
    with pytest.raises(ValueError, match="call_id is required"):
        await slack.submit("U0MIRA", view, {})
    with pytest.raises(ValueError, match="has 9 characters"):
        await slack.submit("U0MIRA", view, {"call_id": "123456789"})
    with pytest.raises(LookupError, match=r"no input 'other'; there are \['call_id', 'what', 'pick'\]"):
        await slack.submit("U0MIRA", view, {"other": "a"})
    with pytest.raises(LookupError, match="not that modal"):
        await slack.submit("U0JON", view, {"call_id": "0001"})
    assert bot.payloads == []


async def test_the_answer_to_a_submission_moves_the_modal(slack: SlackSandbox, bot: Bot) -> None:
    async def answered(**answer: Any) -> list[View]:
        bot.answer = answer
        view = slack.views_of("U0MIRA")[-1]
        assert (await slack.submit("U0MIRA", view, {"call_id": "0001"})).ok
        return slack.views_of("U0MIRA")

    first = open_modal(slack)
    (view,) = await answered(response_action="errors", errors={"id": "no such call"})
    assert (view.id, view.errors) == (first.id, {"id": "no such call"})
    assert view.state["id"]["call_id"]["value"] == "0001"
    (view,) = await answered(response_action="update", view={**MODAL, "callback_id": "again"})
    assert (view.id, view.callback_id, view.errors) == (first.id, "again", {})
    assert view.hash != first.hash
    below, above = await answered(response_action="push", view={**MODAL, "callback_id": "on top"})
    assert (above.previous_id, above.root_id) == (below.id, below.id)
    assert await answered(response_action="clear") == []


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "dance"},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "errors", "errors": {"call_id": "keyed by action id"}},
        {"response_action": "errors"},
    ],
)
async def test_an_answer_that_slack_cannot_follow_is_a_failure(slack: SlackSandbox, bot: Bot, answer: Json) -> None:
    bot.answer = answer
    ack = await slack.submit("U0MIRA", open_modal(slack), {"call_id": "0001"})
    assert (ack.ok, ack.error) == (False, "invalid_view_response")
    assert len(slack.views_of("U0MIRA")) == 1


async def test_a_submission_that_nobody_takes_leaves_the_modal(slack: SlackSandbox) -> None:
    ack = await slack.submit("U0MIRA", open_modal(slack), {"call_id": "0001"})
    assert ack.error == "dispatch_failed"
    assert len(slack.views_of("U0MIRA")) == 1


async def test_ids_that_the_bot_left_out_are_filled_in(slack: SlackSandbox, bot: Bot) -> None:
    inner = {"type": "actions", "elements": [{"type": "button", "text": plain("Inner")}]}
    card(
        slack,
        {"type": "container", "child_blocks": [inner]},
        {"type": "context", "elements": [plain("words")]},
        {"type": "section", "text": plain("words"), "accessory": None},
    )
    await slack.press("U0MIRA", "Inner")
    action = bot.last["actions"][0]
    assert action["action_id"]
    assert action["block_id"]


async def test_finds_messages_by_what_they_are(slack: SlackSandbox) -> None:
    first, second = card(slack), card(slack, ephemeral_to="U0MIRA", text="second")
    assert slack.find_message("Refresh", ephemeral=False) == first
    assert slack.find_message("second", channel="C0OPS", via="person") == second
    assert slack.find_message("second", seen_by="U0JON") is None
    assert slack.find_message(channel="C0SALES") is None


async def test_waiting_ends_with_the_change_or_tells_what_is_there(slack: SlackSandbox) -> None:
    message = card(slack, text="something else")
    assert await slack.wait_for(lambda: slack.find_message("something")) == message
    open_modal(slack)
    with pytest.raises(TimeoutError, match=r"something else.*find.*0 connections"):
        await slack.wait_for(lambda: slack.find_message("expected"), within=0.01)
