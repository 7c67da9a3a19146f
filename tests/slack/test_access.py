"""Who may see what, asked of the rules with what Slack says; and what somebody reads who is refused."""

import pytest

from bot.core.access import Rule, Sharing
from bot.core.errors import NotAllowed, PermanentError, SlackUnavailable
from bot.slack.access import Access
from bot.slack.sentences import refusal_message
from tests.slack.people import KnownPeople, make_access

BUSY = SlackUnavailable("HTTP 503", retry_after=1.0)


async def refused(access: Access, user_id: str, *, media: bool = False) -> str:
    """The rule that refuses a person; nothing if none does."""
    try:
        await (access.check_media(user_id) if media else access.check(user_id, "C0OPS"))
    except NotAllowed as refusal:
        return refusal.reason
    return ""


@pytest.fixture
def people() -> KnownPeople:
    known = KnownPeople()
    known.guests = {"U0GUEST"}
    known.groups = {"S0NIGHT": ["U0JON"], "S0DAY": ["U0ANNA"]}
    return known


# Who may use it, and where


async def test_without_lists_everybody_may_and_slack_is_asked_nothing(people: KnownPeople) -> None:
    access = make_access(people)

    assert [await refused(access, user) for user in ("U0MIRA", "U0GUEST")] == ["", ""]
    assert people.asked == []


async def test_one_channel_that_is_not_allowed_is_enough(people: KnownPeople) -> None:
    access = make_access(people, channels=frozenset({"C0OPS"}))

    await access.check("U0MIRA", "C0OPS", "")
    access.check_channel("D0MIRA")
    for channels in (("C0OTHER",), ("C0OPS", "C0OTHER")):
        with pytest.raises(NotAllowed, match=Rule.CHANNEL):
            await access.check("U0MIRA", *channels)
    with pytest.raises(NotAllowed, match=Rule.CHANNEL):
        access.check_channel("C0OTHER")


async def test_people_who_are_listed_are_not_looked_up(people: KnownPeople) -> None:
    access = make_access(people, users=frozenset({"U0MIRA", "S0NIGHT"}))

    assert await refused(access, "U0MIRA") == ""
    assert people.asked == []
    assert await refused(access, "U0JON") == ""
    assert await refused(access, "U0ANNA") == Rule.PERSON
    assert people.asked == [("usergroups.users.list", "S0NIGHT")], "it is kept"


async def test_a_group_that_cannot_be_read_refuses_and_another_one_lets_in(people: KnownPeople) -> None:
    access = make_access(people, users=frozenset({"S0NIGHT", "S0SECRET"}))

    assert await refused(access, "U0JON") == ""
    assert await refused(access, "U0MIRA") == Rule.GROUPS


async def test_a_group_that_slack_does_not_tell_now_is_tried_again_unless_another_lets_in(people: KnownPeople) -> None:
    people.errors["S0DAY"] = BUSY
    access = make_access(people, users=frozenset({"S0NIGHT", "S0DAY"}))

    assert await refused(access, "U0JON") == ""
    with pytest.raises(SlackUnavailable):
        await refused(access, "U0MIRA")


# Who gets recordings, transcripts and unmasked variables


async def test_guests_get_no_media_and_members_do(people: KnownPeople) -> None:
    access = make_access(people)

    assert await refused(access, "U0MIRA", media=True) == ""
    assert await refused(access, "U0GUEST", media=True) == Rule.GUEST


async def test_where_guests_do_nobody_asks_who_is_one(people: KnownPeople) -> None:
    access = make_access(people, allows_guests=True)

    assert await refused(access, "U0GUEST", media=True) == ""
    assert people.asked == []


async def test_media_users_are_people_and_groups(people: KnownPeople) -> None:
    access = make_access(people, media_users=frozenset({"U0MIRA", "S0NIGHT", "U0GUEST"}))

    assert await refused(access, "U0MIRA", media=True) == ""
    assert await refused(access, "U0JON", media=True) == ""
    assert await refused(access, "U0ANNA", media=True) == Rule.MEDIA
    assert await refused(access, "U0GUEST", media=True) == Rule.GUEST
    assert await refused(access, "U0ANNA") == "", "everything else they may"


