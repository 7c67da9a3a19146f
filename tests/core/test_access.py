"""Who may see what: every rule, each list, and who counts as a stranger."""

import pytest

from bot.core.access import Audience, Person, Policy, Rule, Sharing, audience_of, groups_in_question

MIRA = Person(user_id="U0MIRA")
JON = Person(user_id="U0JON", groups=frozenset({"S0NIGHT"}))
GUEST = Person(user_id="U0GUEST", is_guest=True)
UNREAD = Person(user_id="U0MIRA", has_unread_groups=True)
LISTED = frozenset({"U0MIRA", "S0NIGHT"})
OTHERS = frozenset({"U0ANNA", "S0DAY"})


def test_without_lists_everybody_may_everything_but_guests_get_no_media() -> None:
    policy = Policy()
    for person in (MIRA, JON, GUEST, UNREAD):
        assert policy.refuse_person(person) is None
    for person in (MIRA, JON, UNREAD):
        assert policy.refuse_media(person) is None
    assert policy.refuse_media(GUEST) is Rule.GUEST
    assert policy.refuse_channel("C0ANY") is None


@pytest.mark.parametrize(
    ("channel_id", "rule"),
    [("C0OPS", None), ("C0OTHER", Rule.CHANNEL), ("G0OTHER", Rule.CHANNEL), ("D0MIRA", None), ("", None)],
)
def test_other_channels_are_refused_and_direct_messages_and_nowhere_are_none(
    channel_id: str, rule: Rule | None
) -> None:
    assert Policy(channels=frozenset({"C0OPS"})).refuse_channel(channel_id) is rule


@pytest.mark.parametrize(
    ("listed", "person", "refused"),
    [
        (LISTED, MIRA, False),
        (LISTED, JON, False),
        (LISTED, GUEST, True),
        (OTHERS, MIRA, True),
        (OTHERS, JON, True),
        (LISTED, UNREAD, False),
    ],
)
def test_a_list_names_people_and_their_groups(listed: frozenset[str], person: Person, refused: bool) -> None:
    assert Policy(users=listed).refuse_person(person) is (Rule.PERSON if refused else None)
    media = Policy(media_users=listed, allows_guests=True).refuse_media(person)
    assert media is (Rule.MEDIA if refused else None)


def test_whoever_may_be_in_a_group_that_nobody_can_read_is_refused_for_that() -> None:
    assert Policy(users=OTHERS).refuse_person(UNREAD) is Rule.GROUPS
    assert Policy(media_users=OTHERS).refuse_media(UNREAD) is Rule.GROUPS


def test_guests_get_media_only_where_guests_do_even_if_they_are_listed() -> None:
    listed = frozenset({"U0GUEST"})
    assert Policy(media_users=listed).refuse_media(GUEST) is Rule.GUEST
    assert Policy(media_users=listed, allows_guests=True).refuse_media(GUEST) is None
    assert Policy(allows_guests=True).refuse_media(GUEST) is None


@pytest.mark.parametrize(
    ("listed", "user_id", "groups"),
    [
        (frozenset(), "U0MIRA", frozenset()),
        (LISTED, "U0MIRA", frozenset()),
        (LISTED, "U0JON", frozenset({"S0NIGHT"})),
        (frozenset({"U0MIRA"}), "U0JON", frozenset()),
    ],
)
def test_groups_are_in_question_only_where_they_decide(
    listed: frozenset[str], user_id: str, groups: frozenset[str]
) -> None:
    assert groups_in_question(listed, user_id) == groups


@pytest.mark.parametrize("sharing", Sharing)
def test_whoever_cannot_be_told_from_a_stranger_is_one(sharing: Sharing) -> None:
    expected = Audience.CHANNEL if sharing is Sharing.INTERNAL else Audience.STRANGERS
    assert audience_of(sharing) is expected


@pytest.mark.parametrize(
    ("audience", "is_public", "is_masked"),
    [
        (Audience.ASKER, False, False),
        (Audience.LIMITED, False, True),
        (Audience.CHANNEL, True, True),
        (Audience.STRANGERS, True, True),
    ],
)
def test_what_an_audience_means(audience: Audience, is_public: bool, is_masked: bool) -> None:
    assert (audience.is_public, audience.is_masked) == (is_public, is_masked)
