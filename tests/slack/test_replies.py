"""Where an answer goes: into the conversation, in the place of an old one, into a modal, or into the Home tab."""

from dataclasses import replace
from typing import cast

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import PermanentError
from bot.slack.blocks import Block, Message, section
from bot.slack.home import home_view
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked, Place
from bot.slack.replies import EphemeralReply, HomeReply, ModalReply, Reply, loading_view
from bot.slack.sentences import STILL_ASKING
from tests.factories import make_seal

WORDS = Message("words", (section("blocks"),))
PRIVATE = Place(channel_id="C1", thread_ts="5.5", is_private=True, trigger_id="1.1.t")
PUBLIC = replace(PRIVATE, is_private=False)


class Spoken(Messenger):
    """A messenger that remembers what it was asked to say."""

    def __init__(self, error: PermanentError | None = None) -> None:
        super().__init__(web=AsyncWebClient(), session=cast("aiohttp.ClientSession", None), seal=make_seal())
        self.said: list[tuple[str, object, object]] = []
        self._error = error

    async def tell(self, place: Place, message: Message) -> None:
        self.said.append(("tell", place, message))

    async def replace(self, place: Place, message: Message) -> None:
        self.said.append(("replace", place, message))

    async def open_view(self, place: Place, view: Block) -> str:
        if self._error:
            raise self._error
        self.said.append(("open", place.trigger_id, view))
        return "V0NEW"

    async def update_view(self, view_id: str, view: Block) -> None:
        self.said.append(("update", view_id, view))

    async def publish_home(self, user_id: str, view: Block) -> None:
        self.said.append(("publish", user_id, view))


@pytest.fixture
def spoken() -> Spoken:
    return Spoken()


async def test_a_quick_ephemeral_answer_needs_no_announcement(spoken: Spoken) -> None:
    await EphemeralReply(spoken, PRIVATE).begin()

    assert spoken.said == []


async def test_an_ephemeral_answer_is_told(spoken: Spoken) -> None:
    await EphemeralReply(spoken, PUBLIC).send(WORDS)

    assert spoken.said == [("tell", PUBLIC, WORDS)]


async def test_an_answer_in_place_replaces_the_private_message_that_was_pressed(spoken: Spoken) -> None:
    reply = EphemeralReply(spoken, PRIVATE, in_place=True)

    await reply.still_asking()
    await reply.send(WORDS)

    assert spoken.said == [("replace", PRIVATE, STILL_ASKING), ("replace", PRIVATE, WORDS)]


async def test_a_public_message_is_never_replaced_by_one_persons_answer(spoken: Spoken) -> None:
    await EphemeralReply(spoken, PUBLIC, in_place=True).send(WORDS)

    assert spoken.said == [("tell", PUBLIC, WORDS)]


@pytest.mark.parametrize("place", [PRIVATE, PUBLIC])
async def test_a_redrawn_card_replaces_the_one_that_was_pressed(spoken: Spoken, place: Place) -> None:
    await EphemeralReply(spoken, place).redraw(WORDS)

    assert spoken.said == [("replace", place, WORDS)]


async def test_whoever_waits_is_told_where_the_answer_will_be(spoken: Spoken) -> None:
    await EphemeralReply(spoken, PUBLIC).still_asking()

    assert spoken.said == [("tell", PUBLIC, STILL_ASKING)]


async def test_a_modal_is_opened_at_once_because_its_trigger_dies_in_three_seconds(spoken: Spoken) -> None:
    reply = ModalReply(spoken, PRIVATE)

    await reply.begin()
    await reply.send(WORDS)

    (opened, filled) = spoken.said
    assert opened == ("open", "1.1.t", loading_view(reply.origin))
    assert filled[:2] == ("update", "V0NEW")
    assert section("blocks") in cast("Block", filled[2])["blocks"]


async def test_a_modal_is_opened_once(spoken: Spoken) -> None:
    reply = ModalReply(spoken, PRIVATE)

    await reply.begin()
    await reply.begin()

    assert [how for how, _, _ in spoken.said] == ["open"]


async def test_a_modal_that_is_there_is_not_opened_again(spoken: Spoken) -> None:
    reply = ModalReply(spoken, PRIVATE, view_id="V1")

    await reply.begin()
    await reply.still_asking()
    assert spoken.said == []

    await reply.redraw(WORDS)
    assert [said[:2] for said in spoken.said] == [("update", "V1")]


async def test_a_whole_view_is_shown_as_it_is(spoken: Spoken) -> None:
    view: Block = {"type": "modal", "title": {"type": "plain_text", "text": "x"}}

    await ModalReply(spoken, PRIVATE, view_id="V1").show(view)

    assert spoken.said == [("update", "V1", view)]


async def test_a_modal_remembers_where_it_was_opened_from() -> None:
    reply = ModalReply(Spoken(), PRIVATE)

    assert reply.origin == Asked(channel="C1", thread="5.5")
    assert Asked.parse(loading_view(reply.origin)["private_metadata"]) == reply.origin


async def test_a_trigger_that_has_died_is_raised() -> None:
    with pytest.raises(PermanentError, match="expired_trigger_id"):
        await ModalReply(Spoken(PermanentError("expired_trigger_id")), PRIVATE).begin()


async def test_an_answer_in_a_home_is_drawn_into_that_persons_home_and_waits_in_silence(spoken: Spoken) -> None:
    reply = HomeReply(spoken, Place(user_id="U1", is_home=True))

    await reply.begin()
    await reply.still_asking()
    assert spoken.said == []
    await reply.send(WORDS)
    await reply.redraw(WORDS)

    assert spoken.said == [("publish", "U1", home_view(WORDS))] * 2


def test_all_are_replies() -> None:
    kinds = (EphemeralReply, ModalReply, HomeReply)
    replies: list[Reply] = [kind(Spoken(), PRIVATE) for kind in kinds]

    assert [reply.has_other_way for reply in replies] == [False, True, False]
