"""The listeners, as far as they lead to agents: from Slack's payloads to what is said and remembered."""

from typing import Any

import pytest

from bot.core.agents import AgentSubscription, Coverage
from bot.core.calls import Call, CallStatus
from bot.core.errors import SamoraUnavailable
from bot.core.filters import StatusFilter, VariableFilter
from bot.core.subscriptions import Delivery, Options, SubscriptionState
from bot.slack.agent_words import (
    AGENT_GONE,
    MOST_AGENTS,
    NAME_TOO_LONG,
    NO_CALLS,
    NO_WEBHOOKS,
    NOT_A_MEMBER,
    NOT_IN_THREADS,
    NOTHING_CHANGED,
    TOO_MANY_AGENTS,
    VARIABLES_REFUSED,
    WHICH_AGENT,
    WHICH_AGENT_TO_END,
    WHICH_AGENT_TO_NAME,
)
from bot.slack.blocks import Message
from bot.slack.payloads import UNREADABLE_BUTTON
from tests.factories import make_call, make_call_id
from tests.slack.agents import AGENT, make_agent_subscription
from tests.slack.judges import judge_message
from tests.slack.listeners.door import (
    CHANNEL,
    ONE,
    READ_AT,
    TEAM,
    USER,
    Bot,
    Said,
    about,
    command,
    labels,
    mention,
    pressed,
)
from tests.slack.listeners.test_follow_listeners import followed, press_of

REJECTED = StatusFilter(statuses=frozenset({CallStatus.REJECTED}))
LIMITED: dict[str, Any] = {"media_users": frozenset({"U0OTHER"})}


def make_bot(*there: AgentSubscription, limit: int = 1_000, **policy: Any) -> Bot:
    bot = Bot(limit=limit, **policy)
    bot.agents.rows = {row.id: row for row in there}
    bot.announcements.coverage = Coverage(arriving=1, last_at=READ_AT)
    bot.agents.calls = [make_seen()]
    return bot


def make_seen(number: int = 1, **changes: Any) -> Call:
    values = {"id": make_call_id(number), "agent_id": AGENT, "variables": {}, "read_at": READ_AT}
    return make_call(**(values | changes))


def here(number: int = 1, **changes: Any) -> AgentSubscription:
    return make_agent_subscription(number, team_id=TEAM, channel_id=CHANNEL, **changes)


def text_of(said: Said) -> str:
    judge_message_of(said)
    text: str = said.arguments["text"]
    return text


def judge_message_of(said: Said) -> None:
    ours = [f"<@{USER}>", "<@U0JON>", "<@U0ADMIN>", "<!subteam^S0NIGHT>"]
    judge_message(Message(said.arguments["text"], tuple(said.arguments["blocks"])), ours=ours)


async def press(bot: Bot, label: str) -> str:
    """Presses a button of what was said last; what is said then, in its place."""
    await bot.take(pressed(*press_of(bot.said[-1], label), trigger_id=f"press {len(bot.said)}"))
    return text_of(bot.said[-1])


# Asking


async def test_what_following_would_mean_is_explained_before_anything_is_saved() -> None:
    bot = make_bot()
    bot.names.names[TEAM, AGENT] = "Collections"

    await bot.take(command(f"subscribe agent {AGENT} status:unanswered,rejected duration&gt;5m mention:<@U0JON|jon>"))

    assert text_of(bot.only) == (
        "Every call of *Collections* that ends Unanswered or Rejected and that lasts longer than 5 minutes gets a card "
        "here. Then: every change, in the thread, <@U0JON> is mentioned on the final state."
    )
    assert labels(bot.only) == ["Follow", "Try it", "Cancel"]
    assert bot.only.how == "response_url"
    assert bot.only.arguments["in_channel"] is False
    assert (bot.agents.rows, bot.agents.done, bot.woken) == ({}, [], 0)


