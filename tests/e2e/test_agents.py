"""Agents, with the real process: followed after a question, listed, changed, named and ended."""

import pytest

from tests.e2e.following import ask, press
from tests.e2e.world import MIRA, World, labels

pytestmark = pytest.mark.asyncio(loop_scope="session")

AGENT = "8a1f3c5e-7b9d-4e2f-a1c3-5d7f9b1e3a5c"


async def test_an_agent_is_followed_once_its_meaning_was_read_and_until_it_is_ended(quick: World, channel: str) -> None:
    question = await ask(quick, f"subscribe agent {AGENT} status:unanswered,rejected", channel=channel)
    assert question.ephemeral_to == MIRA
    assert "that ends Unanswered or Rejected gets a card here" in question.text
    assert "No call is followed here." in (await ask(quick, "list", channel=channel)).text

    answer = await press(quick, "Follow", question)
    assert answer.text.startswith("Following. Every call of")
    shown = await ask(quick, "list", channel=channel)

    assert "Agents followed in this channel: 1" in shown.text
    assert "In the last 24 hours: 0 calls, 0 matched, 0 told" in shown.text
    assert labels(shown) == ["Pause", "End"]
    assert "are followed here already" in (await ask(quick, f"subscribe agent {AGENT}", channel=channel)).text
    assert "get no card here any more" in (await ask(quick, f"unsubscribe agent {AGENT}", channel=channel)).text
    assert "No call is followed here." in (await ask(quick, "list", channel=channel)).text


async def test_a_name_stands_on_the_next_card(quick: World, channel: str) -> None:
    call = quick.samora.add_call(agent_id=AGENT)
    await ask(quick, f"name {AGENT} Collections", channel=channel)

    card = await ask(quick, call.call_id, channel=channel)

    assert "Agent Collections." in card.text
    await ask(quick, f"name {AGENT} -", channel=channel)
