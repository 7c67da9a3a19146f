"""The composition root: who is asked how the process is."""

import json
from unittest.mock import Mock

import pytest

from bot import app
from bot.slack.socket import Socket


@pytest.mark.parametrize("mode", ["http", "socket"])
def test_whoever_may_be_stuck_is_asked_for_it(mode: str) -> None:
    connection = Mock(spec=Socket, is_stalled=True, is_connected=False, of_app=0, connects=0)
    crew, watchdog = Mock(), Mock()
    crew.find_stalled.return_value, watchdog.find_block.return_value = ["poller"], 0.0
    health = app._make_health(Mock(), Mock(), connection if mode == "socket" else None, watchdog, lambda: crew)

    stalled = json.loads(health.alive().body)
    watchdog.find_block.return_value = 6.0
    blocked = json.loads(health.alive().body)

    assert stalled["workers"] == (["poller", "socket"] if mode == "socket" else ["poller"])
    assert (blocked["status"], blocked["seconds"]) == ("blocked", 6.0)