async def test_follow_saves_it_and_tells_the_presser_alone() -> None:
    bot = make_bot()
    await bot.take(command(f'subscribe agent {AGENT.upper()} to:channel status:rejected var.city:"New York"'))

    said = await press(bot, "Follow")

    assert bot.agents.rows["a-new"] == AgentSubscription(
        id="a-new",
        team_id=TEAM,
        channel_id=CHANNEL,
        agent_id=AGENT,
        creator_id=USER,
        options=Options(to=Delivery.CHANNEL),
        filters=(REJECTED, VariableFilter(name="city", glob="New York")),
        created_at=READ_AT,
    )
    assert said.startswith(
        f"Following. Every call of agent `{AGENT}` that ends Rejected and whose `city` is `New York`"
    )
    assert [each.how for each in bot.said] == ["response_url"] * 2
    assert [each.arguments["in_channel"] for each in bot.said] == [False, False]
    assert bot.said[-1].arguments["replace_original"] is True
    assert bot.woken == 1


async def test_cancel_saves_nothing() -> None:
    bot = make_bot()
    await bot.take(command(f"subscribe agent {AGENT}"))

    assert await press(bot, "Cancel") == NOTHING_CHANGED.text
    assert bot.agents.rows == {}


async def test_two_presses_of_follow_are_one_subscription() -> None:
    bot = make_bot()
    await bot.take(command(f"subscribe agent {AGENT}"))
    question = bot.only
    await press(bot, "Follow")

    await bot.take(pressed(*press_of(question, "Follow"), trigger_id="again"))

    assert len(bot.agents.rows) == 1
    assert "are followed here already" in text_of(bot.said[-1])


async def test_what_holds_cards_back_says_when_they_come() -> None:
    bot = make_bot()
    await bot.take(command(f"subscribe agent {AGENT} on:finished,rejected"))
    assert "gets a card here, first when it is Finished or Rejected. Then: only Finished and Rejected" in text_of(
        bot.only
    )


async def test_a_mention_in_a_thread_does_it_too_and_says_where_cards_come() -> None:
    bot = make_bot()

    await bot.take(mention(f"subscribe agent {AGENT} mention:<@U0JON>", thread_ts="5.5"))

    assert NOT_IN_THREADS in bot.only.arguments["text"]
    assert bot.only.how == "chat.postEphemeral"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("subscribe agent", WHICH_AGENT),
        ("unsubscribe agent", WHICH_AGENT_TO_END),
        ("name", WHICH_AGENT_TO_NAME),
    ],
)
async def test_without_an_id_it_is_asked_for(text: str, said: Any) -> None:
    bot = make_bot()
    await bot.take(command(text))
    assert bot.only.arguments["text"] == said.text


@pytest.mark.parametrize(
    ("text", "read", "question"),
    [
        ("subscribe agent agent-7 to:card", "agent-7", WHICH_AGENT),
        ("subscribe agent duration&lt;10s", "duration&lt;10s", WHICH_AGENT),
        ("unsubscribe agent agent-7", "agent-7", WHICH_AGENT_TO_END),
        ("name agent-7 Collections", "agent-7", WHICH_AGENT_TO_NAME),
    ],
)
async def test_what_is_no_agents_id_is_said_and_where_to_find_one(text: str, read: str, question: Message) -> None:
    bot = make_bot(here())

    await bot.take(command(text))

    assert text_of(bot.only) == f"That isn't an agent's id. I read `{read}`. {question.text}"
    assert (bot.agents.done, bot.names.given) == ([], [])


@pytest.mark.parametrize("form", [AGENT.upper(), AGENT.replace("-", ""), f"`{AGENT}`"])
async def test_an_agents_id_may_come_in_every_form_that_a_calls_id_may(form: str) -> None:
    bot = make_bot(here())
    await bot.take(command(f"name {form} Collections"))
    assert bot.names.given == [(AGENT, "Collections", USER)]
    await bot.take(command(f"unsubscribe agent {form}", trigger_id="end"))
    assert bot.agents.done == [("end", "a1", USER)]


async def test_what_can_not_be_read_is_refused_and_nothing_is_asked_of_anybody() -> None:
    bot = make_bot()
    await bot.take(command(f"subscribe agent {AGENT} status:rejcted"))
    assert "Did you mean `status:rejected`?" in bot.only.arguments["text"]
    assert bot.samora.asked == []


async def test_more_than_a_button_carries_is_refused() -> None:
    bot = make_bot()
    filters = " ".join(f"var.n{number}:{'हिन्दी' * 16}" for number in range(9))

    await bot.take(command(f"subscribe agent {AGENT} {filters}"))

    assert "more than a button can carry" in bot.only.arguments["text"]


