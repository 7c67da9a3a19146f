"""What is typed after ``subscribe agent``: which agent, options and filters in whatever order."""

import pytest

from bot.core.calls import CallStatus
from bot.core.filters import StatusFilter, VariableFilter
from bot.core.subscriptions import Delivery, Options, Style
from bot.slack.agent_wish import AgentWish, read_agent, read_choice, read_wish, spell_wish
from tests.factories import make_call_id

ID = str(make_call_id())
REJECTED = StatusFilter(statuses=frozenset({CallStatus.REJECTED}))


@pytest.mark.parametrize(
    ("text", "agent_id", "rest"),
    [
        (ID, ID, ""),
        (f" `{ID.upper()}`  to:card ", ID, "to:card"),
        (f"{ID.replace('-', '')} x", ID, "x"),
        (ID.replace("-", "\u2013"), ID, ""),
        (f"<https://app.samora.ai/agents/{ID}|agent> x", ID, "x"),
        (f"<https://app.samora.ai/agents/{ID}|the agent> x", ID, "x"),
        (f"&lt;{ID}&gt;\tThe first\ndesk", ID, "The first\ndesk"),
        (f"{ID}, to:card", ID, "to:card"),
    ],
)
def test_an_agents_id_is_found_as_it_is_compared(text: str, agent_id: str, rest: str) -> None:
    assert read_agent(text) == (agent_id, rest)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "agent-7", f"{ID}0", ID[:-1], f"Collections {ID}", "to:card", "--try", "duration>5m", "<@U0JON>", "<"],
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert read_agent(text) == ("", text)


@pytest.mark.parametrize("text", ["--try", "-try", "\u2014try", "\u2013\u2013Try"])
def test_a_trial_is_one_however_a_keyboard_turns_its_dashes(text: str) -> None:
    assert read_wish(ID, f"{text} to:card") == AgentWish(agent_id=ID, options=Options(to=Delivery.CARD), is_trial=True)


def test_options_and_filters_stand_in_any_order() -> None:
    wish = read_wish(ID, 'to:channel var.city:"New York" mention:<@U0JON|jon b> status:rejected style:compact')

    assert wish == AgentWish(
        agent_id=ID,
        options=Options(to=Delivery.CHANNEL, mention="U0JON", style=Style.COMPACT),
        filters=(REJECTED, VariableFilter(name="city", glob="New York")),
    )
    assert read_choice(spell_wish(wish.options, wish.filters)) == (wish.options, wish.filters, False)


def test_an_agent_alone_is_plain() -> None:
    wishes = [read_wish(ID, more) for more in ("", "--try", "to:thread", "status:rejected")]
    assert [wish.is_plain for wish in wishes] == [True, True, False, False]
