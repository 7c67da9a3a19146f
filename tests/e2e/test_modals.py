"""The modals: finding a call without a channel, choosing among several, and all variables."""

import pytest

from bot.sandbox import company
from bot.sandbox.faults import Fault
from tests.e2e.world import JON, MIRA, OPERATIONS, World, assert_quick, labels, link_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def find_a_call(world: World, text: str) -> None:
    old = {view.id for view in world.slack.views_of(MIRA)}
    assert_quick(await world.slack.global_shortcut(MIRA, "find_call"))
    form = await world.modal(lambda view: view.callback_id == "find_call" and view.id not in old)
    assert_quick(await world.slack.submit(MIRA, form, {"call_id": text}))


async def test_the_global_shortcut_asks_and_shows_the_card(world: World) -> None:
    await find_a_call(world, f"the call {company.FINISHED}")
    card = await world.modal(lambda view: "Finished" in str(view.blocks))
    assert labels(card) == ["Recording", "Transcript", "Refresh", "Share"]


async def test_a_text_without_an_id_gets_an_error_at_the_input(world: World) -> None:
    await find_a_call(world, "nothing")
    form = await world.modal(lambda view: bool(view.errors))
    assert "isn't a call id" in form.errors["call_id"]


async def test_an_unknown_call_is_said_in_the_modal(world: World) -> None:
    await find_a_call(world, "00000000-1111-4222-8333-444444444444")
    answer = await world.modal(lambda view: "no such call in your company" in str(view.blocks))
    assert "00000000-1111-4222-8333-444444444444" in str(answer.blocks)


async def test_a_recording_opens_on_top_of_the_card(world: World) -> None:
    await find_a_call(world, company.FINISHED)
    card = await world.modal(lambda view: "Finished" in str(view.blocks))
    assert_quick(await world.slack.press(MIRA, "Recording", view=card))
    answer = await world.modal(lambda view: "Open recording" in str(view.blocks))
    assert "recording.wav" in link_in(answer.blocks)
    assert len(world.slack.views_of(MIRA)) == 2


async def test_a_card_in_a_modal_is_refreshed_in_place(world: World) -> None:
    call = world.samora.add_call()
    await find_a_call(world, call.call_id)
    card = await world.modal(lambda view: "Pending" in str(view.blocks))
    world.samora.move(call.call_id, "trigger")
    assert_quick(await world.slack.press(MIRA, "Refresh", view=card))
    fresh = await world.modal(lambda view: "Triggered" in str(view.blocks))
    assert fresh.id == card.id


async def test_sharing_from_nowhere_asks_for_the_channel(world: World) -> None:
    await find_a_call(world, company.FINISHED)
    card = await world.modal(lambda view: "Finished" in str(view.blocks))
    assert_quick(await world.slack.press(MIRA, "Share", view=card))
    form = await world.modal(lambda view: view.callback_id == "share_call")
    world.look()
    assert_quick(await world.slack.submit(MIRA, form, {"channel": "C0SALES"}))
    shared = await world.new("Finished")
    assert (shared.channel, shared.ephemeral_to) == ("C0SALES", None)
    assert "priya.raman" not in shared.everything_written
    done = await world.modal(lambda view: "Shared." in str(view.blocks))
    assert done.id == form.id


async def test_sharing_where_the_bot_is_not_says_how_to_invite_it(world: World) -> None:
    await find_a_call(world, company.FINISHED)
    card = await world.modal(lambda view: "Finished" in str(view.blocks))
    assert_quick(await world.slack.press(MIRA, "Share", view=card))
    form = await world.modal(lambda view: view.callback_id == "share_call")
    assert_quick(await world.slack.submit(MIRA, form, {"channel": "C0QUIET"}))
    posted = len(world.slack.messages)
    answer = await world.modal(lambda view: "/invite @Samora" in str(view.blocks))
    assert answer.id == form.id
    assert len(world.slack.messages) == posted


async def test_a_message_with_several_ids_opens_a_picker(world: World) -> None:
    message = world.slack.post_as(JON, OPERATIONS, f"{company.FINISHED} or {company.REJECTED}?")
    assert_quick(await world.slack.message_shortcut(MIRA, "show_call", OPERATIONS, message.ts))
    picker = await world.modal(lambda view: view.callback_id == "pick_call")
    assert_quick(await world.slack.submit(MIRA, picker, {"call_id": company.REJECTED}))
    card = await world.modal(lambda view: "Rejected" in str(view.blocks))
    # This modal knows where it came from, so that sharing asks nothing.
    world.look()
    assert_quick(await world.slack.press(MIRA, "Share", view=card))
    shared = await world.new("Rejected")
    assert shared.channel == OPERATIONS


async def test_a_message_without_an_id_opens_the_question(world: World) -> None:
    old = {view.id for view in world.slack.views_of(MIRA)}
    message = world.slack.post_as(JON, OPERATIONS, "Good morning")
    assert_quick(await world.slack.message_shortcut(MIRA, "show_call", OPERATIONS, message.ts))
    form = await world.modal(lambda view: view.callback_id == "find_call" and view.id not in old)
    assert form.user == MIRA


async def test_all_variables_in_pages_for_the_presser_alone(world: World) -> None:
    card = await world.ask(company.MANY_VARIABLES)
    assert "and 138 more" in card.everything_written
    shared = await world.share(card)
    assert_quick(await world.slack.press(JON, "Show all", message=shared))
    first = await world.modal(lambda view: "Page 1 of" in str(view.blocks), user=JON)
    assert labels(first) == ["Next"]
    assert_quick(await world.slack.press(JON, "Next", view=first))
    second = await world.modal(lambda view: "Page 2 of" in str(view.blocks), user=JON)
    assert second.id == first.id
    assert labels(second) == ["Previous", "Next"]
    assert world.slack.views_of(JON)[-1].blocks != first.blocks


async def test_a_window_that_is_closed_before_its_answer_comes_leads_to_no_complaint(world: World) -> None:
    card = await world.ask(company.MANY_VARIABLES)
    world.samora.faults.add(Fault(path="/v1/call/*", delay=0.5))
    assert_quick(await world.slack.press(MIRA, "Show all", message=card))
    window = await world.modal(lambda view: "Asking Samora…" in str(view.blocks))
    world.slack.close_view(MIRA, window)

    line = await world.bot.wait_for_line('"outcome": "closed"')

    assert '"kind": "action.show_all"' in line
    assert '"level": "info"' in line
    assert [each.text for each in world.news()] == []


async def test_show_all_unmasks_for_the_presser_alone(world: World) -> None:
    shared = await world.share(await world.ask(company.FINISHED))
    assert_quick(await world.slack.press(JON, "Show all", message=shared))
    view = await world.modal(lambda view: "priya.raman@example.com" in str(view.blocks), user=JON)
    assert view.user == JON
