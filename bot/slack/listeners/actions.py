"""The buttons."""

from dataclasses import replace
from functools import partial

from bot.core.calls import CallId, Media
from bot.core.errors import UserMistake
from bot.slack.agent_following import AgentFollowing
from bot.slack.agent_wish import read_wish
from bot.slack.agent_words import (
    AGENT_ASK,
    AGENT_CANCEL,
    AGENT_CHANGE,
    AGENT_FOLLOW,
    AGENT_NAME,
    AGENT_SHOW,
    AGENT_TRY,
    AGENT_UNSUBSCRIBE,
    NOTHING_CHANGED,
)
from bot.slack.answers import Answers
from bot.slack.blocks import Message
from bot.slack.board_pages import BoardPages
from bot.slack.boards import BOARD_PAGE, BOARD_SHOW, BOARD_STATUS, SEE_ALL
from bot.slack.cards import (
    FOLLOW,
    FOLLOW_AGAIN,
    RECORDING,
    REFRESH,
    RESUME,
    SHARE,
    SHOW_ALL,
    SHOW_CALL,
    TRANSCRIPT,
    TRY_AGAIN,
)
from bot.slack.doctor import Doctor
from bot.slack.doctor_words import DOCTOR, TEST_POST
from bot.slack.follow_words import END_ALL, KEEP_ALL, KEPT
from bot.slack.following import Following
from bot.slack.home import FIND
from bot.slack.listeners.ack import Ack
from bot.slack.listeners.boundary import Boundary, Job, Request
from bot.slack.listing import Listing
from bot.slack.lists import AGENT_END, AGENT_PAUSE, AGENT_RESUME, EDIT, LIST, LIST_END, LIST_PAUSE, LIST_RESUME
from bot.slack.messenger import Messenger
from bot.slack.options import read_options
from bot.slack.payloads import UNREADABLE_BUTTON, Asked, Payload, Place, get_metadata, place_of_interaction, text_at
from bot.slack.replies import ModalReply, Reply
from bot.slack.sentences import CANCEL, CHOOSE, NOT_SHARED, SHARE_HERE, UNSUBSCRIBE
from bot.slack.views import NEXT_PAGE, PREVIOUS_PAGE, find_view

_PAGES = (SHOW_ALL, PREVIOUS_PAGE, NEXT_PAGE)
_SHOWS = (SHOW_CALL, AGENT_SHOW, BOARD_SHOW)
_ABOUT_CALLS = (RECORDING, TRANSCRIPT, REFRESH, FOLLOW, SHARE, SHARE_HERE, *_SHOWS, UNSUBSCRIBE, *_PAGES)
_LISTED = (LIST_PAUSE, LIST_RESUME, LIST_END)
_ABOUT_SUBSCRIPTIONS = (*_LISTED, EDIT, RESUME, FOLLOW_AGAIN)
_ABOUT_CHANNELS = (LIST, END_ALL, KEEP_ALL)
_WISHES = (AGENT_ASK, AGENT_TRY, AGENT_FOLLOW, AGENT_CHANGE)
_ABOUT_AGENTS = (*_WISHES, AGENT_UNSUBSCRIBE, AGENT_NAME)
_LISTED_AGENTS = (AGENT_PAUSE, AGENT_RESUME, AGENT_END)
_ABOUT_NOTHING = (*_ABOUT_CHANNELS, FIND, DOCTOR, TEST_POST, CANCEL, AGENT_CANCEL)
_ABOUT_BOARDS = (SEE_ALL, BOARD_PAGE, BOARD_STATUS)
_WANTED = (*_ABOUT_CALLS, *_ABOUT_BOARDS, *_ABOUT_SUBSCRIPTIONS, *_ABOUT_AGENTS, *_LISTED_AGENTS, *_ABOUT_NOTHING)

# Buttons under a question or a failure: they do what their value says, in the place of it.
_REPEATS = (TRY_AGAIN, CHOOSE)

# What opens a window of its own, and what is answered in the place of the private message that was pressed.
_WINDOWS = (SHOW_ALL, EDIT, SEE_ALL)
_IN_PLACE = (
    *(*_REPEATS, SHOW_CALL, SHARE_HERE, CANCEL, BOARD_PAGE, BOARD_STATUS, *_LISTED, *_ABOUT_CHANNELS),
    *(*_WISHES, *_LISTED_AGENTS, AGENT_CANCEL),
)

