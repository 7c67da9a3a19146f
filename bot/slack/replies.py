"""Where an answer goes: to one person in a conversation, into a modal, or into the Home tab."""

from typing import Protocol

from bot.core.errors import PermanentError
from bot.slack.blocks import Block, Message
from bot.slack.home import home_view
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked, Place
from bot.slack.sentences import STILL_ASKING
from bot.slack.views import message_view


class Reply(Protocol):
    """One answer to one person. Every method may raise what :class:`Messenger` raises.

    Attributes:
        has_other_way: whether a plain ephemeral message would be another way, where this one fails.
    """

    has_other_way: bool

    async def begin(self) -> None:
        """Called first, before anything is asked of anybody."""

    async def still_asking(self) -> None:
        """Called once if the answer takes more than three seconds."""

    async def send(self, message: Message) -> None:
        """Gives the answer."""

    async def redraw(self, card: Message) -> None:
        """Puts a card in the place of the one that was pressed."""


class EphemeralReply:
    """An answer in the conversation, which only the asker sees."""

    def __init__(self, messenger: Messenger, place: Place, *, in_place: bool = False) -> None:
        """With ``in_place``, the answer replaces the private message that was pressed, as *Try again* wants it."""
        self._messenger = messenger
        self._place = place
        self._in_place = in_place and place.is_private
        self.has_other_way = self._in_place

    async def begin(self) -> None:
        """Nothing to do: a quick answer needs no announcement."""

    async def still_asking(self) -> None:
        """Says so."""
        await self.send(STILL_ASKING)

    async def send(self, message: Message) -> None:
        """Posts the answer, or puts it where the old one stood."""
        if self._in_place:
            await self._messenger.replace(self._place, message)
        else:
            await self._messenger.tell(self._place, message)

    async def redraw(self, card: Message) -> None:
        """Redraws the card that was pressed."""
        await self._messenger.replace(self._place, card)


class ModalReply:
    """An answer in a modal: one that is there, or a new one, opened at once because a trigger dies in 3 seconds."""

    def __init__(self, messenger: Messenger, place: Place, *, view_id: str = "") -> None:
        """Takes the modal to answer in; without one, :meth:`begin` opens it."""
        self._messenger = messenger
        self._place = place
        self._view_id = view_id
        self.has_other_way = True

    @property
    def origin(self) -> Asked:
        """Where the modal was opened from, for the buttons in it."""
        return Asked(channel=self._place.channel_id, thread=self._place.thread_ts)

    async def begin(self) -> None:
        """Opens the modal, saying that it is being filled."""
        if not self._view_id:
            self._view_id = await self._messenger.open_view(self._place, loading_view(self.origin))

    async def still_asking(self) -> None:
        """Nothing to do: the modal says so already."""

    async def send(self, message: Message) -> None:
        """Shows the answer in the modal."""
        await self.show(message_view(message, self.origin))

    async def redraw(self, card: Message) -> None:
        """Shows the card in the modal."""
        await self.send(card)

    async def show(self, view: Block) -> None:
        """Shows a whole view in the modal; raises PermanentError if it could not be opened."""
        if not self._view_id:
            raise PermanentError("no modal")
        await self._messenger.update_view(self._view_id, view)


class HomeReply:
    """An answer in the asker's Home tab, which is drawn anew around it."""

    def __init__(self, messenger: Messenger, place: Place) -> None:
        """Takes whose Home it is."""
        self._messenger = messenger
        self._place = place
        self.has_other_way = False

    async def begin(self) -> None:
        """Nothing to do: until there is an answer, the Home stays as it is."""

    async def still_asking(self) -> None:
        """Nothing to do, likewise."""

    async def send(self, message: Message) -> None:
        """Draws the Home around the answer."""
        await self._messenger.publish_home(self._place.user_id, home_view(message))

    async def redraw(self, card: Message) -> None:
        """Draws the Home around the card."""
        await self.send(card)


def loading_view(origin: Asked) -> Block:
    """A modal that is about to be filled."""
    return message_view(Message("Asking Samora…"), origin)