async def test_a_memory_that_does_not_answer_is_said_and_can_be_asked_again() -> None:
    bot = make_bot()
    bot.agents.broken = True
    await bot.take(command(f"subscribe agent {AGENT} status:rejected"))
    assert "I can't reach my memory right now." in bot.only.arguments["text"]
    bot.agents.broken = False

    said = await press(bot, "Try again")

    assert "that ends Rejected gets a card here" in said
    assert labels(bot.said[-1]) == ["Follow", "Try it", "Cancel"]


# Warnings


async def test_nothing_is_warned_of_where_nothing_is_in_the_way() -> None:
    bot = make_bot()
    await bot.take(command(f"subscribe agent {AGENT}"))
    assert [block["type"] for block in bot.only.arguments["blocks"]] == ["section", "actions"]


async def test_that_no_webhook_has_ever_come_is_said() -> None:
    bot = make_bot()
    bot.announcements.coverage = Coverage()
    bot.agents.calls = []

    await bot.take(command(f"subscribe agent {AGENT}"))

    assert NO_WEBHOOKS in text_of(bot.only)
    assert NO_CALLS not in bot.only.text
    assert NO_WEBHOOKS in await press(bot, "Follow")


async def test_that_no_call_of_it_was_seen_is_said() -> None:
    bot = make_bot()
    bot.agents.calls = [make_seen(agent_id="another")]
    await bot.take(command(f"subscribe agent {AGENT}"))
    assert NO_CALLS in text_of(bot.only)


@pytest.mark.parametrize(("is_member", "is_said"), [(False, True), (True, False), (None, False)])
async def test_that_the_bot_is_no_member_is_said_where_slack_says_so(is_member: bool | None, is_said: bool) -> None:
    bot = make_bot()
    bot.people.members = {CHANNEL: is_member}
    await bot.take(command(f"subscribe agent {AGENT}"))
    assert (NOT_A_MEMBER in text_of(bot.only)) is is_said


async def test_that_others_read_along_is_said() -> None:
    bot = make_bot()
    bot.people.shared.add(CHANNEL)
    await bot.take(command(f"subscribe agent {AGENT}"))
    assert "People of another organisation are in that channel" in text_of(bot.only)


# What is there already


async def test_an_agent_that_is_followed_already_is_told_of() -> None:
    bot = make_bot(here(filters=(REJECTED,)))

    await bot.take(command(f"subscribe agent {AGENT}"))

    said = text_of(bot.only)
    assert said.startswith(f"The calls of agent `{AGENT}` are followed here already, since <!date^")
    assert "by <@U0JON>. Every call of" in said
    assert "that ends Rejected gets a card here" in said
    assert labels(bot.only) == []


@pytest.mark.parametrize("text", ["status:rejected", "status:rejected to:thread", "STATUS:rejected style:full"])
async def test_the_same_again_changes_nothing(text: str) -> None:
    bot = make_bot(here(filters=(REJECTED,)))
    await bot.take(command(f"subscribe agent {AGENT} {text}"))
    assert labels(bot.only) == []


async def test_another_way_is_offered_and_takes_a_press() -> None:
    bot = make_bot(here(filters=(REJECTED,)))
    await bot.take(command(f"subscribe agent {AGENT} to:card duration<10s"))
    assert "You asked for another way. Every call of" in text_of(bot.only)
    assert labels(bot.only) == ["Change to that", "Try it", "Cancel"]
    assert bot.agents.done == []

    said = await press(bot, "Change to that")

    assert said.startswith("Saved, for the calls to come. Every call of")
    row = bot.agents.rows["a1"]
    assert row.options == Options(to=Delivery.CARD)
    assert "lasts less than 10 seconds" in said
    assert bot.agents.done == [("change", "a1", USER)]
    assert bot.woken == 1


async def test_what_ended_meanwhile_is_not_changed() -> None:
    bot = make_bot(here())
    await bot.take(command(f"subscribe agent {AGENT} to:card"))
    bot.agents.rows.clear()
    assert await press(bot, "Change to that") == AGENT_GONE


async def test_a_paused_one_is_resumed_by_asking() -> None:
    bot = make_bot(here(state=SubscriptionState.PAUSED, reason="is_archived"))

    await bot.take(command(f"subscribe agent {AGENT}"))

    assert "were paused here: the channel is archived. Now I follow them again." in text_of(bot.only)
    assert bot.agents.rows["a1"].state is SubscriptionState.ACTIVE
    assert bot.woken == 1