# What *Try again* does instead, because the button of that name says something else about where its answer goes.
_AGAIN = {
    **dict.fromkeys((REFRESH, AGENT_SHOW, BOARD_SHOW), SHOW_CALL),
    **dict.fromkeys((PREVIOUS_PAGE, NEXT_PAGE), SHOW_ALL),
    **dict.fromkeys((BOARD_PAGE, BOARD_STATUS), SEE_ALL),
}


class Actions:
    """Listens to buttons. A link button is only acked: without that, Slack shows a warning sign beside it."""

    def __init__(
        self,
        *,
        boundary: Boundary,
        answers: Answers,
        following: Following,
        agents: AgentFollowing,
        listing: Listing,
        boards: BoardPages,
        doctor: Doctor,
        messenger: Messenger,
    ) -> None:
        """Takes who starts work, answers, follows calls and agents, lists, tries posting out, and opens modals."""
        self._boundary = boundary
        self._answers = answers
        self._following = following
        self._agents = agents
        self._listing = listing
        self._boards = boards
        self._doctor = doctor
        self._messenger = messenger

    async def on_action(self, ack: Ack, body: Payload) -> None:
        """Acks, and does what the button says."""
        await ack()
        pressed = next(iter(body.get("actions") or []), None)
        # Buttons of one row need different action ids: "show_call:0", "show_call:1".
        action_id = text_at(pressed, "action_id").split(":")[0]
        if action_id not in (*_WANTED, *_REPEATS):
            return
        place = place_of_interaction(body)
        try:
            asked = _read(action_id, pressed, body)
            wanted = _find_wanted(action_id, asked)
        except UserMistake as mistake:
            reply = self._reply("", "", place)
            request = Request(kind="action.unreadable", key=place.trigger_id, place=place, reply=reply)
            self._boundary.take(request, partial(reply.send, Message(mistake.reason)))
        else:
            self._act(action_id, wanted, place, asked)

    def _act(self, action_id: str, wanted: str, place: Place, asked: Asked) -> None:
        reply = self._reply(action_id, wanted, place)
        if wanted == FOLLOW and action_id == FOLLOW and not place.is_private:
            # The card that was pressed is the one to be followed on.
            asked = asked.model_copy(update={"card": place.message_ts})
        request = Request(
            kind=f"action.{wanted}",
            key=place.trigger_id,
            place=place,
            reply=reply,
            call_id=asked.call_id if asked.call else None,
            again=_AGAIN.get(wanted, wanted),
            asked=asked,
        )
        is_posting = wanted in {SHARE, SHARE_HERE, FOLLOW, TEST_POST, AGENT_FOLLOW}
        name = f"{wanted} {place.user_id} {place.message_ts or place.view_id} {asked.call}" if is_posting else ""
        if action_id in _REPEATS and asked.thread:
            place = replace(place, thread_ts=asked.thread)
        self._boundary.take(request, self._job(wanted, place, asked, reply), name=name)

    def _reply(self, action_id: str, wanted: str, place: Place) -> Reply:
        """In a conversation or Home: there. In a modal: in it if the answer is its new content, else in one on top."""
        if wanted in _WINDOWS and (action_id not in _REPEATS or not place.view_id):
            return self._boundary.modal(place)
        if place.is_home:
            return self._boundary.home(place)
        if not place.view_id:
            return self._boundary.ephemeral(place, in_place=action_id in _IN_PLACE)
        in_place = action_id in {REFRESH, PREVIOUS_PAGE, NEXT_PAGE, *_IN_PLACE}
        return self._boundary.modal(place, view_id=place.view_id if in_place else "")

    def _job(self, wanted: str, place: Place, asked: Asked, reply: Reply) -> Job:
        if wanted in _ABOUT_CHANNELS:
            return self._job_about_channel(wanted, place, asked, reply)
        if wanted in _ABOUT_SUBSCRIPTIONS:
            return self._job_about_subscription(wanted, place, asked, reply)
        if wanted in _ABOUT_AGENTS:
            return self._job_about_agent(wanted, place, asked, reply)
        if wanted in _LISTED_AGENTS:
            return partial(self._listing.change_agent, wanted, place, asked, reply)
        if wanted in _ABOUT_BOARDS and isinstance(reply, ModalReply):
            return partial(self._boards.show, place, asked, reply)
        if wanted == FIND:
            return partial(self._messenger.open_view, place, find_view(Asked(again=SHOW_CALL)))
        if wanted in {CANCEL, AGENT_CANCEL}:
            return partial(reply.send, NOT_SHARED if wanted == CANCEL else NOTHING_CHANGED)
        if wanted in {DOCTOR, TEST_POST}:
            return partial(self._doctor.report if wanted == DOCTOR else self._doctor.test_post, place, reply)
        if wanted == FOLLOW:
            return self._follow(place, asked, reply)
        if wanted == UNSUBSCRIBE:
            return partial(self._following.unsubscribe, place, asked.call_id, reply)
        if wanted == REFRESH:
            return partial(self._refresh, place, asked, reply)
        return self._job_about_call(wanted, place, asked, reply)

    def _job_about_call(self, wanted: str, place: Place, asked: Asked, reply: Reply) -> Job:
        call_id = asked.call_id
        if wanted in {RECORDING, TRANSCRIPT}:
            return partial(self._answers.hand_out, place, call_id, Media(wanted), reply)
        if wanted == SHARE and not place.channel_id and isinstance(reply, ModalReply):
            return partial(self._answers.ask_where_to_share, call_id, reply)
        if wanted == SHARE:
            return partial(self._answers.share, place, call_id, reply)
        if wanted == SHARE_HERE:
            there = replace(place, channel_id=asked.channel, thread_ts=asked.thread)
            return partial(self._answers.share, there, call_id, reply, is_confirmed=True)
        if wanted in _PAGES and isinstance(reply, ModalReply):
            return partial(self._answers.show_all, place, call_id, asked.page, reply)
        return partial(self._answers.show, place, call_id, reply)

    def _job_about_subscription(self, wanted: str, place: Place, asked: Asked, reply: Reply) -> Job:
        if wanted == EDIT and isinstance(reply, ModalReply):
            return partial(self._listing.edit, place, asked, reply)
        change = {
            LIST_PAUSE: self._listing.pause,
            LIST_RESUME: self._listing.resume_listed,
            LIST_END: self._listing.end,
        }.get(wanted, self._listing.resume)
        return partial(change, place, asked, reply)

    def _job_about_agent(self, wanted: str, place: Place, asked: Asked, reply: Reply) -> Job:
        if wanted == AGENT_UNSUBSCRIBE:
            return partial(self._agents.unsubscribe, place, asked.agent, reply)
        if wanted == AGENT_NAME:
            return partial(self._agents.name, place, asked.agent, asked.name, reply)
        flows = {AGENT_TRY: self._agents.try_out, AGENT_FOLLOW: self._agents.follow, AGENT_CHANGE: self._agents.change}
        return partial(flows.get(wanted, self._agents.ask), place, read_wish(asked.agent, asked.options), reply)

    def _job_about_channel(self, wanted: str, place: Place, asked: Asked, reply: Reply) -> Job:
        if wanted == LIST:
            return partial(self._listing.show, place, asked.page, reply)
        return partial(self._following.end_all, place, reply) if wanted == END_ALL else partial(reply.send, KEPT)

    def _follow(self, place: Place, asked: Asked, reply: Reply) -> Job:
        if not place.channel_id and isinstance(reply, ModalReply):
            return partial(self._following.ask_where_to_follow, asked.call_id, reply)
        options = read_options(asked.options)
        return partial(self._following.subscribe, place, asked.call_id, options, reply, card_ts=asked.card)

    async def _refresh(self, place: Place, asked: Asked, reply: Reply) -> None:
        await self._answers.refresh(place, asked.call_id, reply)
        await self._following.want_card(place)


def _read(action_id: str, pressed: object, body: Payload) -> Asked:
    """What was pressed, or chosen in the modal of a board; raises UserMistake if that can't be read."""
    if action_id != BOARD_STATUS:
        return Asked.parse(text_at(pressed, "value"))
    return Asked(board=get_metadata(body).board, status=text_at(pressed, "selected_option", "value"))


def _find_wanted(action_id: str, asked: Asked) -> str:
    """What a button stands for; raises UserMistake if its value lacks what that needs."""
    wanted = action_id
    if action_id in _REPEATS:
        wanted = asked.again if asked.again in _WANTED else SHOW_CALL
    if wanted in (*_ABOUT_SUBSCRIPTIONS, *_LISTED_AGENTS) and not asked.sub:
        raise UserMistake(UNREADABLE_BUTTON)
    if (wanted in _ABOUT_AGENTS and not asked.agent) or (wanted in _ABOUT_BOARDS and not asked.board):
        raise UserMistake(UNREADABLE_BUTTON)
    if wanted in (*_ABOUT_CALLS, *_ABOUT_SUBSCRIPTIONS):
        CallId(asked.call)
    _ = read_wish(asked.agent, asked.options) if wanted in _WISHES else read_options(asked.options)
    return wanted
