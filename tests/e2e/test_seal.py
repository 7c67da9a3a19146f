"""What buttons and windows bring back to the real bot: sealed by it, or refused."""

from typing import Any

import pytest

from bot.sandbox import company
from bot.sandbox.slack.people import TEAM_ID
from tests.e2e.following import new_modal
from tests.e2e.world import JON, MIRA, World, assert_quick
from tests.factories import make_seal

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSAL = "I can't read that button any more. Please look the call up again."


def find_values(part: Any) -> list[str]:
    """Every value of a button, and all metadata, however deep."""
    if isinstance(part, dict):
        own = [part["value"]] if part.get("type") == "button" else [part.get("private_metadata", "")]
        return [value for value in own if value] + [value for inner in part.values() for value in find_values(inner)]
    return [value for inner in part for value in find_values(inner)] if isinstance(part, list) else []


@pytest.mark.parametrize("how", ["unsealed", "another call", "another workspace", "another secret"])
async def test_a_forged_button_is_refused_and_its_value_is_not_logged(world: World, how: str) -> None:
    card = await world.ask(company.FINISHED)
    (button,) = [each for block in card.blocks if block["type"] == "actions" for each in block["elements"]
                 if each["action_id"] == "recording"]  # fmt: skip
    unsealed = button["value"].rpartition("~")[0]
    forged = {
        "unsealed": unsealed,
        "another call": button["value"].replace(company.FINISHED, company.REJECTED),
        "another workspace": seal(world, button | {"value": unsealed}, team="T0ELSEWHERE"),
        "another secret": seal(world, button | {"value": unsealed}, secret="guessed"),
    }[how]
    assert seal(world, button | {"value": unsealed}) == button["value"] != forged
    # As somebody could who holds the bot's token: a message of its own with buttons of theirs.
    message = next(each for each in world.slack.messages if (each.channel, each.ts) == (card.channel, card.ts))
    button["value"] = forged
    asked = world.calls_of_samora()

    answer = await world.press("Recording", message, expect="any more")

    assert (answer.text, answer.ephemeral_to) == (REFUSAL, MIRA)
    assert world.calls_of_samora() == asked
    line = [each for each in world.bot.lines if '"event": "seal_broken"' in each][-1]
    assert forged not in line
    assert company.FINISHED not in line


def seal(world: World, button: dict[str, Any], *, team: str = TEAM_ID, secret: str = "") -> str:
    """A button's value as the bot seals it: with the signing secret, or in Socket Mode without one the app's token."""
    own = world.slack.app_token if world.slack.connections else world.slack.signing_secret
    made = make_seal(secret=secret or own, team=team)
    return str(made.seal(button)["value"])


async def test_everything_that_slack_keeps_for_the_bot_is_sealed(world: World) -> None:
    card = await world.ask(company.MANY_VARIABLES)
    shared = await world.share(card)
    assert_quick(await world.slack.press(JON, "Show all", message=shared))
    first = await world.modal(lambda view: "Page 1 of" in str(view.blocks), user=JON)
    assert_quick(await world.slack.press(JON, "Next", view=first))
    await world.modal(lambda view: "Page 2 of" in str(view.blocks), user=JON)
    assert_quick(await world.slack.open_home(MIRA))
    form = await new_modal(world, world.slack.global_shortcut(MIRA, "find_call"), "find_call")
    several = f"{company.FINISHED} {company.REJECTED}"
    assert_quick(await world.slack.submit(MIRA, form, {"call_id": several}))
    picker = await world.modal(lambda view: view.callback_id == "pick_call")
    assert_quick(await world.slack.submit(MIRA, picker, {"call_id": company.REJECTED}))
    await world.modal(lambda view: "Rejected" in str(view.blocks))

    kept = [value for request in world.slack.requests for value in find_values(request.body)]
    assert len(kept) > 10
    assert [value for value in kept if len(value.rpartition("~")[2]) != 16] == []
    assert "~" in picker.private_metadata
