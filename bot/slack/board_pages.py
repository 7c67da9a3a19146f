"""The calls of a board, page by page, in a modal of one person's."""

from bot.core.agent_ports import Boards
from bot.core.agents import agent_key
from bot.core.errors import UserMistake
from bot.core.naming import KnownNames
from bot.slack.boards import BOARD_GONE, NOT_ITS_CHANNEL, PER_PAGE, board_view, read_status
from bot.slack.payloads import Asked, Place
from bot.slack.replies import ModalReply


class BoardPages:
    """Shows them to people in the board's own channel."""

    def __init__(self, *, boards: Boards, names: KnownNames) -> None:
        """Takes who remembers, and who knows what people call the agents."""
        self._boards = boards
        self._names = names

    async def show(self, place: Place, asked: Asked, reply: ModalReply) -> None:
        """One page of all its calls, or of those with one status; the last one if there is no such page any more.

        Raises BotError for its caller to say.
        """
        board = await self._boards.find(asked.board)
        if board is None or board.team_id != place.team_id:
            raise UserMistake(BOARD_GONE)
        if board.channel_id != place.channel_id:
            raise UserMistake(NOT_ITS_CHANNEL)
        page, status = asked.page, read_status(asked.status)
        offset = page * PER_PAGE
        calls, count = await self._boards.list_calls(board.id, status=status, offset=offset, limit=PER_PAGE)
        if count and not calls:
            page = (count - 1) // PER_PAGE
            offset = page * PER_PAGE
            calls, count = await self._boards.list_calls(board.id, status=status, offset=offset, limit=PER_PAGE)
        agent_ids = {agent_key(call.agent_id) for call in calls}
        names = {agent_id: await self._names.find(agent_id) for agent_id in agent_ids}
        view = board_view(board, calls, count=count, page=page, status=status, names=names, origin=reply.origin)
        await reply.show(view)
