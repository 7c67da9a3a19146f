"""The drawer of boards: a board is posted once, redrawn as it is now, closed in time, and gives way when refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import call

import pytest
from pytest_mock import MockerFixture

from bot.core.agent_ports import BoardMessenger, Boards
from bot.core.board_drawer import BoardDrawer
from bot.core.boards import Board, BoardJob, BurstRules, Tally
from bot.core.errors import (
    AppUninstalled,
    BotError,
    ChannelUnavailable,
    EditRefused,
    MessageGone,
    PermanentError,
    SlackUnavailable,
    StoreUnavailable,
    TokenRefused,
)
from tests.core.making import MINUTE, SECOND, FakeClock
from tests.factories import CHANNEL, READ_AT, TEAM

STANDING = BoardJob(
    board=Board(id="board-1", team_id=TEAM, channel_id=CHANNEL, opened_at=READ_AT - MINUTE, ts="7.7"),
    key="board-1.board.1",
    wanted=4,
    lease="lease-1",
)
NEW = replace(STANDING, board=replace(STANDING.board, ts=""))
BEGUN = replace(NEW, begun_at=READ_AT - MINUTE)
CLOSED = replace(STANDING, board=replace(STANDING.board, closed_at=READ_AT))
BUSY = Tally(by_status={"ONGOING": 30}, last_minute=10)
QUIET = Tally(by_status={"ONGOING": 30}, last_minute=9)
LAST = Tally(by_status={"ONGOING": 21}, last_minute=9)

UNKNOWN = SlackUnavailable("no answer to chat.postMessage")
REFUSED = SlackUnavailable("ratelimited", retry_after=30.0)


class Desk:
    """A drawer; boards and a Slack that write down, in one list, what is asked of them."""

    def __init__(self, mocker: MockerFixture) -> None:
        self.boards: Any = mocker.create_autospec(Boards, instance=True)
        self.messenger: Any = mocker.create_autospec(BoardMessenger, instance=True)
        self.stop_team = mocker.AsyncMock(return_value=1)
        self.bell = mocker.Mock()
        self.log = mocker.Mock()
        for name in ("boards", "messenger", "stop_team", "bell"):
            self.log.attach_mock(getattr(self, name), name)
        self.boards.tally.return_value = BUSY
        self.boards.begin.return_value = True
        self.boards.repost.return_value = True
        self.messenger.post_board.return_value = "8.8"
        self.messenger.find_board.return_value = None
        self.drawer = BoardDrawer(
            boards=self.boards,
            messenger=self.messenger,
            stop_team=self.stop_team,
            clock=FakeClock(),
            rules=BurstRules(),
            on_change=self.bell,
            dice=lambda: 0.0,
        )

    @property
    def done(self) -> list[Any]:
        """What was asked, without the looks at the board."""
        return [each for each in self.log.mock_calls if each[0] != "boards.tally"]

    async def fail(self, job: BoardJob, error: BotError) -> list[Any]:
        """Slack says that; returns what was done afterwards."""
        for method in (self.messenger.post_board, self.messenger.find_board, self.messenger.draw_board):
            method.side_effect = error
        with pytest.raises(type(error)):
            await self.drawer.draw(job)
        return [each for each in self.done if each[0].split(".")[0] != "messenger" and each[0] != "boards.begin"]


@pytest.fixture
def desk(mocker: MockerFixture) -> Desk:
    return Desk(mocker)


def put_off(job: BoardJob, wait: timedelta, *, is_unknown: bool) -> Any:
    return call.boards.put_off(job, due_at=READ_AT + wait, is_unknown=is_unknown)


class TestDrawing:
    async def test_redrawn_as_it_is_now(self, desk: Desk) -> None:
        await desk.drawer.draw(STANDING)
        assert desk.done == [call.messenger.draw_board(STANDING, BUSY), call.boards.mark(STANDING, ts="7.7")]

    async def test_posted_after_that_was_put_down(self, desk: Desk) -> None:
        await desk.drawer.draw(NEW)
        assert desk.done == [
            call.boards.begin(NEW), call.messenger.post_board(NEW, BUSY), call.boards.mark(NEW, ts="8.8"),
        ]  # fmt: skip

    async def test_it_is_somebody_elses_by_now(self, desk: Desk) -> None:
        desk.boards.begin.return_value = False
        await desk.drawer.draw(NEW)
        assert desk.done == [call.boards.begin(NEW)]

    async def test_one_that_may_be_there_is_looked_for_first(self, desk: Desk) -> None:
        desk.messenger.find_board.return_value = "6.6"
        await desk.drawer.draw(BEGUN)
        assert desk.done == [
            call.messenger.find_board(BEGUN),
            call.boards.mark(replace(BEGUN, wanted=3), ts="6.6"),
        ]

    async def test_and_posted_if_it_is_not(self, desk: Desk) -> None:
        await desk.drawer.draw(BEGUN)
        assert desk.done[-1] == call.boards.mark(BEGUN, ts="8.8")

    async def test_no_memory(self, desk: Desk) -> None:
        desk.boards.tally.side_effect = StoreUnavailable("time-out")
        with pytest.raises(StoreUnavailable):
            await desk.drawer.draw(STANDING)
        assert not desk.done


class TestClosing:
    async def test_closed_when_the_burst_is_over_and_drawn_so(self, desk: Desk) -> None:
        desk.boards.tally.side_effect = [QUIET, LAST]
        desk.boards.close.return_value = CLOSED
        await desk.drawer.draw(STANDING)
        assert desk.done == [
            call.boards.close(STANDING, most=10),
            call.bell(),
            call.messenger.draw_board(CLOSED, LAST),
            call.boards.mark(CLOSED, ts="7.7"),
        ]

    async def test_somebody_else_has_it(self, desk: Desk) -> None:
        desk.boards.tally.return_value = QUIET
        desk.boards.close.return_value = None
        await desk.drawer.draw(STANDING)
        assert desk.done == [call.boards.close(STANDING, most=10)]

    async def test_once(self, desk: Desk) -> None:
        desk.boards.tally.return_value = QUIET
        await desk.drawer.draw(CLOSED)
        assert desk.done == [call.messenger.draw_board(CLOSED, QUIET), call.boards.mark(CLOSED, ts="7.7")]


class TestFailures:
    @pytest.mark.parametrize(
        ("job", "error", "wait", "is_unknown"),
        [
            (NEW, UNKNOWN, 5 * SECOND, True),
            (NEW, REFUSED, 30 * SECOND, False),
            (BEGUN, REFUSED, 30 * SECOND, True),
            (STANDING, UNKNOWN, 5 * SECOND, True),
        ],
    )
    async def test_slack_does_not_answer(
        self, desk: Desk, job: BoardJob, error: BotError, wait: timedelta, is_unknown: bool
    ) -> None:
        assert await desk.fail(job, error) == [put_off(job, wait, is_unknown=is_unknown)]

    async def test_longer_each_time(self, desk: Desk) -> None:
        tired = replace(STANDING, failures=30)
        assert await desk.fail(tired, UNKNOWN) == [put_off(tired, MINUTE, is_unknown=True)]

    async def test_but_no_longer_than_slack_asks_where_it_says_so(self, desk: Desk) -> None:
        quick = SlackUnavailable("ratelimited", retry_after=1)
        for job, wait, is_unknown in ((NEW, SECOND, False), (STANDING, 5 * SECOND, True)):
            tired = replace(job, failures=30)
            assert (await desk.fail(tired, quick))[-1] == put_off(tired, wait, is_unknown=is_unknown)

    @pytest.mark.parametrize("error", [TokenRefused("invalid_auth"), PermanentError("invalid_blocks")])
    async def test_what_is_no_fault_of_the_channels(self, desk: Desk, error: BotError) -> None:
        assert await desk.fail(STANDING, error) == [put_off(STANDING, 5 * SECOND, is_unknown=True)]
        assert (await desk.fail(NEW, error))[-1] == put_off(NEW, 5 * SECOND, is_unknown=False)

    async def test_uninstalled(self, desk: Desk) -> None:
        assert await desk.fail(STANDING, AppUninstalled("token_revoked")) == [call.stop_team(TEAM)]

    async def test_the_channel_refuses(self, desk: Desk) -> None:
        refusal = [call.boards.pause(STANDING, reason="is_archived"), call.bell()]
        assert await desk.fail(STANDING, ChannelUnavailable("is_archived")) == refusal

    @pytest.mark.parametrize("error", [MessageGone("message_not_found"), EditRefused("cant_update_message")])
    async def test_gone_for_us_and_posted_anew_once(self, desk: Desk, error: BotError) -> None:
        assert await desk.fail(STANDING, error) == [call.boards.repost(STANDING)]
        desk.boards.repost.return_value = False
        assert (await desk.fail(STANDING, error))[1:] == [call.boards.repost(STANDING), call.boards.give_up(STANDING)]
