"""Boards for tests, and the memory of them in memory, as far as the Slack side asks it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.boards import Board
from bot.core.calls import Call, CallStatus
from tests.factories import CHANNEL, READ_AT, TEAM


def make_board(**changes: Any) -> Board:
    """A board that has stood in its channel, open, for two minutes."""
    opened_at = READ_AT - timedelta(minutes=2)
    return replace(Board(id="board-1", team_id=TEAM, channel_id=CHANNEL, opened_at=opened_at, ts="7.7"), **changes)


class FakeBoards:
    """Fulfils :class:`bot.core.agent_ports.Boards` as far as people look at one."""

    def __init__(self) -> None:
        self.boards: dict[str, Board] = {}
        self.calls: list[Call] = []

    async def find(self, board_id: str) -> Board | None:
        return self.boards.get(board_id)

    async def list_calls(
        self, board_id: str, *, status: CallStatus | None, offset: int, limit: int
    ) -> tuple[tuple[Call, ...], int]:
        assert board_id in self.boards
        calls = [call for call in self.calls if status in (None, call.status)]
        return tuple(calls[offset : offset + limit]), len(calls)
