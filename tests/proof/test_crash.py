"""The crash test, short: ``make crash`` plays the long one."""

from collections.abc import Callable

import pytest

from tests.proof.chaos import Plan, play


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "replicas"), [("sqlite", 1), ("postgres", 2)])
async def test_nothing_is_lost_or_told_twice_whenever_processes_are_killed(
    request: pytest.FixtureRequest, unused_tcp_port_factory: Callable[[], int], kind: str, replicas: int
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    # More calls would be more edits than Slack takes in a minute, and nothing but a wait for the next one.
    plan = Plan(seed=7, calls=10, channels=8, replicas=replicas, kills=6, database_url=url)
    chaos = await play(plan, unused_tcp_port_factory, within=120)
    assert chaos.killed == plan.kills
    assert chaos.slack.faults.rained, "Slack has not failed at all"
    assert chaos.flaws() == []
