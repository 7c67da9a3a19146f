"""What people type after ``/samora-call``, or after the bot's name, and what it leads to."""

from bot.core.errors import UserMistake
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

    def __init__(self, *, answers: Answers, following: Following, listing: Listing, doctor: Doctor) -> None:
        """Takes who answers questions about calls, follows them, knows what is followed, and knows how the bot is."""
        self._answers = answers
        self._following = following
        self._listing = listing
        self._doctor = doctor

    def find_again(self, command: Command) -> Asked:
        """What repeats a command, for a *Try again* button; nothing where that makes no sense."""
        if command.name == "list":
            return Asked(again=LIST)
        if command.name == "doctor":
            return Asked(again=DOCTOR)
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
        if command.name == "help":
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

    async def _unsubscribe(self, place: Place, command: Command, reply: Reply) -> None:
        if command.call_id:
            await self._following.unsubscribe(place, command.call_id, reply)
        elif command.call_ids:
            await reply.send(which_call(list(command.call_ids), again=UNSUBSCRIBE))
        elif command.rest.strip().lower() == "all":
            await self._following.ask_unsubscribe_all(place, reply)
        else:
            await reply.send(WHICH_TO_END)
