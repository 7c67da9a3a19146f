"""The answers: what each question leads to, where a shared card goes, and what is never posted twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import aiohttp
import pytest
from pytest_mock import MockerFixture
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.core.access import Rule
from bot.core.calls import EXAMPLE_ID, Call, CallId, Media
from bot.core.errors import (
    BotError,
    CallNotFound,
    ChannelUnavailable,
    NotAllowed,
    PermanentError,
    SamoraUnavailable,
    SlackUnavailable,
    UnsafeLink,
)
from bot.core.lookup import Lookup
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.slack import SlackSandbox
from bot.slack.answers import Answers
from bot.slack.blocks import Block, Message
from bot.slack.client import make_web_client, open_session
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked, Place
from bot.slack.replies import ModalReply
from bot.slack.sentences import MASKED_FOR_NOW, SHARED, SHARED_MAYBE, SHARED_WITH_STRANGERS
from bot.slack.witness import Witness
from tests.factories import make_seal
from tests.slack.people import KnownPeople, make_access
from tests.slack.stores import FakeAudit

ID = CallId(EXAMPLE_ID)
READ_AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
LINK = "https://files.example/recording.wav?X-Amz-Signature=sig"
US = Place(team_id="T1", user_id="U1")
HERE = replace(US, channel_id="C1", thread_ts="5.5", message_ts="6.6", is_private=True, response_url="https://r")
PERSONAL = {"email": "jane@example.com"}


def make_call(**changes: Any) -> Call:
    call = Call(id=ID, status="CALL_FINISHED", read_at=READ_AT, variables=PERSONAL)
    return replace(call, **changes)


class Samora:
    """The port to Samora: gives one call, or fails; waits first where a test wants it to."""

    def __init__(self, *, call: Call | None = None, error: BotError | None = None) -> None:
        self.call = call or make_call()
        self.error = error
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.cancelled = False

    async def get_call(self, _call_id: CallId) -> Call:
        self.asked += 1
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self.error:
            raise self.error
        return self.call


@dataclass
class Heard:
    """A reply that remembers what it was given."""

    has_other_way = False

    sent: list[Message] = field(default_factory=list)
    redrawn: list[Message] = field(default_factory=list)
    waits: int = 0
    told: asyncio.Event = field(default_factory=asyncio.Event)
    wait_error: BotError | None = None
    send_error: BotError | None = None

    async def begin(self) -> None:
        return None

    async def still_asking(self) -> None:
        self.waits += 1
        self.told.set()
        if self.wait_error:
            raise self.wait_error

    async def send(self, message: Message) -> None:
        if self.send_error:
            raise self.send_error
        self.sent.append(message)

    async def redraw(self, card: Message) -> None:
        self.redrawn.append(card)


class Spoken(Messenger):
    """A messenger that remembers what is public, and fails on demand."""

    def __init__(self, *, post: BotError | None = None, respond: BotError | None = None) -> None:
        web = AsyncWebClient(token="xoxb-1", base_url="https://slack.com/api/")
        super().__init__(web=web, session=cast("aiohttp.ClientSession", None), seal=make_seal())
        self._post_error, self._respond_error = post, respond
        self.tried: list[str] = []
        self.public: list[tuple[str, str, Message]] = []
        self.views: list[tuple[str, Block]] = []

    async def post(
        self, *, channel: str, thread_ts: str, message: Message, key: str = "", broadcast: bool = False
    ) -> str:
        assert (key, broadcast) == ("", False)
        self.tried.append("post")
        if self._post_error:
            raise self._post_error
        self.public.append((channel, thread_ts, message))
        return "9.9"

    async def respond(
        self, place: Place, message: Message, *, replace_original: bool, in_channel: bool = False
    ) -> None:
        self.tried.append("respond")
        if self._respond_error:
            raise self._respond_error
        assert in_channel
        assert not replace_original
        self.public.append((place.channel_id, place.thread_ts, message))

    async def update_view(self, view_id: str, view: Block) -> None:
        self.views.append((view_id, view))


def make_answers(
    samora: Samora,
    spoken: Messenger | None = None,
    *,
    audit: FakeAudit | None = None,
    people: KnownPeople | None = None,
    patience: float = 60.0,
    **policy: Any,
) -> Answers:
    witness = Witness(audit=audit or FakeAudit(), clock=lambda: READ_AT)
    return Answers(
        lookup=Lookup(calls=samora),
        messenger=spoken or Spoken(),
        access=make_access(people, **policy),
        witness=witness,
        patience=patience,
    )


def labels(message: Message) -> list[str]:
    return [
        element["text"]["text"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


# Looking up


async def test_one_question_is_one_look_and_one_answer() -> None:
    samora, heard = Samora(), Heard()

    await make_answers(samora).show(HERE, ID, heard)

    assert samora.asked == 1
    assert len(heard.sent) == 1
    assert heard.waits == 0
    assert "jane@example.com" in str(heard.sent[0].blocks), "the asker alone sees it, so it is whole"
    assert "Share" in labels(heard.sent[0])


@pytest.mark.parametrize("error", [CallNotFound("x"), SamoraUnavailable("x"), UnsafeLink("x")])
async def test_what_samora_says_no_to_is_raised_for_the_boundary_to_say(error: BotError) -> None:
    heard = Heard()

    with pytest.raises(type(error)):
        await make_answers(Samora(error=error)).show(HERE, ID, heard)

    assert heard.sent == []


@pytest.mark.parametrize(("is_private", "shown"), [(True, True), (False, False)])
async def test_a_refreshed_card_is_masked_if_others_see_it(is_private: bool, shown: bool) -> None:
    heard = Heard()

    await make_answers(Samora()).refresh(replace(HERE, is_private=is_private), ID, heard)

    (card,) = heard.redrawn
    assert ("jane@example.com" in f"{card.text}{card.blocks}") is shown
    assert ("Share" in labels(card)) is is_private


async def test_after_three_seconds_the_asker_is_told_and_then_answered() -> None:
    samora, heard = Samora(), Heard()
    samora.may_answer.clear()

    asking = asyncio.create_task(make_answers(samora, patience=0.01).show(HERE, ID, heard))
    await heard.told.wait()
    assert heard.sent == []
    samora.may_answer.set()
    await asking

    assert (heard.waits, len(heard.sent), samora.asked) == (1, 1, 1)


async def test_a_slack_that_takes_its_time_to_say_who_asks_is_waited_for_with_a_word(mocker: MockerFixture) -> None:
    heard, people = Heard(), KnownPeople()

    async def slowly(_user_id: str) -> None:
        await heard.told.wait()

    mocker.patch.object(people, "get_profile", side_effect=slowly)

    await make_answers(Samora(), people=people, patience=0.01).show(HERE, ID, heard)

    assert (heard.waits, len(heard.sent)) == (1, 1)


async def test_a_notice_to_wait_that_cannot_be_said_does_not_lose_the_answer() -> None:
    samora, heard = Samora(), Heard(wait_error=SlackUnavailable("HTTP 404"))
    samora.may_answer.clear()

    with capture_logs() as logs:
        asking = asyncio.create_task(make_answers(samora, patience=0.01).show(HERE, ID, heard))
        await heard.told.wait()
        samora.may_answer.set()
        await asking

    assert len(heard.sent) == 1
    assert [entry["event"] for entry in logs] == ["not_told_to_wait"]


async def test_an_answer_that_nobody_waits_for_any_more_is_no_longer_asked_for() -> None:
    samora, heard = Samora(), Heard()
    samora.may_answer.clear()
    asking = asyncio.create_task(make_answers(samora, patience=0.01).show(HERE, ID, heard))
    await heard.told.wait()

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.sleep(0)

    assert samora.cancelled


# Links


async def test_a_link_is_handed_out_with_its_end() -> None:
    heard = Heard()

    await make_answers(Samora(call=make_call(recording_url=LINK))).hand_out(HERE, ID, Media.RECORDING, heard)

    (answer,) = heard.sent
    assert answer.blocks[1]["elements"][0]["url"] == LINK
    until = int((READ_AT + timedelta(minutes=60)).timestamp())
    assert f"<!date^{until}^" in str(answer.blocks)
    assert "X-Amz-Signature" not in answer.text


@pytest.mark.parametrize(
    ("status", "ended", "says"),
    [
        ("CALL_FINISHED", READ_AT, "is being prepared"),
        ("ONGOING", None, "the call isn't over"),
        ("REJECTED", READ_AT, "there will be none"),
        ("UNANSWERED", None, "there will be none"),
    ],
)
@pytest.mark.parametrize("media", list(Media))
async def test_why_there_is_no_link_has_three_sentences(
    status: str, ended: datetime | None, says: str, media: Media
) -> None:
    heard = Heard()

    await make_answers(Samora(call=make_call(status=status, ended_at=ended))).hand_out(HERE, ID, media, heard)

    assert says in heard.sent[0].text
    assert media.value in heard.sent[0].text
    assert heard.sent[0].blocks == ()


async def test_a_link_that_is_not_safe_is_not_handed_out() -> None:
    heard = Heard()

    with pytest.raises(UnsafeLink):
        await make_answers(Samora(call=make_call(recording_url="http://files.example/x"))).hand_out(
            HERE, ID, Media.RECORDING, heard
        )

    assert heard.sent == []


# Modals


async def test_all_variables_are_shown_in_the_modal_page_by_page() -> None:
    spoken = Spoken()
    reply = ModalReply(spoken, HERE, view_id="V1")

    await make_answers(Samora(), spoken).show_all(HERE, ID, 0, reply)

    ((view_id, view),) = spoken.views
    assert view_id == "V1"
    assert "jane@example.com" in str(view)
    assert Asked.parse(view["private_metadata"]).channel == "C1"


# Sharing


async def test_a_member_posts_the_card_masked_in_the_thread_and_the_private_one_offers_no_more_sharing() -> None:
    spoken, heard = Spoken(), Heard()

    await make_answers(Samora(), spoken).share(HERE, ID, heard)

    ((channel, thread_ts, card),) = spoken.public
    assert (channel, thread_ts) == ("C1", "5.5")
    assert "jane@example.com" not in f"{card.text}{card.blocks}"
    assert "Share" not in labels(card)
    assert "Share" not in labels(heard.redrawn[0])
    assert "jane@example.com" in str(heard.redrawn[0].blocks)


async def test_from_a_modal_a_share_is_confirmed_in_words() -> None:
    heard = Heard()

    await make_answers(Samora()).share(replace(US, channel_id="C1", view_id="V1"), ID, heard)

    assert heard.sent == [SHARED]
    assert heard.redrawn == []


@pytest.mark.parametrize("reason", ["not_in_channel", "channel_not_found"])
async def test_where_the_bot_is_no_member_the_response_url_posts_for_all(reason: str) -> None:
    spoken, heard = Spoken(post=ChannelUnavailable(reason)), Heard()

    await make_answers(Samora(), spoken).share(HERE, ID, heard)

    ((_, _, card),) = spoken.public
    assert spoken.tried == ["post", "respond"]
    assert "jane@example.com" not in f"{card.text}{card.blocks}"
    assert len(heard.redrawn) == 1


async def test_no_member_and_no_response_url_is_channel_unavailable() -> None:
    """A card in a modal, or from a mention, has no response_url."""
    spoken = Spoken(post=ChannelUnavailable("not_in_channel"))

    with pytest.raises(ChannelUnavailable, match="not_in_channel"):
        await make_answers(Samora(), spoken).share(replace(US, channel_id="C1"), ID, Heard())

    assert spoken.tried == ["post"]


async def test_no_member_and_a_response_url_that_is_used_up_is_channel_unavailable() -> None:
    spoken = Spoken(post=ChannelUnavailable("not_in_channel"), respond=PermanentError("HTTP 404 from response_url"))

    with pytest.raises(ChannelUnavailable, match="not_in_channel"):
        await make_answers(Samora(), spoken).share(HERE, ID, Heard())


@pytest.mark.parametrize("reason", ["is_archived", "restricted_action", "ekm_access_denied"])
async def test_a_channel_that_forbids_posting_is_not_posted_to_by_another_door(reason: str) -> None:
    spoken = Spoken(post=ChannelUnavailable(reason))

    with pytest.raises(ChannelUnavailable, match=reason):
        await make_answers(Samora(), spoken).share(HERE, ID, Heard())

    assert spoken.tried == ["post"]


async def test_an_unknown_outcome_is_said_and_never_posted_a_second_time() -> None:
    spoken, heard = Spoken(post=SlackUnavailable("no answer to chat.postMessage")), Heard()

    with capture_logs() as logs:
        await make_answers(Samora(), spoken).share(HERE, ID, heard)

    assert spoken.tried == ["post"]
    assert heard.sent == [SHARED_MAYBE]
    assert heard.redrawn == []
    assert [entry["event"] for entry in logs] == ["share_unknown"]


@pytest.mark.parametrize("view_id", ["", "V1"])
@pytest.mark.parametrize("post", [SlackUnavailable("no answer to chat.postMessage"), None], ids=["maybe", "posted"])
async def test_after_a_post_nothing_is_raised_that_would_offer_to_post_again(
    post: BotError | None, view_id: str
) -> None:
    """Whatever is raised here, the boundary says with a *Try again* that repeats the share."""
    spoken, heard = Spoken(post=post), Heard(send_error=SlackUnavailable("no answer to views.update"))

    with capture_logs() as logs:
        await make_answers(Samora(), spoken).share(replace(HERE, view_id=view_id), ID, heard)

    assert spoken.tried == ["post"]
    assert logs[0]["event"] == ("share_unknown" if post else "shared")


async def test_a_429_was_not_posted_so_it_is_raised_and_may_be_tried_again() -> None:
    spoken, heard = Spoken(post=SlackUnavailable("ratelimited", retry_after=61.0)), Heard()

    with pytest.raises(SlackUnavailable, match="ratelimited"):
        await make_answers(Samora(), spoken).share(HERE, ID, heard)

    assert spoken.tried == ["post"]
    assert heard.sent == []


async def test_a_short_429_is_waited_for_and_posted_once(mocker: MockerFixture) -> None:
    spoken = Spoken()
    mocker.patch.object(spoken, "post", side_effect=[SlackUnavailable("ratelimited", retry_after=0.01), "9.9"])

    await make_answers(Samora(), spoken).share(HERE, ID, Heard())

    assert cast("Any", spoken.post).await_count == 2


async def test_a_429_at_the_response_url_was_not_posted_either() -> None:
    busy = SlackUnavailable("ratelimited", retry_after=1.0)
    spoken, heard = Spoken(post=ChannelUnavailable("not_in_channel"), respond=busy), Heard()

    with pytest.raises(SlackUnavailable, match="ratelimited"):
        await make_answers(Samora(), spoken).share(HERE, ID, heard)

    assert spoken.tried == ["post", "respond"]
    assert heard.sent == []


async def test_an_unknown_outcome_at_the_response_url_is_said_and_never_posted_a_second_time() -> None:
    lost = SlackUnavailable("no answer from response_url")
    spoken, heard = Spoken(post=ChannelUnavailable("not_in_channel"), respond=lost), Heard()

    await make_answers(Samora(), spoken).share(HERE, ID, heard)

    assert spoken.tried == ["post", "respond"]
    assert heard.sent == [SHARED_MAYBE]


async def test_nothing_is_shared_that_could_not_be_read() -> None:
    spoken = Spoken()

    with pytest.raises(CallNotFound):
        await make_answers(Samora(error=CallNotFound("x")), spoken).share(HERE, ID, Heard())

    assert spoken.tried == []


# Sharing over the real wire


@asynccontextmanager
async def open_slack() -> AsyncIterator[tuple[SlackSandbox, Messenger]]:
    async with SlackSandbox(clock=SandboxClock()) as slack, open_session(api_url=slack.api_url) as session:
        web = make_web_client(session=session, api_url=slack.api_url, token=slack.bot_token)
        yield slack, Messenger(web=web, session=session, seal=make_seal())


def place_in(slack: SlackSandbox, channel: str) -> Place:
    url = slack._response_urls.issue(channel=channel, user="U0MIRA")
    return Place(team_id="T0ACME", channel_id=channel, user_id="U0MIRA", is_private=True, response_url=url)


async def test_a_post_whose_line_drops_after_acceptance_stands_there_once() -> None:
    async with open_slack() as (slack, messenger):
        slack.faults.add(Fault(path="/api/chat.postMessage", drop=True, after=True))
        heard = Heard()

        await make_answers(Samora(), messenger).share(place_in(slack, "C0OPS"), ID, heard)

        assert len(slack.visible_to("U0JON", "C0OPS")) == 1
        assert heard.sent == [SHARED_MAYBE]


async def test_a_share_through_the_response_url_whose_line_drops_is_an_unknown_outcome_too() -> None:
    """The card stands in the channel: "invite me, then press Share again" would put it there twice."""
    async with open_slack() as (slack, messenger):
        slack.faults.add(Fault(path="/response/*", drop=True, after=True))
        heard = Heard()

        await make_answers(Samora(), messenger).share(place_in(slack, "C0QUIET"), ID, heard)

        assert len(slack.visible_to("U0JON", "C0QUIET")) == 1
        assert heard.sent == [SHARED_MAYBE]


# Who may see what


def written(message: Message) -> str:
    return f"{message.text}{message.blocks}"


@pytest.fixture
def guests() -> KnownPeople:
    """Slack, where the one who asks is a guest."""
    people = KnownPeople()
    people.guests = {HERE.user_id}
    return people


async def test_a_guests_private_card_is_masked_and_can_still_be_shared(guests: KnownPeople) -> None:
    heard = Heard()
    answers = make_answers(Samora(), people=guests)

    await answers.show(HERE, ID, heard)
    await answers.refresh(HERE, ID, heard)

    for card in (*heard.sent, *heard.redrawn):
        assert "jane@example.com" not in written(card)
        assert "j•••@example.com" in written(card)
        assert "Share" in labels(card)


async def test_where_guests_may_their_card_is_whole(guests: KnownPeople) -> None:
    heard = Heard()

    await make_answers(Samora(), people=guests, allows_guests=True).show(HERE, ID, heard)

    assert "jane@example.com" in written(heard.sent[0])
    assert guests.asked == []


async def test_whoever_is_not_listed_for_media_sees_a_masked_card() -> None:
    heard = Heard()

    await make_answers(Samora(), media_users=frozenset({"U0OTHER"})).show(HERE, ID, heard)

    assert "jane@example.com" not in written(heard.sent[0])


async def test_while_slack_says_nothing_of_somebody_the_card_is_masked_and_says_why() -> None:
    people, heard = KnownPeople(), Heard()
    people.errors["users.info"] = SlackUnavailable("HTTP 503", retry_after=1.0)
    answers = make_answers(Samora(), people=people)

    with capture_logs() as logs:
        await answers.show(HERE, ID, heard)
    people.errors.clear()
    await answers.refresh(HERE, ID, heard)

    assert "jane@example.com" not in written(heard.sent[0])
    assert MASKED_FOR_NOW in str(heard.sent[0].blocks)
    assert [line["event"] for line in logs] == ["person_unknown"]
    assert "jane@example.com" in written(heard.redrawn[0])
    assert MASKED_FOR_NOW not in str(heard.redrawn[0].blocks)


@pytest.mark.parametrize("media", Media)
async def test_guests_get_no_link_and_samora_is_not_asked_for_any(guests: KnownPeople, media: Media) -> None:
    samora, heard, audit = Samora(call=make_call(recording_url=LINK, transcript_url=LINK)), Heard(), FakeAudit()

    with pytest.raises(NotAllowed, match=Rule.GUEST):
        await make_answers(samora, people=guests, audit=audit).hand_out(HERE, ID, media, heard)

    assert (samora.asked, heard.sent, audit.entries) == (0, [], [])


async def test_guests_are_not_shown_all(guests: KnownPeople) -> None:
    spoken, audit = Spoken(), FakeAudit()

    with pytest.raises(NotAllowed, match=Rule.GUEST):
        await make_answers(Samora(), spoken, people=guests, audit=audit).show_all(
            HERE, ID, 0, ModalReply(spoken, HERE, view_id="V1")
        )

    assert (spoken.views, audit.entries) == ([], [])


# Where other organisations read along


@pytest.fixture
def shared() -> KnownPeople:
    """Slack, where the channel is shared with another organisation."""
    people = KnownPeople()
    people.shared = {HERE.channel_id}
    return people


def assert_bare(card: Message) -> None:
    assert "example.com" not in written(card)
    assert "email" not in written(card)
    assert str(ID) in card.text


async def test_sharing_with_another_organisation_asks_first_and_posts_nothing(shared: KnownPeople) -> None:
    samora, spoken, heard, audit = Samora(), Spoken(), Heard(), FakeAudit()

    await make_answers(samora, spoken, people=shared, audit=audit).share(HERE, ID, heard)

    (question,) = heard.sent
    assert question.text == (
        "People of another organisation are in <#C1>. They will see the call's id, status, times and duration; "
        "not its variables. Share?"
    )
    assert labels(question) == ["Share here", "Cancel"]
    value = Asked.parse(question.blocks[1]["elements"][0]["value"])
    assert (value.call, value.channel, value.thread) == (str(ID), "C1", "5.5")
    assert (samora.asked, spoken.public, audit.entries) == (0, [], [])


async def test_once_confirmed_status_and_times_are_shared(shared: KnownPeople) -> None:
    spoken, heard, audit = Spoken(), Heard(), FakeAudit()
    answers = make_answers(Samora(), spoken, people=shared, audit=audit)

    await answers.share(HERE, ID, heard, is_confirmed=True)

    ((channel, thread_ts, card),) = spoken.public
    assert (channel, thread_ts) == ("C1", "5.5")
    assert_bare(card)
    assert heard.sent == [SHARED_WITH_STRANGERS]
    assert heard.redrawn == []
    assert len(audit.entries) == 1


async def test_what_was_confirmed_is_kept_to_even_if_the_channel_is_not_shared_any_more() -> None:
    spoken = Spoken()

    await make_answers(Samora(), spoken).share(HERE, ID, Heard(), is_confirmed=True)

    assert_bare(spoken.public[0][2])


async def test_where_nobody_says_who_reads_along_the_card_is_cautious_without_a_question() -> None:
    people, spoken, heard = KnownPeople(), Spoken(post=ChannelUnavailable("channel_not_found")), Heard()
    people.unseen = {"C1"}

    await make_answers(Samora(), spoken, people=people).share(HERE, ID, heard)

    assert spoken.tried == ["post", "respond"]
    assert_bare(spoken.public[0][2])
    assert heard.sent == []
    assert "jane@example.com" in written(heard.redrawn[0]), "the asker's own card stays whole"


async def test_from_a_modal_a_cautious_share_is_confirmed_in_other_words() -> None:
    people, heard = KnownPeople(), Heard()
    people.unseen = {"C1"}

    await make_answers(Samora(), people=people).share(replace(US, channel_id="C1", view_id="V1"), ID, heard)

    assert heard.sent == [SHARED_WITH_STRANGERS]


async def test_a_refreshed_card_that_strangers_see_holds_status_and_times_alone(shared: KnownPeople) -> None:
    heard = Heard()

    await make_answers(Samora(), people=shared).refresh(replace(HERE, is_private=False), ID, heard)

    assert_bare(heard.redrawn[0])


@pytest.mark.parametrize("deed", ["share", "refresh"])
async def test_while_slack_does_not_say_who_reads_along_nothing_is_shown(deed: str) -> None:
    people, spoken, heard = KnownPeople(), Spoken(), Heard()
    people.errors["conversations.info"] = SlackUnavailable("HTTP 503", retry_after=1.0)
    answers = make_answers(Samora(), spoken, people=people)

    with pytest.raises(SlackUnavailable):
        await getattr(answers, deed)(replace(HERE, is_private=False), ID, heard)

    assert (spoken.public, heard.sent, heard.redrawn) == ([], [], [])
