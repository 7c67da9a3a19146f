"""The directory: what Slack says of people, groups and conversations, over real HTTP; and how long it is believed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.core.access import Sharing
from bot.core.errors import PermanentError, SlackUnavailable, TokenRefused
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.slack import SlackSandbox
from bot.slack.client import make_web_client, open_session
from bot.slack.directory import Directory, Profile
from bot.slack.kept import Kept
from tests.slack.people import make_access

MINUTE = 60.0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock(), rates=False) as sandbox:
        yield sandbox


@pytest.fixture
async def directory(slack: SlackSandbox, clock: Clock) -> AsyncIterator[Directory]:
    async with open_session(api_url=slack.api_url) as session:
        web = make_web_client(session=session, api_url=slack.api_url, token=slack.bot_token)
        yield Directory(web=web, clock=clock)


def count(slack: SlackSandbox) -> int:
    return len(slack.requests)


# People


async def test_guests_of_both_kinds_are_guests(slack: SlackSandbox, directory: Directory) -> None:
    slack.workspace.users["U0JON"] = replace(slack.workspace.users["U0JON"], is_ultra_restricted=True)

    assert await directory.get_profile("U0MIRA") == Profile(is_guest=False)
    assert await directory.get_profile("U0GUEST") == Profile(is_guest=True)
    assert await directory.get_profile("U0JON") == Profile(is_guest=True)


async def test_a_grid_organisation_is_told(slack: SlackSandbox, directory: Directory) -> None:
    slack.workspace.users["U0MIRA"] = replace(slack.workspace.users["U0MIRA"], enterprise_id="E0GRID")

    assert await directory.get_profile("U0MIRA") == Profile(is_guest=False, enterprise_id="E0GRID")


async def test_without_the_scope_nothing_is_known_of_people(slack: SlackSandbox, directory: Directory) -> None:
    slack.granted_scopes.discard("users:read")

    assert await directory.get_profile("U0GUEST") is None


async def test_an_answer_without_a_person_is_a_guest(slack: SlackSandbox, directory: Directory) -> None:
    slack.faults.add(Fault(path="/api/users.info", status=200, body='{"ok": true}', content_type="application/json"))

    assert await directory.get_profile("U0MIRA") == Profile(is_guest=True)


async def test_a_stranger_and_a_bad_token_are_errors(slack: SlackSandbox, directory: Directory) -> None:
    with pytest.raises(PermanentError, match="user_not_found"):
        await directory.get_profile("U0NOBODY")
    slack.workspace.is_installed = False
    with pytest.raises(TokenRefused):
        await directory.get_profile("U0MIRA")


# Groups


async def test_a_group_is_its_members_and_one_that_cannot_be_read_is_none(directory: Directory) -> None:
    assert await directory.get_members("S0NIGHT") == frozenset({"U0JON"})
    assert await directory.get_members("S0NOBODY") is None


async def test_without_the_scope_no_group_can_be_read(slack: SlackSandbox, directory: Directory) -> None:
    slack.granted_scopes.discard("usergroups:read")

    assert await directory.get_members("S0NIGHT") is None


# Conversations


@pytest.mark.parametrize(
    ("channel_id", "sharing"),
    [
        ("C0OPS", Sharing.INTERNAL),
        ("C0QUIET", Sharing.INTERNAL),
        ("C0SHARED", Sharing.SHARED),
        ("C0SECRET", Sharing.UNKNOWN),
        ("D0MIRAJON", Sharing.UNKNOWN),
        ("D0MIRA", Sharing.UNKNOWN),
        ("C0NOWHERE", Sharing.UNKNOWN),
    ],
)
async def test_who_reads_a_conversation(directory: Directory, channel_id: str, sharing: Sharing) -> None:
    assert await directory.get_sharing(channel_id) is sharing


async def test_direct_messages_that_the_bot_posts_in_are_its_own_and_nowhere_is_unknown(
    slack: SlackSandbox, directory: Directory
) -> None:
    assert await directory.get_sharing("D0MIRA", is_ours=True) is Sharing.INTERNAL
    assert await directory.get_sharing("") is Sharing.UNKNOWN
    assert count(slack) == 0, "nobody needs to be asked for that"
    assert await directory.get_sharing("C0SHARED", is_ours=True) is Sharing.SHARED


async def test_an_invitation_counts(slack: SlackSandbox, directory: Directory) -> None:
    slack.workspace.change_channel("C0OPS", is_pending_ext_shared=True)

    assert await directory.get_sharing("C0OPS") is Sharing.SHARED


@pytest.mark.parametrize(
    ("answer", "sharing"),
    [
        ('{"ok": true}', Sharing.UNKNOWN),
        ('{"ok": true, "channel": {"id": "C0OPS"}}', Sharing.UNKNOWN),
        ('{"ok": true, "channel": {"is_ext_shared": null}}', Sharing.UNKNOWN),
        ('{"ok": true, "channel": {"is_ext_shared": false}}', Sharing.INTERNAL),
        ('{"ok": true, "channel": {"is_ext_shared": false, "is_org_shared": true}}', Sharing.INTERNAL),
        ('{"ok": true, "channel": {"is_ext_shared": false, "pending_shared": ["T0PARTNER"]}}', Sharing.SHARED),
        ('{"ok": true, "channel": {"is_ext_shared": false, "pending_connected_team_ids": ["T0"]}}', Sharing.SHARED),
    ],
)
async def test_what_slack_does_not_say_is_not_believed(
    slack: SlackSandbox, directory: Directory, answer: str, sharing: Sharing
) -> None:
    slack.faults.add(Fault(path="/api/conversations.info", status=200, body=answer, content_type="application/json"))

    assert await directory.get_sharing("C0OPS") is sharing


@pytest.mark.parametrize("scope", ["channels:read", "groups:read"])
async def test_without_the_scope_a_channel_is_unknown(slack: SlackSandbox, directory: Directory, scope: str) -> None:
    slack.add_channel("C0PRIVATE", is_private=True)
    slack.granted_scopes.discard(scope)

    channels = {"channels:read": "C0OPS", "groups:read": "C0PRIVATE"}
    for needed, channel in channels.items():
        expected = Sharing.UNKNOWN if needed == scope else Sharing.INTERNAL
        assert await directory.get_sharing(channel) is expected


# Whether the bot is there


async def test_whether_the_bot_is_in_a_channel_is_asked_anew_each_time(
    slack: SlackSandbox, directory: Directory
) -> None:
    assert await directory.get_membership("C0OPS") is True
    await slack.kick_bot("C0OPS")
    assert await directory.get_membership("C0OPS") is False


async def test_a_channel_that_the_bot_can_not_see_is_one_that_it_is_not_in(directory: Directory) -> None:
    assert await directory.get_membership("C0NOWHERE") is False


@pytest.mark.parametrize(
    "answer",
    [
        '{"ok": true}',
        '{"ok": true, "channel": {"id": "D0MIRA", "is_im": true}}',
        '{"ok": true, "channel": {"is_member": null}}',
        '{"ok": false, "error": "missing_scope"}',
        '{"ok": false, "error": "method_not_supported_for_channel_type"}',
    ],
)
async def test_what_slack_does_not_say_of_membership_is_not_guessed(
    slack: SlackSandbox, directory: Directory, answer: str
) -> None:
    slack.faults.add(Fault(path="/api/conversations.info", status=200, body=answer, content_type="application/json"))

    assert await directory.get_membership("C0OPS") is None


async def test_whoever_only_wants_to_warn_is_not_stopped_by_a_slack_that_does_not_answer(
    slack: SlackSandbox, directory: Directory
) -> None:
    slack.faults.add(Fault(status=503))

    assert await make_access(directory).get_membership("C0OPS") is None


# What fails, and what is kept


@pytest.mark.parametrize(
    ("fault", "wait"),
    [(Fault(drop=True), 1.0), (Fault(status=503), 1.0), (Fault(status=429, retry_after=7), 7.0)],
    ids=["dropped", "503", "429"],
)
async def test_what_slack_cannot_say_now_may_be_asked_again(
    slack: SlackSandbox, directory: Directory, fault: Fault, wait: float
) -> None:
    asking: list[Any] = [directory.get_profile, directory.get_members, directory.get_sharing]
    for ask, key in zip(asking, ["U0MIRA", "S0NIGHT", "C0OPS"], strict=True):
        slack.faults.add(replace(fault))
        with pytest.raises(SlackUnavailable) as error:
            await ask(key)
        assert error.value.retry_after == wait, "nothing was done, so it is safe to try again"
        assert await ask(key)


async def test_people_and_groups_are_kept_for_ten_minutes(
    slack: SlackSandbox, directory: Directory, clock: Clock
) -> None:
    async def ask_all() -> tuple[object, ...]:
        return await directory.get_profile("U0MIRA"), await directory.get_members("S0NIGHT")

    first = await ask_all()
    clock.seconds += 10 * MINUTE - 1
    assert await ask_all() == first
    assert count(slack) == 2
    clock.seconds += 1
    assert await ask_all() == first
    assert count(slack) == 4


async def test_who_reads_along_is_kept_for_two_minutes(slack: SlackSandbox, directory: Directory, clock: Clock) -> None:
    """Of several processes Slack tells one alone that it has changed."""
    assert await directory.get_sharing("C0OPS") is Sharing.INTERNAL
    slack.workspace.change_channel("C0OPS", is_ext_shared=True)

    clock.seconds += 2 * MINUTE - 1
    assert await directory.get_sharing("C0OPS") is Sharing.INTERNAL
    clock.seconds += 1
    assert await directory.get_sharing("C0OPS") is Sharing.SHARED


async def test_a_channel_that_has_changed_is_asked_about_anew(slack: SlackSandbox, directory: Directory) -> None:
    assert await directory.get_sharing("C0OPS") is Sharing.INTERNAL
    slack.workspace.change_channel("C0OPS", is_ext_shared=True)
    assert await directory.get_sharing("C0OPS") is Sharing.INTERNAL

    directory.forget_channel("C0OPS")

    assert await directory.get_sharing("C0OPS") is Sharing.SHARED


async def test_many_who_ask_the_same_at_once_ask_once(slack: SlackSandbox, directory: Directory) -> None:
    answers = await asyncio.gather(*(directory.get_sharing("C0SHARED") for _ in range(20)))

    assert set(answers) == {Sharing.SHARED}
    assert count(slack) == 1


async def test_only_so_many_answers_are_kept() -> None:
    asked: list[str] = []

    async def ask(key: str) -> str:
        asked.append(key)
        return key

    kept: Kept[str] = Kept(clock=lambda: 0.0, most=2)
    for key in "abcaca":
        assert await kept.get(key, ask) == key

    assert asked == ["a", "b", "c", "a"], "the oldest goes"


async def test_an_answer_from_before_a_change_is_not_kept() -> None:
    """Slack may have begun to answer when it tells of the change."""
    kept: Kept[str] = Kept(clock=lambda: 0.0)
    may_answer = asyncio.Event()

    async def ask_slowly(_key: str) -> str:
        await may_answer.wait()
        return "old"

    async def ask(_key: str) -> str:
        return "new"

    asking = asyncio.create_task(kept.get("C0OPS", ask_slowly))
    await asyncio.sleep(0)
    kept.forget("C0OPS")
    may_answer.set()

    assert await asking == "old"
    assert await kept.get("C0OPS", ask) == "new"


async def test_whoever_waits_while_somebody_asks_in_vain_need_not_ask_in_vain_again() -> None:
    """A Slack that hangs is waited for once, and not by one after the other."""
    asked: list[str] = []
    kept: Kept[str] = Kept(clock=lambda: 0.0)

    async def ask(key: str) -> str:
        asked.append(key)
        await asyncio.sleep(0)
        raise SlackUnavailable("time-out")

    failures = await asyncio.gather(*(kept.get("S0NIGHT", ask) for _ in range(30)), return_exceptions=True)

    assert [str(failure) for failure in failures] == ["time-out"] * 30
    assert asked == ["S0NIGHT"]
    with pytest.raises(SlackUnavailable):
        await kept.get("S0NIGHT", ask)
    assert asked == ["S0NIGHT"] * 2, "whoever comes later asks anew"