async def test_another_persons_addresses_are_masked() -> None:
    theirs, mine = (here(creator_id=each, filters=(VariableFilter(name="mail", glob="jo@x.example"),))
                    for each in ("U0JON", USER))  # fmt: skip
    for row, shown in ((theirs, "j•••@x.example"), (mine, "jo@x.example")):
        bot = make_bot(row)
        await bot.take(command(f"subscribe agent {AGENT}"))
        assert f"whose `mail` is `{shown}`" in text_of(bot.only)


async def test_a_channel_follows_so_many_agents_and_no_more() -> None:
    bot = make_bot(*(here(number) for number in range(1, MOST_AGENTS)))
    one_more = f"subscribe agent {make_call_id(77)}"
    await bot.take(command(one_more))
    assert labels(bot.only) == ["Follow", "Try it", "Cancel"]
    bot.agents.rows["another"] = here(99)

    assert await press(bot, "Follow") == TOO_MANY_AGENTS
    await bot.take(command(one_more, trigger_id="again"))
    assert text_of(bot.said[-1]) == TOO_MANY_AGENTS
    await bot.take(command(f"subscribe agent {AGENT}", trigger_id="there"))
    assert "are followed here already" in text_of(bot.said[-1])


# Trying


async def test_a_trial_shows_which_of_the_last_calls_would_have_matched() -> None:
    bot = make_bot()
    bot.agents.calls = [make_seen(1), make_seen(2, status=CallStatus.REJECTED), make_seen(3, agent_id="another")]

    await bot.take(command(f"subscribe agent {AGENT} status:rejected --try"))

    said = text_of(bot.only)
    assert "Of the last 2 calls that I have seen of it, 1 would have got a card." in said
    block = bot.only.arguments["blocks"][2]
    row, show = block["text"]["text"], block["accessory"]
    assert row.startswith("🚫 Rejected · <!date^")
    assert row.endswith(f"`{str(make_call_id(2))[:8]}`")
    assert (show["text"]["text"], show["action_id"]) == ("Show", "agent_show:0")
    assert str(make_call_id(2)) in show["value"]
    assert labels(bot.only) == ["Follow", "Cancel"]
    assert (bot.samora.asked, bot.agents.rows) == ([], {})


async def test_a_call_of_a_trial_is_shown_beside_it_and_following_goes_on() -> None:
    bot = make_bot()
    await bot.take(command(f"subscribe agent {AGENT}"))
    await press(bot, "Try it")
    trial = bot.said[-1]

    show = trial.arguments["blocks"][2]["accessory"]
    await bot.take(pressed(show["action_id"], show["value"], trigger_id="show"))

    assert bot.said[-1].arguments["replace_original"] is False
    assert bot.samora.asked == [str(make_call_id())]
    await bot.take(pressed(*press_of(trial, "Follow"), trigger_id="follow"))
    assert list(bot.agents.rows) == ["a-new"]


async def test_a_trial_without_calls_says_so() -> None:
    bot = make_bot()
    bot.agents.calls = []
    await bot.take(command(f"subscribe agent {AGENT} --try"))
    assert NO_CALLS in text_of(bot.only)


async def test_a_trial_of_variables_reads_each_call() -> None:
    bot = make_bot()
    bot.agents.calls = [make_seen(1), make_seen(2)]

    await bot.take(command(f"subscribe agent {AGENT} var.email:jane* --try"))

    assert "Of the last 2 calls that I have seen of it, 2 would have got a card." in text_of(bot.only)
    assert sorted(bot.samora.asked) == sorted(str(make_call_id(number)) for number in (1, 2))


async def test_a_trial_that_samora_does_not_answer_can_be_made_again() -> None:
    bot = make_bot()
    bot.samora.error = SamoraUnavailable("time-out")
    await bot.take(command(f"subscribe agent {AGENT} var.email:jane* --try"))
    assert "Samora can't answer right now." in text_of(bot.only)
    bot.samora.error = None

    assert "1 would have got a card" in await press(bot, "Try again")


