from typing import Any

import pytest

from bot.core.audit import AuditAction, AuditEntry
from bot.core.calls import Media
from tests.core.making import FakeClock
from tests.factories import CHANNEL, TEAM, USER, make_call_id


def make_entry(**changes: str) -> AuditEntry:
    entry: dict[str, Any] = {"team_id": TEAM, "user_id": USER, "channel_id": CHANNEL, "call_id": make_call_id()}
    return AuditEntry(at=FakeClock()(), action=AuditAction.SHARE, **entry | changes)


def test_every_kind_of_media_is_an_action() -> None:
    assert [AuditAction(media).value for media in Media] == [media.value for media in Media]


@pytest.mark.parametrize("part", ["team_id", "user_id", "channel_id"])
@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "U1 ", "U1\n", "mira@example.com", "U1,U2", '"'])
def test_what_is_no_id_is_refused_so_that_no_spreadsheet_takes_it_for_a_formula(part: str, value: str) -> None:
    with pytest.raises(ValueError, match="not an id of Slack's"):
        make_entry(**{part: value})


@pytest.mark.parametrize("part", ["team_id", "user_id"])
def test_nobody_and_no_workspace_are_refused_too(part: str) -> None:
    with pytest.raises(ValueError, match="not an id of Slack's"):
        make_entry(**{part: ""})


def test_a_modal_stands_in_no_channel() -> None:
    assert make_entry(channel_id="").channel_id == ""
