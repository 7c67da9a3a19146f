"""What is typed, as far as *Try again* repeats it."""

import pytest
from pytest_mock import MockerFixture

from bot.slack.agent_following import AgentFollowing
from bot.slack.answers import Answers
from bot.slack.doctor import Doctor
from bot.slack.following import Following
from bot.slack.grammar import read_command
from bot.slack.listing import Listing
from bot.slack.payloads import Asked
from bot.slack.typed import Typed
from tests.slack.agents import AGENT


@pytest.fixture
def typed(mocker: MockerFixture) -> Typed:
    return Typed(
        answers=mocker.create_autospec(Answers, instance=True),
        following=mocker.create_autospec(Following, instance=True),
        agents=mocker.create_autospec(AgentFollowing, instance=True),
        listing=mocker.create_autospec(Listing, instance=True),
        doctor=mocker.create_autospec(Doctor, instance=True),
    )


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (f"subscribe agent {AGENT} status:rejected", Asked(agent=AGENT, options="status:rejected", again="agent_ask")),
        (f"subscribe agent {AGENT} --try", Asked(agent=AGENT, again="agent_try")),
        (f"unsubscribe agent {AGENT.upper()}", Asked(agent=AGENT, again="agent_unsubscribe")),
        (f"name {AGENT} \u201cThe  desk\u201d", Asked(agent=AGENT, name="The desk", again="agent_name")),
        (f"name {AGENT} -", Asked(agent=AGENT, name="-", again="agent_name")),
        ("list", Asked(again="list")),
        ("doctor", Asked(again="doctor")),
    ],
)
def test_what_may_go_well_another_time_is_repeated(typed: Typed, text: str, asked: Asked) -> None:
    assert typed.find_again(read_command(text)) == asked


@pytest.mark.parametrize(
    "text",
    [
        *("help", "subscribe", "subscribe agent agent-7", "unsubscribe agent", "name agent-7 Collections"),
        # What would be refused however often, and may be longer than a button can carry.
        *(f"name {AGENT} {'x' * 81}", f"subscribe agent {AGENT} status:nothing"),
    ],
)
def test_what_never_will_is_not(typed: Typed, text: str) -> None:
    assert typed.find_again(read_command(text)) == Asked()
