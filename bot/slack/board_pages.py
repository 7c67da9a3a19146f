"""The calls of a board, page by page, in a modal of one person's."""

from bot.core.agent_ports import Boards
from bot.core.errors import UserMistake
from bot.slack.boards import BOARD_GONE, NOT_ITS_CHANNEL, PER_PAGE, board_view
from bot.slack.payloads import Asked, Place
from bot.slack.replies import ModalReply


class BoardPages:
    """Shows them to people in the board's own channel."""

    def __init__(self, *, boards: Boards) -> None:
        """Takes who remembers."""
        self._boards = boards

    async def show(self, place: Place, asked: Asked, reply: ModalReply) -> None:
        """One page; the last one if there is no such page any more. Raises BotError for its caller to say."""
        board = await self._boards.find(asked.board)
        if board is None or board.team_id != place.team_id:
            raise UserMistake(BOARD_GONE)
        if board.channel_id != place.channel_id:
            raise UserMistake(NOT_ITS_CHANNEL)
        page = asked.page
        calls, count = await self._boards.list_calls(board.id, offset=page * PER_PAGE, limit=PER_PAGE)
        if count and not calls:
            page = (count - 1) // PER_PAGE
            calls, count = await self._boards.list_calls(board.id, offset=page * PER_PAGE, limit=PER_PAGE)
        await reply.show(board_view(board, calls, count=count, page=page, origin=reply.origin))
