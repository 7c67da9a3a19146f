"""The line about Samora's webhooks: whether they arrive, and what to do when they don't."""

import pytest

from bot.check.webhooks import webhooks_finding
from bot.core.figures import Figures
from bot.core.findings import State


def test_before_the_first_one_nothing_is_wrong() -> None:
    finding = webhooks_finding(Figures())

    assert (finding.name, finding.state, finding.advice) == ("Webhooks", State.FINE, "")
    assert finding.detail == "none came yet: calls are looked at every few seconds"


def test_while_they_arrive_it_says_for_how_many_agents_and_since_when_none_came() -> None:
    finding = webhooks_finding(Figures(agents_announced=3, webhook_seconds=61.9))

    assert (finding.state, finding.advice) == (State.FINE, "")
    assert finding.detail == "agents whose webhooks arrive: 3, stopped: 0; the last one came 1m 1s ago"


@pytest.mark.parametrize("arriving", [0, 2])
def test_when_some_have_stopped_it_is_a_remark_with_what_to_do(arriving: int) -> None:
    finding = webhooks_finding(Figures(agents_announced=arriving, agents_silent=1, webhook_seconds=3.0))

    assert finding.state is State.REMARK
    assert f"arrive: {arriving}, stopped: 1" in finding.detail
    assert "samora-bot webhooks check" in finding.advice