async def test_without_the_scope_guests_are_members(people: KnownPeople, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_user_id: str) -> None:
        return None

    monkeypatch.setattr(people, "get_profile", nothing)

    assert await refused(make_access(people), "U0GUEST", media=True) == ""


@pytest.mark.parametrize("error", [BUSY, PermanentError("user_not_found")])
async def test_whoever_slack_says_nothing_of_gets_nothing(people: KnownPeople, error: PermanentError) -> None:
    people.errors["users.info"] = error

    with pytest.raises(type(error)):
        await refused(make_access(people), "U0MIRA", media=True)


# Colleagues from another workspace of the same organisation


async def test_only_the_same_organisation_makes_a_colleague(people: KnownPeople) -> None:
    people.enterprises = {"U0ELSEWHERE": "E0OURS", "U0PARTNER": "E0THEIRS"}
    access = make_access(people)

    assert await access.is_colleague("U0ELSEWHERE", "E0OURS")
    assert not await access.is_colleague("U0PARTNER", "E0OURS")
    assert not await access.is_colleague("U0MIRA", "E0OURS")


async def test_outside_a_grid_nobody_is_a_colleague_and_nobody_is_asked(people: KnownPeople) -> None:
    assert not await make_access(people).is_colleague("U0MIRA", "")
    assert people.asked == []


@pytest.mark.parametrize("error", [BUSY, PermanentError("user_not_found")])
async def test_if_in_doubt_nobody_is_a_colleague(people: KnownPeople, error: PermanentError) -> None:
    people.errors["users.info"] = error

    assert not await make_access(people).is_colleague("U0ELSEWHERE", "E0OURS")


async def test_without_the_scope_nobody_is_a_colleague(people: KnownPeople, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_user_id: str) -> None:
        return None

    monkeypatch.setattr(people, "get_profile", nothing)

    assert not await make_access(people).is_colleague("U0ELSEWHERE", "E0OURS")


# Conversations


async def test_who_reads_a_channel_is_asked_until_it_changes(people: KnownPeople) -> None:
    access = make_access(people)
    assert await access.get_sharing("C0OPS") is Sharing.INTERNAL
    people.shared.add("C0OPS")
    access.forget_channel("C0OPS")

    assert await access.get_sharing("C0OPS") is Sharing.SHARED
    assert await access.get_sharing("D0MIRA", is_ours=True) is Sharing.INTERNAL


# What a refusal says


@pytest.mark.parametrize("rule", Rule)
def test_every_refusal_is_a_sentence_and_says_whom_to_ask(rule: Rule) -> None:
    said = make_access(contact="U0ADMIN").explain(NotAllowed(rule.value)).text

    assert said.endswith(". Ask <@U0ADMIN>.")
    assert said[0].isupper()


def test_refusals_differ() -> None:
    assert len({refusal_message(rule, "").text for rule in Rule}) == len(Rule)


@pytest.mark.parametrize(
    ("contact", "words"),
    [
        ("U0ADMIN", "<@U0ADMIN>"),
        ("W0ADMIN", "<@W0ADMIN>"),
        ("C0HELP", "<#C0HELP>"),
        ("G0HELP", "<#G0HELP>"),
        ("whoever administers this app", "whoever administers this app"),
        ("Uta, room 7.", "Uta, room 7"),
        ("UTA", "UTA"),
        ("<!channel> & co", "&lt;!channel&gt; &amp; co"),
        ("IT", "IT"),
    ],
)
def test_a_contact_is_an_id_or_a_few_harmless_words(contact: str, words: str) -> None:
    assert refusal_message(Rule.PERSON, contact).text == f"You aren't among those who may use me. Ask {words}."
