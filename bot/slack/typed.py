"""What people type after ``/samora-call``, or after the bot's name, and what it leads to."""

from bot.core.errors import UserMistake
from bot.slack.agent_following import AgentFollowing
from bot.slack.agent_wish import read_agent, read_name, read_wish
from bot.slack.agent_words import (
    AGENT_ASK,
    AGENT_NAME,
    AGENT_TRY,
    AGENT_UNSUBSCRIBE,
    LONGEST_NAME,
    agent_value,
    which_agent_message,
)
from bot.slack.answers import Answers
from bot.slack.cards import FOLLOW, SHOW_CALL
from bot.slack.doctor import Doctor
from bot.slack.doctor_words import DOCTOR
from bot.slack.follow_words import WHICH_TO_END, WHICH_TO_FOLLOW
from bot.slack.following import Following
from bot.slack.grammar import Command
from bot.slack.listing import Listing
from bot.slack.lists import LIST
from bot.slack.options import read_options, spell_options
from bot.slack.payloads import Asked, Place
from bot.slack.replies import Reply
from bot.slack.sentences import UNSUBSCRIBE, find_hint, help_message, which_call

_AGAIN = {"subscribe": FOLLOW, "unsubscribe": UNSUBSCRIBE}


class Typed:
    """Leads a command to its answer. Raises BotError for its caller to say."""

    def __init__(
        self, *, answers: Answers, following: Following, agents: AgentFollowing, listing: Listing, doctor: Doctor
    ) -> None:
        """Takes who answers questions about calls, who follows them, and agents, and who knows what is and how."""
        self._answers = answers
        self._following = following
        self._agents = agents
        self._listing = listing
        self._doctor = doctor

    def find_again(self, command: Command) -> Asked:
        """What repeats a command, for a *Try again* button; nothing where that makes no sense."""
        if command.name == "list":
            return Asked(again=LIST)
        if command.name == "doctor":
            return Asked(again=DOCTOR)
        if command.agent is not None:
            return _find_agent_again(command.name, command.agent)
        if command.call_id is None:
            return Asked()
        again = _AGAIN.get(command.name, SHOW_CALL)
        try:
            options = spell_options(read_options(command.rest)) if again == FOLLOW else ""
        except UserMistake:
            return Asked()
        return Asked(call=str(command.call_id), again=again, options=options)

    async def answer(self, place: Place, command: Command, reply: Reply) -> None:
        """A call's card, a subscription begun or ended, the list, how the bot is, help, or a hint."""
        if command.agent is not None:
            await self._answer_about_agent(place, command.name, command.agent, reply)
        elif command.name == "help":
            await reply.send(help_message())
        elif command.name == "list":
            await self._listing.show(place, 0, reply)
        elif command.name == "doctor":
            await self._doctor.report(place, reply)
        elif command.name == "subscribe":
            await self._subscribe(place, command, reply)
        elif command.name == "unsubscribe":
            await self._unsubscribe(place, command, reply)
        elif not command.call_ids:
            await reply.send(find_hint(command.text))
        elif command.call_id:
            await self._answers.show(place, command.call_id, reply)
        else:
            await reply.send(which_call(list(command.call_ids)))

    async def _subscribe(self, place: Place, command: Command, reply: Reply) -> None:
        if not command.call_ids:
            await reply.send(WHICH_TO_FOLLOW)
            return
        options = read_options(command.rest)
        if command.call_id:
            await self._following.subscribe(place, command.call_id, options, reply)
        else:
            await reply.send(which_call(list(command.call_ids), again=FOLLOW, options=spell_options(options)))

    async def _answer_about_agent(self, place: Place, name: str, text: str, reply: Reply) -> None:
        agent_id, rest = read_agent(text)
        if not agent_id:
            await reply.send(which_agent_message(name, text))
        elif name == "unsubscribe":
            await self._agents.unsubscribe(place, agent_id, reply)
        elif name == "name":
            await self._agents.name(place, agent_id, read_name(rest), reply)
        else:
            wish = read_wish(agent_id, rest)
            await (self._agents.try_out if wish.is_trial else self._agents.ask)(place, wish, reply)

    async def _unsubscribe(self, place: Place, command: Command, reply: Reply) -> None:
        if command.call_id:
            await self._following.unsubscribe(place, command.call_id, reply)
        elif command.call_ids:
            await reply.send(which_call(list(command.call_ids), again=UNSUBSCRIBE))
        elif command.rest.strip().lower() == "all":
            await self._following.ask_unsubscribe_all(place, reply)
        else:
            await reply.send(WHICH_TO_END)


def _find_agent_again(name: str, text: str) -> Asked:
    agent_id, rest = read_agent(text)
    if not agent_id:
        return Asked()
    if name == "unsubscribe":
        return Asked(agent=agent_id, again=AGENT_UNSUBSCRIBE)
    if name == "name":
        given = read_name(rest)
        return Asked(agent=agent_id, name=given, again=AGENT_NAME) if len(given) <= LONGEST_NAME else Asked()
    try:
        wish = read_wish(agent_id, rest)
        return agent_value(wish).model_copy(update={"again": AGENT_TRY if wish.is_trial else AGENT_ASK})
    except UserMistake:
        return Asked()
