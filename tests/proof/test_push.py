"""The crash test of whole agents: webhooks, births, cards and boards."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.proof.chaos import Plan
from tests.proof.push import play_push


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "replicas"), [("sqlite", 1), ("postgres", 2)])
async def test_each_wanted_call_has_one_card_or_stands_on_a_board_whenever_processes_are_killed(
    request: pytest.FixtureRequest, unused_tcp_port_factory: Callable[[], int], kind: str, replicas: int
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    plan = Plan(seed=5, calls=24, channels=2, replicas=replicas, kills=4, database_url=url)

    push, flaws = await play_push(plan, unused_tcp_port_factory, within=120)

    assert flaws == []
    assert push.chaos.killed == plan.kills
    assert push.chaos.slack.faults.rained, "Slack has not failed at all"
    outcomes = sum(push.chaos.samora.sender.figures.values(), Counter())
    assert all(outcomes[each] for each in ("sent", "lost", "doubled", "reordered")), outcomes
    assert [each for each in push.chaos.slack.messages if "Many calls at once" in each.text], "there was no burst"