async def test_a_trial_where_the_agent_is_followed_offers_a_change_if_it_is_one() -> None:
    bot = make_bot(here())
    await bot.take(command(f"subscribe agent {AGENT} status:rejected --try"))
    await bot.take(command(f"subscribe agent {AGENT} --try", trigger_id="again"))

    assert [labels(said) for said in bot.said] == [["Change to that", "Cancel"], ["Cancel"]]


# Variables are for those who may see them


@pytest.mark.parametrize("more", ["", " --try"])
async def test_filters_on_variables_are_refused_to_whoever_may_not_see_them(more: str) -> None:
    bot = make_bot(**LIMITED)

    await bot.take(command(f"subscribe agent {AGENT} var.email:jane*{more}"))

    said = text_of(bot.only)
    assert said.startswith(VARIABLES_REFUSED)
    assert said.endswith("Ask <@U0ADMIN>.")
    assert bot.samora.asked == []
    assert labels(bot.only) == []


@pytest.mark.parametrize("action_id", ["agent_follow", "agent_try", "agent_change", "agent_ask"])
async def test_and_so_is_every_button_about_them(action_id: str) -> None:
    bot = make_bot(here(), **LIMITED)

    await bot.take(pressed(action_id, about("", agent=AGENT, options='var."email":"jane*"')))

    assert VARIABLES_REFUSED in bot.only.arguments["text"]
    assert (bot.agents.done, bot.samora.asked) == ([], [])


@pytest.mark.parametrize("name", ["notes", "Notes.of.agents", "customer.pin"])
async def test_no_filter_can_be_about_what_an_administrator_hides(name: str) -> None:
    """It would match no call, or every call, and whoever typed it would wait for ever."""
    bot = make_bot()
    for more in ("", " --try"):
        await bot.take(command(f"subscribe agent {AGENT} -var.{name}:x*{more}", trigger_id=f"t{more}"))

        assert text_of(bot.said[-1]) == f"The variable `{name}` is hidden from everybody, so no filter can be about it."
    assert bot.samora.asked == []


async def test_whoever_made_it_reads_anothers_filters_masked_if_variables_are_not_for_that_person() -> None:
    bot = make_bot(here(creator_id=USER, filters=(VariableFilter(name="mail", glob="jo@x.example"),)), **LIMITED)
    await bot.take(command(f"subscribe agent {AGENT}"))
    assert "whose `mail` is `j•••@x.example`" in text_of(bot.only)


async def test_other_filters_are_for_everybody() -> None:
    bot = make_bot(**LIMITED)
    await bot.take(command(f"subscribe agent {AGENT} status:rejected"))
    assert labels(bot.only) == ["Follow", "Try it", "Cancel"]


async def test_rules_about_channels_and_people_hold_for_agents_too() -> None:
    policies: list[dict[str, Any]] = [{"channels": frozenset({"C0OTHER"})}, {"users": frozenset({"U0OTHER"})}]
    for policy in policies:
        bot = make_bot(here(), **policy)
        await bot.take(command(f"subscribe agent {AGENT} to:card"))
        await bot.take(pressed("agent_follow", about("", agent="another")))
        await bot.take(command(f"name {AGENT} Collections", trigger_id="name"))
        assert len(bot.said) == 3
        assert all("Ask <@U0ADMIN>." in said.text for said in bot.said)
        assert (bot.agents.done, bot.names.given) == ([], [])


# Ending and naming


async def test_unsubscribing_ends_what_follows_the_agent_here() -> None:
    bot = make_bot(here())

    await bot.take(command(f"unsubscribe agent {AGENT}"))
    await bot.take(command(f"unsubscribe agent {AGENT}", trigger_id="again"))

    assert bot.agents.rows["a1"].state is SubscriptionState.ENDED
    assert "get no card here any more. Those that have one are followed to their end." in text_of(bot.said[0])
    assert "aren't followed here" in text_of(bot.said[1])
    assert bot.woken == 1


async def test_unsubscribing_from_everything_counts_agents() -> None:
    bot = Bot(followed())
    bot.agents.rows, bot.subscriptions.agents_ended = {"a1": here()}, 1

    await bot.take(command("unsubscribe all"))

    assert bot.only.arguments["text"].startswith("1 call and 1 agent are followed here.")
    assert await press(bot, "End all") == "Ended: 1 call and 1 agent are not followed here any more."


