"""The Home tab: what somebody follows anywhere, changed and found from there, and how it takes bad days."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.sandbox import company
from bot.sandbox.faults import Fault
from bot.sandbox.slack import Ack, View, find_view_problems
from bot.sandbox.slack.payloads import app_home_opened
from tests.e2e.following import (
    PATIENCE,
    ask,
    card_in,
    drawn,
    drawn_without,
    failed,
    follow,
    new_modal,
    notices_in,
    open_channel,
    open_world,
    said_in_modal,
    subscriptions_in,
    told,
)
from tests.e2e.world import JON, MIRA, OUTSIDER, World, assert_quick, labels
from tests.postgres import open_postgres

pytestmark = pytest.mark.asyncio(loop_scope="session")

PUBLISH = "/api/views.publish"
ROW = ["Pause", "End", "Edit"]


async def home_after(world: World, doing: Awaitable[Ack], *, user: str = MIRA) -> View:
    """Does something, and gives that person's Home as it is drawn then."""
    old = world.slack.home_of(user)
    assert_quick(await doing)
    return await redrawn(world, old, user=user)


async def redrawn(world: World, old: View | None, *, user: str = MIRA) -> View:
    """That person's Home, once it is another one than the old one."""

    def find() -> View | None:
        home = world.slack.home_of(user)
        return home if home and (old is None or home.hash != old.hash) else None

    home = await world.slack.wait_for(find, PATIENCE)
    assert find_view_problems(home.definition) == []
    return home


async def open_home(world: World, *, user: str = MIRA) -> View:
    return await home_after(world, world.slack.open_home(user), user=user)


async def press(world: World, label: str, home: View, *, value: str | None = None) -> View:
    """Presses a button of Mira's Home, and gives what is drawn then."""
    return await home_after(world, world.slack.press(MIRA, label, view=home, value=value))


def rows_of(home: View) -> list[str]:
    """What the Home says of each call."""
    rows = [block["text"]["text"] for block in home.blocks if block["type"] == "section"]
    return [row for row in rows if "last change" in row]


def value_of(home: View, label: str, call_id: str) -> str:
    """The value of the button of that name beside that call."""
    for block in home.blocks:
        for element in block.get("elements", ()):
            if element.get("accessibility_label") == f"{label} call {call_id[:8]}":
                return str(element["value"])
    raise LookupError(call_id)


async def test_a_newcomer_learns_what_the_bot_is_for_and_what_to_type(quick: World) -> None:
    home = await open_home(quick)
    assert labels(home) == ["Find a call"]
    shown = str(home.blocks)
    assert "I show you how Samora's phone calls went" in shown
    assert "You follow no call." in shown
    for word in ("subscribe", "unsubscribe", "list", "help"):
        assert f"`/samora-call {word}" in shown


async def test_what_is_followed_shows_to_whoever_follows_it_and_to_nobody_else(quick: World, channel: str) -> None:
    one, other, jons = (quick.samora.add_call() for _ in range(3))
    elsewhere = open_channel(quick)
    await follow(quick, one.call_id, channel=channel)
    await follow(quick, other.call_id, channel=elsewhere, options="on:finished to:channel")
    await follow(quick, jons.call_id, channel=channel, user=JON)
    posted = len(quick.slack.messages)
    first, second = rows_of(await open_home(quick))
    for row, call, there in ((first, one, channel), (second, other, elsewhere)):
        assert call.call_id in row
        assert f"in <#{there}>" in row
        assert "*Following* · since <!date^" in row
        assert "last change <!date^" in row
    assert second.endswith("\nOnly Finished, in the thread, the final state in the channel too.")
    (his,) = rows_of(await open_home(quick, user=JON))
    assert jons.call_id in his
    assert len(quick.slack.messages) == posted, "a Home is one person's, and no channel hears of it"


