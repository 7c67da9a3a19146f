"""Listing: what a channel follows, as one person sees it and changes it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import aiohttp
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.core.access import Rule, Sharing
from bot.core.agents import AgentFigures, AgentSubscription
from bot.core.calls import CallStatus
from bot.core.errors import NotAllowed, StoreUnavailable, UserMistake
from bot.core.filters import StatusFilter, VariableFilter
from bot.core.naming import KnownNames
from bot.core.subscriptions import Delivery, Options, Reason, Style, Subscription, SubscriptionState
from bot.slack.blocks import Block, Message
from bot.slack.channels import Channels
from bot.slack.edit import EDIT_OPTIONS
from bot.slack.follow_words import GONE, NOT_YOURS, NOTHING_FOLLOWED
from bot.slack.listing import Listing
from bot.slack.lists import (
    AGENT_END,
    AGENT_PAUSE,
    AGENT_RESUME,
    LIST,
    LIST_END,
    PER_PAGE,
    AgentRow,
    list_message,
)
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked, Place, find_message_call_ids
from bot.slack.replies import ModalReply
from tests.factories import CHANNEL, HOSTILE_TEXTS, OTHER_TEAM, ROOT_TS, TEAM, USER, make_call_id, make_seal
from tests.slack.agents import AGENT, FakeAgents, FakeNames, make_agent_subscription
from tests.slack.judges import judge_message, judge_view, parts_of
from tests.slack.people import KnownPeople, make_access
from tests.slack.stores import FakeSubscriptions
from tests.slack.test_filter_words import ALL_FILTERS

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HERE = Place(team_id=TEAM, user_id=USER, channel_id=CHANNEL, is_private=True)
ELSEWHERE = replace(HERE, channel_id="D0DIRECT")
OURS = ["<@U0JON>", f"<@{USER}>", "<!subteam^S0NIGHT>", f"<#{CHANNEL}>", "<#C0OTHER>"]
DONE: dict[str, Any] = {"state": SubscriptionState.ENDED, "reason": Reason.DONE}
LET_GO: dict[str, Any] = {"state": SubscriptionState.ENDED, "reason": Reason.QUIET}
# What Slack was seen to take (bolt-js #2509).
LONGEST_LIST = 13_000
ENDS = {AGENT_END, LIST_END}
PAUSED: dict[str, Any] = {"state": SubscriptionState.PAUSED, "reason": "is_archived"}


def make_subscription(number: int = 1, **changes: Any) -> Subscription:
    there = Subscription(
        id=f"s{number}",
        team_id=TEAM,
        channel_id=CHANNEL,
        call_id=make_call_id(number),
        creator_id="U0JON",
        created_at=NOW - timedelta(hours=1),
        changed_at=NOW,
        card_ts="5.5",
        status="ONGOING",
    )
    return replace(there, **changes)


def make_many(count: int, **changes: Any) -> list[Subscription]:
    return [make_subscription(number, **changes) for number in range(1, count + 1)]


@dataclass
class Heard:
    """A reply that remembers what it was given."""

    has_other_way = False

    sent: list[Message] = field(default_factory=list)

    async def begin(self) -> None:
        return None

    async def still_asking(self) -> None:
        return None

    async def send(self, message: Message) -> None:
        judge_message(message, ours=OURS)
        self.sent.append(message)

    async def redraw(self, card: Message) -> None:
        await self.send(card)

    @property
    def only(self) -> Message:
        (message,) = self.sent
        return message


class Desk:
    """A listing with everything around it faked."""

    def __init__(self, *there: Subscription, agents: Sequence[AgentSubscription] = (), **policy: Any) -> None:
        self.subscriptions, self.heard, self.people = FakeSubscriptions(*there), Heard(), KnownPeople()
        self.agents, self.names = FakeAgents(*agents), FakeNames()
        access = make_access(self.people, **policy)
        self.woken = 0
        self.listing = Listing(
            subscriptions=self.subscriptions,
            agents=self.agents,
            names=KnownNames(names=self.names, team_id=lambda: TEAM, clock=lambda: 0.0),
            access=access,
            on_change=self._wake,
        )
        self.channels = Channels(subscriptions=self.subscriptions, access=access, on_change=self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def row(self, number: int = 1) -> Subscription:
        return self.subscriptions.rows[f"s{number}"]


def about(number: int = 1, page: int = 0) -> Asked:
    return Asked(call=str(make_call_id(number)), sub=f"s{number}", page=page)


def rows_of(message: Message) -> list[str]:
    return [block["text"]["text"] for block in message.blocks if block["type"] == "section"]


def labels_of(message: Message) -> list[list[str]]:
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return [[element["text"]["text"] for element in row] for row in rows]


# What it says


async def test_each_subscription_says_how_it_stands_who_made_it_and_since_when() -> None:
    desk = Desk(make_subscription(options=Options(statuses=frozenset({CallStatus.REJECTED}))))

    await desk.listing.show(HERE, 0, desk.heard)

    (row,) = rows_of(desk.heard.only)
    assert row.startswith(f"*Ongoing* · call `{make_call_id()}`\n*Following* · since <!date^")
    assert "by <@U0JON>" in row
    assert f"last change <!date^{int(NOW.timestamp())}^" in row
    assert row.endswith("\nOnly Rejected, in the thread.")
    assert labels_of(desk.heard.only) == [["Pause", "End", "Edit"]]


@pytest.mark.parametrize(
    ("reason", "words"),
    [(Reason.PERSON, "somebody paused it"), ("is_archived", "the channel is archived"), ("x_y", "`x_y`")],
)
async def test_a_paused_one_says_why_and_offers_to_resume(reason: str, words: str) -> None:
    desk = Desk(make_subscription(state=SubscriptionState.PAUSED, reason=reason))

    await desk.listing.show(HERE, 0, desk.heard)

    (row,) = rows_of(desk.heard.only)
    assert "*Paused*: " in row
    assert words in row
    assert labels_of(desk.heard.only) == [["Resume", "End", "Edit"]]


async def test_one_that_hangs_in_a_thread_says_so() -> None:
    desk = Desk(make_subscription(thread_ts=ROOT_TS))

    await desk.listing.show(HERE, 0, desk.heard)

    assert "in a thread, by" in rows_of(desk.heard.only)[0]


async def test_screen_readers_get_all_of_it() -> None:
    desk = Desk(make_subscription(1), make_subscription(2, **PAUSED))

    await desk.listing.show(HERE, 0, desk.heard)

    text = desk.heard.only.text
    for part in ("Calls followed in this channel: 2.", str(make_call_id(1)), str(make_call_id(2)), "by <@U0JON>",
                 "Ongoing", "Following since 2026-11-01 11:00:00 UTC", "Paused: the channel is archived",
                 "last change 2026-11-01 12:00:00 UTC", "Every change, in the thread."):  # fmt: skip
        assert part in text
    assert "*" not in text


async def test_an_empty_list_says_how_to_begin() -> None:
    desk = Desk(make_subscription(channel_id="C0OTHER"), make_subscription(2, team_id=OTHER_TEAM))

    await desk.listing.show(HERE, 0, desk.heard)

    assert "No call is followed here." in desk.heard.only.text
    assert "/samora-call subscribe" in desk.heard.only.text


async def test_what_has_ended_is_not_listed() -> None:
    desk = Desk(make_subscription(1, **DONE), make_subscription(2))

    await desk.listing.show(HERE, 0, desk.heard)

    assert len(rows_of(desk.heard.only)) == 1


def test_its_buttons_tell_the_message_shortcut_which_calls_it_is_about() -> None:
    message = list_message(make_many(2), count=2, page=0)

    assert find_message_call_ids({"blocks": list(message.blocks)}) == [make_call_id(1), make_call_id(2)]


# Pages


@pytest.mark.parametrize(
    ("page", "shown", "turns", "words"),
    [
        (0, PER_PAGE, ["Next"], "Page 1 of 3"),
        (1, PER_PAGE, ["Previous", "Next"], "Page 2 of 3"),
        (2, 2, ["Previous"], "Page 3 of 3"),
        (9, 2, ["Previous"], "Page 3 of 3"),
    ],
)
async def test_a_long_list_has_pages(page: int, shown: int, turns: list[str], words: str) -> None:
    desk = Desk(*make_many(2 * PER_PAGE + 2))

    await desk.listing.show(HERE, page, desk.heard)

    message = desk.heard.only
    assert len(rows_of(message)) == shown
    assert labels_of(message)[-1] == turns
    assert words in str(message.blocks)
    assert words.lower() in message.text
    pressed = [part for part in parts_of(list(message.blocks)) if part.get("action_id", "").startswith(f"{LIST}:")]
    assert {Asked.parse(part["value"]).page for part in pressed} == {
        target for target in (min(page, 2) - 1, min(page, 2) + 1) if 0 <= target <= 2
    }


async def test_one_page_needs_no_turning() -> None:
    desk = Desk(*make_many(PER_PAGE))

    await desk.listing.show(HERE, 0, desk.heard)

    assert "Page" not in str(desk.heard.only.blocks)
    assert ["Next"] not in labels_of(desk.heard.only)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(HOSTILE_TEXTS, min_size=1, max_size=PER_PAGE),
    st.sampled_from(["", "person", "is_archived", "restricted_action_thread_only_channel_of_some_length"]),
    st.frozensets(st.sampled_from(CallStatus), min_size=1, max_size=3),
)
@example(
    ["\U0001f600" * 60] * PER_PAGE,
    "restricted_action_thread_only_channel_of_some_length",
    frozenset({CallStatus.PENDING, CallStatus.TRIGGERED, CallStatus.CALL_FINISHED}),
)
def test_no_status_makes_a_list_that_slack_refuses(
    statuses: list[str], reason: str, wanted: frozenset[CallStatus]
) -> None:
    state = SubscriptionState.PAUSED if reason else SubscriptionState.ACTIVE
    options = Options(statuses=wanted, to=Delivery.CHANNEL, mention="S0NIGHT", style=Style.COMPACT)
    shown = [
        make_subscription(
            number, id="0" * 32, status=status, state=state, reason=reason, options=options, thread_ts="5.5"
        )
        for number, status in enumerate(statuses)
    ]
    judge_message(list_message(shown, count=99, page=3), ours=OURS, longest=LONGEST_LIST)


# Buttons of the list


@pytest.mark.parametrize(
    ("method", "before", "after", "done"),
    [
        ("pause", {}, SubscriptionState.PAUSED, "pause"),
        ("resume_listed", PAUSED, SubscriptionState.ACTIVE, "resume"),
        ("end", {}, SubscriptionState.ENDED, "end"),
    ],
)
async def test_a_press_changes_one_and_shows_the_list_anew(
    method: str, before: dict[str, Any], after: SubscriptionState, done: str
) -> None:
    desk = Desk(make_subscription(1, **before), make_subscription(2))

    await getattr(desk.listing, method)(HERE, about(), desk.heard)

    assert desk.row().state is after
    assert desk.row(2).state is SubscriptionState.ACTIVE
    assert desk.woken == 1
    assert len(rows_of(desk.heard.only)) == (1 if method == "end" else 2)
    assert (done, "s1", USER) in desk.subscriptions.done, "who did it goes along"


@pytest.mark.parametrize("method", ["pause", "resume_listed", "end"])
@pytest.mark.parametrize("there", [[], [make_subscription(1, **DONE)], [make_subscription(1, team_id=OTHER_TEAM)]])
async def test_a_press_on_what_is_gone_shows_the_list_as_it_is(method: str, there: list[Subscription]) -> None:
    desk = Desk(*there, make_subscription(2))

    await getattr(desk.listing, method)(HERE, about(), desk.heard)

    assert len(rows_of(desk.heard.only)) == 1
    assert desk.woken == 0


async def test_the_page_stays_unless_it_is_gone() -> None:
    desk = Desk(*make_many(PER_PAGE + 2))

    await desk.listing.pause(HERE, about(PER_PAGE + 1, page=1), desk.heard)
    assert "Page 2 of 2" in str(desk.heard.sent[-1].blocks)
    for number in (1, 2):
        await desk.listing.end(HERE, about(PER_PAGE + number, page=1), desk.heard)

    assert len(rows_of(desk.heard.sent[-1])) == PER_PAGE


# Who may


@pytest.mark.parametrize("method", ["pause", "resume_listed", "end", "resume"])
@pytest.mark.parametrize(
    ("place", "may"),
    [
        (HERE, True),
        (ELSEWHERE, False),
        (replace(ELSEWHERE, user_id="U0JON"), True),
        (replace(HERE, channel_id="", user_id="U0JON"), True),
        (replace(HERE, channel_id=""), False),
    ],
)
async def test_members_of_the_channel_may_and_whoever_made_it_may_from_anywhere(
    method: str, place: Place, may: bool
) -> None:
    desk = Desk(make_subscription(**PAUSED))

    if may:
        await getattr(desk.listing, method)(place, about(), desk.heard)
        return
    with pytest.raises(UserMistake, match="Only members of that channel") as refused:
        await getattr(desk.listing, method)(place, about(), desk.heard)

    assert refused.value.reason == NOT_YOURS
    assert desk.row().state is SubscriptionState.PAUSED
    assert desk.heard.sent == []


# Resume and Follow again, on what a notice says


@pytest.mark.parametrize("before", [PAUSED, LET_GO])
async def test_what_a_notice_says_is_paused_or_let_go_is_resumed_with_one_press(before: dict[str, Any]) -> None:
    desk = Desk(make_subscription(**before))

    await desk.listing.resume(HERE, about(), desk.heard)

    assert desk.row().state is SubscriptionState.ACTIVE
    assert desk.heard.only.text == f"Call `{make_call_id()}` is followed again. What changed meanwhile is told now."
    assert desk.woken == 1


@pytest.mark.parametrize("deed", ["resume", "resume_listed"])
async def test_what_is_followed_in_a_channel_that_is_not_allowed_is_not_resumed(deed: str) -> None:
    """From the Home, or from the direct message that said why it paused."""
    desk = Desk(make_subscription(**PAUSED), channels=frozenset({"C0OTHER"}))

    with pytest.raises(NotAllowed, match=Rule.CHANNEL):
        await getattr(desk.listing, deed)(replace(HERE, channel_id="D0JON", user_id="U0JON"), about(), desk.heard)

    assert desk.row().state is SubscriptionState.PAUSED


@pytest.mark.parametrize("deed", ["pause", "end"])
async def test_it_can_still_be_paused_and_ended(deed: str) -> None:
    desk = Desk(make_subscription(), channels=frozenset({"C0OTHER"}))

    await getattr(desk.listing, deed)(replace(HERE, channel_id="D0JON", user_id="U0JON"), about(), desk.heard)

    assert desk.row().state is not SubscriptionState.ACTIVE


@pytest.mark.parametrize(("count", "words"), [(2, "so is another one"), (4, "so are 3 others")])
async def test_others_that_are_resumed_with_it_are_counted(count: int, words: str) -> None:
    desk = Desk(make_subscription(**PAUSED))
    desk.subscriptions.resumed = count

    await desk.listing.resume(HERE, about(), desk.heard)

    assert f"is followed again, and {words} in that channel." in desk.heard.only.text


@pytest.mark.parametrize("others", [[], [make_subscription(2, call_id=make_call_id(1))]])
async def test_what_is_followed_already_says_so(others: list[Subscription]) -> None:
    """It was resumed by somebody else, or has ended and was followed anew since."""
    first = make_subscription() if not others else make_subscription(**DONE)
    desk = Desk(first, *others)

    await desk.listing.resume(HERE, about(), desk.heard)

    assert "is followed here already" in desk.heard.only.text
    assert desk.woken == 0


@pytest.mark.parametrize("there", [[], [make_subscription(**DONE)], [make_subscription(team_id=OTHER_TEAM)]])
async def test_what_is_gone_cannot_be_resumed(there: list[Subscription]) -> None:
    desk = Desk(*there)

    with pytest.raises(UserMistake) as refused:
        await desk.listing.resume(HERE, about(), desk.heard)

    assert refused.value.reason == GONE


# Editing


class Spoken(Messenger):
    """A messenger that remembers what a modal showed."""

    def __init__(self) -> None:
        super().__init__(web=AsyncWebClient(), session=cast("aiohttp.ClientSession", None), seal=make_seal())
        self.views: list[Block] = []

    async def update_view(self, view_id: str, view: Block) -> None:
        assert view_id == "V1"
        self.views.append(view)


async def test_edit_shows_a_form_that_remembers_what_it_is_about() -> None:
    desk, spoken = Desk(make_subscription()), Spoken()

    await desk.listing.edit(HERE, about(), ModalReply(spoken, HERE, view_id="V1"))

    (view,) = spoken.views
    judge_view(view)
    assert view["callback_id"] == EDIT_OPTIONS
    kept = Asked.parse(view["private_metadata"])
    assert (kept.sub, kept.channel, kept.call_id) == ("s1", CHANNEL, make_call_id())


@pytest.mark.parametrize("there", [[], [make_subscription(**DONE)]])
async def test_what_is_gone_cannot_be_edited(there: list[Subscription]) -> None:
    desk, spoken = Desk(*there), Spoken()

    with pytest.raises(UserMistake, match="isn't followed there any more"):
        await desk.listing.edit(HERE, about(), ModalReply(spoken, HERE, view_id="V1"))

    assert spoken.views == []


async def test_other_options_are_saved_and_said() -> None:
    desk = Desk(make_subscription())
    options = Options(to=Delivery.CHANNEL, mention="S0NIGHT")

    await desk.listing.change(HERE, "s1", options, desk.heard)

    assert desk.row().options == options
    assert desk.heard.only.text.startswith(
        f"Saved. Call `{make_call_id()}` is followed so: every change, in the thread"
    )
    assert desk.woken == 1


@pytest.mark.parametrize("there", [[], [make_subscription(**DONE)]])
async def test_options_of_what_is_gone_are_not_saved(there: list[Subscription]) -> None:
    desk = Desk(*there)

    with pytest.raises(UserMistake, match="isn't followed there any more"):
        await desk.listing.change(HERE, "s1", Options(), desk.heard)

    assert desk.woken == 0


async def test_nobody_else_saves_options() -> None:
    desk = Desk(make_subscription())

    with pytest.raises(UserMistake, match="Only members"):
        await desk.listing.change(ELSEWHERE, "s1", Options(to=Delivery.CARD), desk.heard)

    assert desk.row().options == Options()


# The Home

HOME = Place(team_id=TEAM, user_id="U0JON", is_private=True, is_home=True)


async def test_a_home_shows_what_its_person_follows_anywhere_and_nothing_else() -> None:
    desk = Desk(
        make_subscription(1),
        make_subscription(2, channel_id="C0OTHER"),
        make_subscription(3, creator_id=USER),
        make_subscription(4, team_id=OTHER_TEAM),
        make_subscription(5, **DONE),
    )

    await desk.listing.show(HOME, 0, desk.heard)

    assert [(str(make_call_id(1)) in row, "in <#C" in row) for row in rows_of(desk.heard.only)] == [
        (True, True),
        (False, True),
    ]
    assert desk.subscriptions.done == [("list_of", 0, PER_PAGE)]


async def test_an_empty_home_says_how_to_begin() -> None:
    desk = Desk(make_subscription(creator_id=USER))

    await desk.listing.show(HOME, 0, desk.heard)

    assert "You follow no call. In a channel, `/samora-call subscribe" in desk.heard.only.text


async def test_a_home_of_many_has_pages() -> None:
    desk = Desk(*make_many(2 * PER_PAGE + 2))

    await desk.listing.show(HOME, 9, desk.heard)

    assert len(rows_of(desk.heard.only)) == 2
    assert "Page 3 of 3" in str(desk.heard.only.blocks)


@pytest.mark.parametrize(
    ("method", "before", "after"),
    [
        ("pause", {}, SubscriptionState.PAUSED),
        ("resume_listed", PAUSED, SubscriptionState.ACTIVE),
        ("end", {}, SubscriptionState.ENDED),
    ],
)
async def test_a_press_in_a_home_changes_one_and_shows_the_home_anew(
    method: str, before: dict[str, Any], after: SubscriptionState
) -> None:
    desk = Desk(make_subscription(1, **before), make_subscription(2, channel_id="C0OTHER"))

    await getattr(desk.listing, method)(HOME, about(), desk.heard)

    assert desk.row().state is after
    assert desk.woken == 1
    assert len(rows_of(desk.heard.only)) == (1 if method == "end" else 2)


async def test_what_somebody_else_made_cannot_be_changed_from_a_home() -> None:
    desk = Desk(make_subscription(creator_id=USER))

    with pytest.raises(UserMistake, match="Only members"):
        await desk.listing.end(HOME, about(), desk.heard)

    assert desk.row().state is SubscriptionState.ACTIVE


async def test_a_form_opened_from_a_home_remembers_that_and_the_page() -> None:
    desk, spoken = Desk(make_subscription()), Spoken()
    asked = about(page=1).model_copy(update={"home": True})

    await desk.listing.edit(HOME, asked, ModalReply(spoken, HOME, view_id="V1"))

    kept = Asked.parse(spoken.views[0]["private_metadata"])
    assert (kept.home, kept.page, kept.sub, kept.channel) == (True, 1, "s1", "")


async def test_a_home_is_redrawn_after_a_change_in_a_modal() -> None:
    desk = Desk(*make_many(PER_PAGE + 1))

    await desk.listing.redraw_home(replace(HOME, is_home=False, view_id="V1"), 1, desk.heard)

    assert "Page 2 of 2" in str(desk.heard.only.blocks)


async def test_a_home_that_cannot_be_redrawn_costs_nothing_but_a_line_in_the_log() -> None:
    desk = Desk(make_subscription())
    desk.subscriptions.broken = {"all"}

    with capture_logs() as logs:
        await desk.listing.redraw_home(HOME, 0, desk.heard)

    assert desk.heard.sent == []
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("home_not_redrawn", "warning")]


# What Slack says of channels and of the app


@pytest.mark.parametrize(("there", "woken"), [([make_subscription(**PAUSED)], 1), ([], 0)])
async def test_a_channel_that_is_open_again_resumes_what_was_paused_there(
    there: list[Subscription], woken: int
) -> None:
    desk = Desk(*there)

    await desk.channels.reopen(TEAM, CHANNEL)

    assert desk.subscriptions.done == [("resume_channel", TEAM, CHANNEL)]
    assert desk.woken == woken


async def test_a_channel_that_moves_takes_what_is_followed_along() -> None:
    desk = Desk()

    await desk.channels.move(TEAM, "G1", "C1")

    assert desk.subscriptions.done == [("move_channel", TEAM, "G1", "C1")]
    assert desk.woken == 1


@pytest.mark.parametrize("is_shared", [True, False])
async def test_a_channel_that_others_read_from_now_on_has_its_cards_redrawn(is_shared: bool) -> None:
    desk = Desk()

    await desk.channels.share(TEAM, CHANNEL, is_shared=is_shared)

    assert desk.subscriptions.done == [("share_channel", TEAM, CHANNEL, is_shared)]
    assert desk.woken == 1


@pytest.mark.parametrize("deed", ["share", "reopen", "move"])
async def test_what_was_known_of_a_channel_is_asked_anew_before_its_cards_are_redrawn(deed: str) -> None:
    desk = Desk()
    access = make_access(desk.people)
    desk.channels = Channels(subscriptions=desk.subscriptions, access=access, on_change=lambda: None)
    assert await access.get_sharing(CHANNEL) is Sharing.INTERNAL
    desk.people.shared = {CHANNEL}

    if deed == "share":
        await desk.channels.share(TEAM, CHANNEL, is_shared=True)
    elif deed == "reopen":
        await desk.channels.reopen(TEAM, CHANNEL)
    else:
        await desk.channels.move(TEAM, "G0OLD", CHANNEL)

    assert await access.get_sharing(CHANNEL) is Sharing.SHARED


@pytest.mark.parametrize(
    ("method", "done", "event"), [("stop", "stop_team", "team_stopped"), ("erase", "erase_team", "team_erased")]
)
async def test_a_token_that_is_taken_back_stops_everything_and_a_removal_erases_it(
    method: str, done: str, event: str
) -> None:
    desk = Desk(make_subscription())

    with capture_logs() as logs:
        await getattr(desk.channels, method)(TEAM)

    assert desk.subscriptions.done == [(done, TEAM)]
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [(event, "warning")]


async def test_a_memory_that_fails_is_for_the_boundary_to_say() -> None:
    desk = Desk(make_subscription())
    desk.subscriptions.broken = {"all"}

    for job in (desk.listing.show(HERE, 0, desk.heard), desk.listing.pause(HERE, about(), desk.heard),
                desk.listing.resume(HERE, about(), desk.heard), desk.channels.reopen(TEAM, CHANNEL)):  # fmt: skip
        with pytest.raises(StoreUnavailable):
            await job


# Agents


def make_agents(count: int, **changes: Any) -> list[AgentSubscription]:
    return [make_agent_subscription(number, **changes) for number in range(1, count + 1)]


async def test_agents_come_first_with_what_came_of_them() -> None:
    filters = (
        StatusFilter(statuses=frozenset({CallStatus.REJECTED})),
        VariableFilter(name="mail", glob="jo@x.example"),
    )
    desk = Desk(make_subscription(), agents=[make_agent_subscription(filters=filters)])
    desk.names.names[TEAM, AGENT] = "Collections"
    desk.agents.figures["a1"] = AgentFigures(calls=1_200, matched=14, told=1)

    await desk.listing.show(HERE, 0, desk.heard)

    agent, call = rows_of(desk.heard.only)
    assert agent.startswith(f"*Collections* · agent `{AGENT}`\n*Following* · since <!date^")
    assert ", by <@U0JON>\nIn the last 24 hours: 1,200 calls, 14 matched, 1 told\n" in agent
    assert agent.endswith(
        "\nEvery call that ends Rejected and whose `mail` is `j•••@x.example`: every change, in the thread."
    )
    assert call.startswith("*Ongoing*")
    assert labels_of(desk.heard.only) == [["Pause", "End"], ["Pause", "End", "Edit"]]
    assert desk.heard.only.text.startswith("Agents and calls followed in this channel: 2. Collections · agent")
    assert "1,200 calls, 14 matched" in desk.heard.only.text


async def test_a_paused_agent_says_why_and_one_without_news_says_zero() -> None:
    paused = make_agent_subscription(**PAUSED)
    desk = Desk(agents=[paused])

    await desk.listing.show(HERE, 0, desk.heard)

    (row,) = rows_of(desk.heard.only)
    assert row.startswith(f"Agent `{AGENT}`\n*Paused*: the channel is archived · since")
    assert "0 calls, 0 matched, 0 told\nEvery call: every change" in row
    assert labels_of(desk.heard.only) == [["Resume", "End"]]
    assert desk.heard.only.text.startswith("Agents followed in this channel: 1.")


@pytest.mark.parametrize(
    ("agents", "calls", "pages"),
    [(2, 0, [2]), (5, 1, [5, 1]), (7, 4, [5, 5, 1]), (0, 6, [5, 1]), (5, 0, [5]), (4, 1, [5]), (12, 0, [5, 5, 2])],
)
async def test_agents_and_calls_share_the_pages_and_each_stands_there_once(
    agents: int, calls: int, pages: list[int]
) -> None:
    shown = []
    for page, rows in enumerate(pages):
        desk = Desk(*make_many(calls), agents=make_agents(agents))
        await desk.listing.show(HERE, page, desk.heard)
        found = [part["value"] for part in parts_of(list(desk.heard.only.blocks)) if part.get("action_id") in ENDS]
        assert len(found) == rows
        shown += [Asked.parse(value).sub for value in found]
    assert shown == [f"a{number}" for number in range(1, agents + 1)] + [f"s{number}" for number in range(1, calls + 1)]


async def test_a_page_that_is_gone_is_the_last_one_with_agents_too() -> None:
    desk = Desk(make_subscription(), agents=make_agents(5))

    await desk.listing.show(HERE, 9, desk.heard)

    assert ", page 2 of 2." in desk.heard.only.text
    assert len(rows_of(desk.heard.only)) == 1


async def test_a_home_lists_the_agents_that_its_person_follows_anywhere() -> None:
    mine = make_agent_subscription(creator_id=USER, channel_id="C0OTHER")
    desk = Desk(agents=[mine, make_agent_subscription(2)])

    await desk.listing.show(replace(HERE, is_home=True, channel_id=""), 0, desk.heard)

    (row,) = rows_of(desk.heard.only)
    assert " in <#C0OTHER>\nIn the last 24 hours" in row
    assert desk.heard.only.text.startswith("Agents that you follow: 1.")


@pytest.mark.parametrize(
    ("place", "is_allowed"),
    [
        (HERE, True),
        (replace(ELSEWHERE, user_id="U0JON"), True),
        (ELSEWHERE, False),
        (replace(HERE, team_id="T2"), None),
    ],
)
@pytest.mark.parametrize("wanted", [AGENT_PAUSE, AGENT_END])
async def test_whoever_is_there_or_made_it_may_change_an_agents_subscription(
    wanted: str, place: Place, is_allowed: bool | None
) -> None:
    desk = Desk(agents=[make_agent_subscription()])

    if is_allowed is False:
        with pytest.raises(UserMistake, match=re.escape(NOT_YOURS)):
            await desk.listing.change_agent(wanted, place, Asked(sub="a1"), desk.heard)
    else:
        await desk.listing.change_agent(wanted, place, Asked(sub="a1"), desk.heard)
        assert len(desk.heard.sent) == 1

    assert (desk.agents.rows["a1"].state is not SubscriptionState.ACTIVE) is (is_allowed is True)
    assert desk.woken == (1 if is_allowed else 0)


async def test_an_agent_is_not_resumed_where_the_bot_may_not_be_used_any_more() -> None:
    desk = Desk(agents=[make_agent_subscription(**PAUSED)], channels=frozenset({"C0OTHER"}))
    maker = replace(ELSEWHERE, user_id="U0JON")

    with pytest.raises(NotAllowed, match=Rule.CHANNEL):
        await desk.listing.change_agent(AGENT_RESUME, maker, Asked(sub="a1"), desk.heard)

    assert desk.agents.done == []


async def test_what_is_gone_is_shown_as_gone() -> None:
    desk = Desk()
    await desk.listing.change_agent(AGENT_END, HERE, Asked(sub="a1"), desk.heard)
    assert desk.heard.only == NOTHING_FOLLOWED
    assert desk.woken == 0


@pytest.mark.parametrize(("name", "shown"), [("x" * 90, "x" * 79 + "…"), ("💥" * 90, "💥" * 25)])
def test_a_name_is_shown_as_far_as_slack_takes_it_five_times(name: str, shown: str) -> None:
    rows = [AgentRow(subscription=make_agent_subscription(number), name=name) for number in range(1, PER_PAGE + 1)]
    message = list_message((), count=0, page=0, agents=rows, agent_count=PER_PAGE)
    assert message.text.count(shown) == PER_PAGE
    assert len(json.dumps([message.text, message.blocks])) < LONGEST_LIST


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(ALL_FILTERS, max_size=10), min_size=1, max_size=PER_PAGE), HOSTILE_TEXTS)
def test_no_filter_or_name_makes_a_list_that_slack_refuses(filters: list[list[Any]], name: str) -> None:
    options = Options(to=Delivery.CHANNEL, mention="S0NIGHT", style=Style.COMPACT)
    rows = [
        AgentRow(subscription=make_agent_subscription(number, options=options, filters=tuple(each)), name=name)
        for number, each in enumerate(filters, start=1)
    ]

    message = list_message((), count=90, page=3, agents=rows, agent_count=9)

    judge_message(message, ours=OURS)
    assert len(json.dumps([message.text, message.blocks])) < LONGEST_LIST