async def test_agents_alone_are_ended_too() -> None:
    bot = make_bot(here())
    await bot.take(command("unsubscribe all"))
    assert bot.only.arguments["text"] == "1 agent is followed here. Do you want to end that?"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Collections", "Collections"),
        ("  The   first\tdesk ", "The first desk"),
        ("\u201cSales &amp; Co\u201d", "Sales & Co"),
        ("<@U0JON|jon> *now*", "<@U0JON|jon> *now*"),
        ("x" * 80, "x" * 80),
    ],
)
async def test_a_name_is_given_as_it_was_typed(typed: str, name: str) -> None:
    bot = make_bot()

    await bot.take(command(f"name {AGENT} {typed}"))

    assert bot.names.given == [(AGENT, name, USER)]
    assert f"Agent `{AGENT}` is called *" in text_of(bot.only)
    assert bot.only.arguments["in_channel"] is False


async def test_a_name_is_taken_away() -> None:
    bot = make_bot()
    await bot.take(command(f"name {AGENT} -"))
    assert bot.names.given == [(AGENT, "", USER)]
    assert text_of(bot.only) == f"Agent `{AGENT}` has no name any more."


@pytest.mark.parametrize(
    ("typed", "said"), [("", "Which name? Type"), ("x" * 81, NAME_TOO_LONG), ('""', "Which name?")]
)
async def test_what_is_no_name_is_asked_for_or_refused(typed: str, said: str) -> None:
    bot = make_bot()
    await bot.take(command(f"name {AGENT} {typed}"))
    assert said in text_of(bot.only)
    assert bot.names.given == []


async def test_a_name_stands_on_the_next_card() -> None:
    bot = make_bot()
    await bot.take(command(f"name {AGENT} Collections"))
    bot.samora.agent_id = AGENT

    await bot.take(command(ONE, trigger_id="show"))

    assert "*Agent*\\nCollections" in bot.said[-1].text


async def test_ending_and_naming_can_be_asked_again_when_the_memory_does_not_answer() -> None:
    bot = make_bot(here())
    bot.agents.broken = bot.names.broken = True
    await bot.take(command(f"unsubscribe agent {AGENT}"))
    await bot.take(command(f'name {AGENT} "Sales &amp; Co"', trigger_id="name"))
    bot.agents.broken = bot.names.broken = False
    ending, naming = bot.said
    assert [said.arguments["text"] for said in bot.said] == ["I can't reach my memory right now."] * 2

    await bot.take(pressed(*press_of(ending, "Try again"), trigger_id="end again"))
    await bot.take(pressed(*press_of(naming, "Try again"), trigger_id="name again"))

    assert "get no card here any more" in text_of(bot.said[2])
    assert "is called *Sales &amp; Co* from now on" in text_of(bot.said[3])
    assert [said.arguments["replace_original"] for said in bot.said[2:]] == [True, True]
    assert bot.agents.done == [("end", "a1", USER)]
    assert bot.names.given == [(AGENT, "Sales & Co", USER)]


# The list


async def test_the_list_pauses_resumes_and_ends_agents_in_place() -> None:
    bot = make_bot(here(), here(2))
    await bot.take(command("list"))
    assert labels(bot.only) == ["Pause", "End", "Pause", "End"]

    states = []
    for label in ("Pause", "Resume", "End"):
        await press(bot, label)
        states.append(bot.agents.rows["a1"].state)

    assert states == [SubscriptionState.PAUSED, SubscriptionState.ACTIVE, SubscriptionState.ENDED]
    assert labels(bot.said[1]) == ["Resume", "End", "Pause", "End"]
    assert labels(bot.said[-1]) == ["Pause", "End"]
    assert [said.arguments["replace_original"] for said in bot.said] == [False, True, True, True]
    assert bot.woken == 3


@pytest.mark.parametrize(
    ("action_id", "value", "said"),
    [
        ("agent_follow", about(""), UNREADABLE_BUTTON),
        ("agent_follow", about("", agent=AGENT, options="status:nothing"), "I don't know `status:nothing`"),
        ("agent_pause", about(""), UNREADABLE_BUTTON),
        ("agent_show:0", about(""), "That isn't a call id."),
    ],
)
async def test_a_button_that_lacks_what_it_needs_is_refused(action_id: str, value: str, said: str) -> None:
    bot = make_bot(here())
    await bot.take(pressed(action_id, value))
    assert said in bot.only.arguments["text"]
    assert bot.agents.done == []