async def test_opening_it_again_shows_what_has_changed(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    assert "*Pending*" in rows_of(await open_home(quick))[0]
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    assert "*Triggered*" in rows_of(await open_home(quick))[0]
    await ask(quick, f"unsubscribe {call.call_id}", channel=channel)
    assert rows_of(await open_home(quick)) == []


async def test_pause_and_resume_from_there(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    paused = await press(quick, "Pause", await open_home(quick))
    assert "*Paused*: somebody paused it" in rows_of(paused)[0]
    assert subscriptions_in(quick, channel) == [("paused", "person")]
    quick.samora.move(call.call_id, "trigger")
    resumed = await press(quick, "Resume", paused)
    assert "*Following*" in rows_of(resumed)[0]
    await told(quick, card, "Pending → Triggered")


async def test_end_from_there(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    ended = await press(quick, "End", await open_home(quick))
    assert rows_of(ended) == []
    assert "You follow no call." in str(ended.blocks)
    assert subscriptions_in(quick, channel) == [("ended", "person")]
    assert "Follow" in labels(await drawn_without(quick, card, "Followed here"))


async def test_edit_from_there_shows_in_the_home(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    home = await open_home(quick)
    form = await new_modal(quick, quick.slack.press(MIRA, "Edit", view=home), "edit_options")
    saved = await home_after(quick, quick.slack.submit(MIRA, form, {"to": "channel", "statuses": ["Rejected"]}))
    assert rows_of(saved)[0].endswith("\nOnly Rejected, in the thread, the final state in the channel too.")
    said = await said_in_modal(quick, "Saved.")
    quick.slack.close_view(MIRA, said)
    assert quick.slack.views_of(MIRA) == []
    await drawn(quick, card, "the final one in the channel too")


async def test_many_come_in_pages(quick: World, channel: str) -> None:
    calls = [quick.samora.add_call() for _ in range(7)]
    for call in calls:
        await follow(quick, call.call_id, channel=channel)
    first = await open_home(quick)
    assert "Calls that you follow: 7" in str(first.blocks)
    assert "Page 1 of 2" in str(first.blocks)
    second = await press(quick, "Next", first)
    assert "Page 2 of 2" in str(second.blocks)
    listed = [
        call.call_id for shown in (first, second) for row in rows_of(shown) for call in calls if call.call_id in row
    ]
    assert listed == [call.call_id for call in calls]
    for call in calls[5:]:
        second = await press(quick, "End", second, value=value_of(second, "End", call.call_id))
    assert labels(second) == ["Find a call", *ROW * 5], "the last page is gone, and the one before is shown"


async def test_find_a_call_leads_to_its_card(quick: World) -> None:
    home = await open_home(quick)
    form = await new_modal(quick, quick.slack.press(MIRA, "Find a call", view=home), "find_call")
    assert_quick(await quick.slack.submit(MIRA, form, {"call_id": f"the call {company.FINISHED}"}))
    card = await quick.modal(lambda view: "Finished" in str(view.blocks))
    assert labels(card) == ["Recording", "Transcript", "Refresh", "Share"]
    assert (card.id, quick.slack.home_of(MIRA)) == (form.id, home)
    quick.slack.close_view(MIRA, card)


async def test_what_was_found_there_is_followed_in_a_channel(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    home = await open_home(quick)
    form = await new_modal(quick, quick.slack.press(MIRA, "Find a call", view=home), "find_call")
    assert_quick(await quick.slack.submit(MIRA, form, {"call_id": call.call_id}))
    card = await quick.modal(lambda view: "Follow" in labels(view))
    where = await new_modal(quick, quick.slack.press(MIRA, "Follow", view=card), "follow_in")
    assert_quick(await quick.slack.submit(MIRA, where, {"channel": channel}))
    await said_in_modal(quick, "Following call")
    assert card_in(quick, call.call_id, channel)
    assert call.call_id in rows_of(await open_home(quick))[0]


async def test_guests_have_one_and_outsiders_are_refused(quick: World) -> None:
    assert labels(await open_home(quick, user="U0GUEST")) == ["Find a call"]
    with pytest.raises(PermissionError):
        await quick.slack.open_home(OUTSIDER)
    # Should Slack tell of one all the same: in a shared channel, partners see the bot, too.
    payload = app_home_opened(quick.slack.workspace.users[OUTSIDER], None, "1.2") | {"team_id": "T0PARTNER"}
    home = await home_after(quick, quick.slack.dispatch_raw(payload, "events_api"), user=OUTSIDER)
    assert "Only members of the workspace that installed me can use this." in str(home.blocks)


async def test_an_event_that_slack_sends_again_changes_nothing(quick: World) -> None:
    home = await open_home(quick)
    assert_quick(await quick.slack.retry_event())
    # Whatever that led to would come before this.
    again = await open_home(quick)
    drawings = [each for each in quick.slack.requests if each.path == PUBLISH and each.body["user_id"] == MIRA]
    hashes = [each.answer["view"]["hash"] for each in drawings if isinstance(each.answer, dict)]
    assert hashes[-2:] == [home.hash, again.hash]


async def test_a_home_that_slack_does_not_take_says_so_or_waits_until_it_is_opened_again(
    quick: World, channel: str
) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.slack.faults.add(Fault(path=PUBLISH, status=500))
    home = await open_home(quick)
    assert "Slack can't do that right now." in str(home.blocks)
    assert call.call_id in rows_of(await press(quick, "Try again", home))[0]
    old = sum(each.path == PUBLISH and each.status == 500 for each in quick.slack.requests)
    quick.slack.faults.add(Fault(path=PUBLISH, status=500, times=2))
    assert_quick(await quick.slack.open_home(MIRA))
    await failed(quick, PUBLISH, times=old + 2, status=500)
    assert call.call_id in rows_of(await open_home(quick))[0]
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")


async def test_a_press_whose_home_is_lost_has_done_what_it_says(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    home = await open_home(quick)
    quick.slack.faults.add(Fault(path=PUBLISH, drop=True, times=2))
    assert_quick(await quick.slack.press(MIRA, "End", view=home))
    await drawn_without(quick, card, "Followed here")
    quick.slack.faults.clear()
    assert rows_of(await open_home(quick)) == []
    assert notices_in(quick, card.ts, channel) == []


async def test_a_memory_that_is_away_is_said_there_and_comes_back(unused_tcp_port_factory: Callable[[], int]) -> None:
    with open_postgres() as postgres:
        url = postgres.url(postgres.make_database())
        async with open_world(unused_tcp_port_factory, DATABASE_URL=url) as there:
            call, channel = there.samora.add_call(), open_channel(there)
            await follow(there, call.call_id, channel=channel)
            await asyncio.to_thread(postgres.stop)
            away = await open_home(there)
            assert "I can't reach my memory right now." in str(away.blocks)
            assert labels(away) == ["Find a call", "Try again"]
            form = await new_modal(there, there.slack.press(MIRA, "Find a call", view=away), "find_call")
            there.slack.close_view(MIRA, form)
            await asyncio.to_thread(postgres.start)
            assert call.call_id in rows_of(await press(there, "Try again", away))[0]
            assert not [line for line in there.bot.lines if '"event": "bug"' in line]
