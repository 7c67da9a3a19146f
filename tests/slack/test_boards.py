"""The board of a burst, and the modal with its calls: what they say, and that Slack takes them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from bot.core.boards import BoardJob, Tally
from bot.core.calls import Call, CallStatus
from bot.core.errors import ChannelUnavailable, TokenRefused
from bot.slack.blocks import Message, local, utc
from bot.slack.boards import PER_PAGE, SEE_ALL, board_message, board_view
from bot.slack.deliveries import Deliveries
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked
from tests.core.making import make_reading
from tests.factories import CHANNEL, READ_AT, make_call_id
from tests.slack.bursts import make_board
from tests.slack.judges import LONGEST_CARD, judge_message, judge_view, parts_of
from tests.slack.people import KnownPeople, make_access

FINISHED, UNANSWERED, REJECTED = CallStatus.CALL_FINISHED, CallStatus.UNANSWERED, CallStatus.REJECTED
CLOSED = {"closed_at": READ_AT}


def failures(count: int = 5) -> tuple[Call, ...]:
    return tuple(make_reading(UNANSWERED if n % 2 else REJECTED, n=n) for n in range(1, count + 1))


def shown(message: Message) -> str:
    return json.dumps(message.blocks, ensure_ascii=False)


def squares(tally: Tally) -> str:
    return "".join(each for each in shown(board_message(make_board(), tally)) if each in "🟩🟧🟥🟦🟪🟨⬜")


class TestMessage:
    def test_an_open_board(self) -> None:
        tally = Tally(
            by_status={FINISHED: 10, UNANSWERED: 5, CallStatus.ONGOING: 5},
            last_minute=12,
            failures=failures(2),
            unfinished=5,
        )
        board = make_board()
        message = board_message(board, tally)
        judge_message(message, longest=LONGEST_CARD)
        header, counts, _, first, second, times, actions = message.blocks
        assert header["text"]["text"] == "📊 Many calls at once: 20 calls"
        assert counts["text"]["text"] == (
            f"{'🟩' * 10}{'🟧' * 5}{'🟦' * 5}\n✅ *10* Finished · 📵 *5* Unanswered · 📞 *5* Ongoing"
        )
        ended_at = tally.failures[0].ended_at
        assert ended_at
        assert first["text"]["text"] == f"📵 Unanswered · `00000001` · {local(ended_at)}"
        assert first["accessory"]["action_id"] == "show_call:0"
        assert Asked.parse(first["accessory"]["value"]).call_id == make_call_id(1)
        assert second["accessory"]["action_id"] == "show_call:1"
        assert "12 calls in the last minute" in times["elements"][0]["text"]
        assert local(board.opened_at) in times["elements"][0]["text"]
        (see_all,) = actions["elements"]
        assert (see_all["action_id"], Asked.parse(see_all["value"]).board) == (SEE_ALL, "board-1")
        assert message.text == (
            "Many calls at once: 20 calls. 10 finished, 5 unanswered, 5 ongoing. 12 calls in the last minute · since "
            f"{utc(board.opened_at)} · new calls go onto this board instead of cards of their own"
        )

    def test_a_closed_board_has_the_final_figures(self) -> None:
        board = make_board(**CLOSED)
        message = board_message(board, Tally(by_status={FINISHED: 5_000}, last_minute=3))
        judge_message(message)
        assert message.blocks[0]["text"]["text"] == "📊 Burst over: 5,000 calls"
        assert f"until {local(READ_AT)} · all are over" in shown(message)
        assert "in the last minute" not in shown(message)
        running = board_message(board, Tally(by_status={FINISHED: 1, CallStatus.ONGOING: 1}, unfinished=1))
        assert "1 call not over yet" in shown(running)

    def test_people_are_named_when_it_is_posted_and_not_afterwards(self) -> None:
        tally = Tally(by_status={FINISHED: 11})
        message = board_message(make_board(), tally, mention="U111,S222")
        judge_message(message, ours=["<@U111>", "<!subteam^S222>"])
        for named in (message.text, shown(message)):
            assert "<@U111> <!subteam^S222>" in named
        assert "<@" not in board_message(make_board(), tally).text + shown(board_message(make_board(), tally))

    def test_whatever_there_is_has_a_square(self) -> None:
        assert squares(Tally(by_status={FINISHED: 4_999, REJECTED: 1})) == "🟩" * 19 + "🟥"
        assert squares(Tally(by_status={"PARKED": 1, "RINGING": 1})) == "⬜" * 20

    def test_statuses_that_nobody_knows_are_counted_together(self) -> None:
        message = board_message(make_board(), Tally(by_status={"<!channel>": 2, "PARKED": 1, FINISHED: 1}))
        judge_message(message)
        assert "◽ *3* Other" in shown(message)

    def test_a_board_whose_calls_were_forgotten(self) -> None:
        message = board_message(make_board(**CLOSED), Tally())
        judge_message(message)
        assert "No calls are left on it." in shown(message)

    @given(
        st.dictionaries(st.sampled_from([*CallStatus, "PARKED", "x"]), st.integers(0, 100_000)),
        st.integers(0, 5),
        st.booleans(),
    )
    def test_slack_takes_all_of_them(self, by_status: dict[str, int], failed: int, is_closed: bool) -> None:
        tally = Tally(by_status=by_status, last_minute=100_000, failures=failures(failed), unfinished=7)
        judge_message(board_message(make_board(**CLOSED if is_closed else {}), tally), longest=LONGEST_CARD)
        assert len(squares(tally)) == (20 if tally.count else 0)


class TestView:
    def test_a_page_with_all_its_buttons(self) -> None:
        calls = [make_reading(FINISHED, n=n) for n in range(1, PER_PAGE + 1)]
        origin = Asked(channel=CHANNEL)
        view = board_view(make_board(), calls, count=25, page=1, origin=origin)
        judge_view(view)
        assert Asked.parse(view["private_metadata"]) == origin
        buttons = [part for part in parts_of(view) if part.get("type") == "button"]
        assert [(each["text"]["text"], each["action_id"]) for each in buttons] == [
            *(("Show", f"board_show:{n}") for n in range(PER_PAGE)),
            ("Previous", "board_page:0"),
            ("Next", "board_page:2"),
        ]
        assert [Asked.parse(each["value"]).call for each in buttons[:2]] == [str(make_call_id(n)) for n in (1, 2)]
        assert Asked.parse(buttons[-1]["value"]) == Asked(board="board-1", page=2)
        assert "Page 2 of 3" in json.dumps(view)
        assert "25 calls" in json.dumps(view)

    @pytest.mark.parametrize(("page", "turns"), [(0, ["Next"]), (2, ["Previous"])])
    def test_the_first_and_the_last_page(self, page: int, turns: list[str]) -> None:
        view = board_view(make_board(), [make_reading(FINISHED)], count=25, page=page, origin=Asked())
        assert [each["text"]["text"] for each in view["blocks"][-1]["elements"]] == turns

    def test_a_page_alone_and_none_at_all(self) -> None:
        for calls in ([make_reading(CallStatus.PENDING)], []):
            view = board_view(make_board(), calls, count=len(calls), page=0, origin=Asked())
            judge_view(view)
            assert "Page" not in json.dumps(view)

    def test_a_status_from_elsewhere_stays_text(self) -> None:
        call = make_reading("<!here>*bold*", ended=False)
        judge_view(board_view(make_board(), [call], count=1, page=0, origin=Asked()))


class TestDeliveries:
    """As they reach the messenger."""

    @pytest.fixture
    def spoken(self, mocker: MockerFixture) -> Any:
        messenger = mocker.create_autospec(Messenger, instance=True)
        messenger.post.return_value = "9.9"
        messenger.find.return_value = "5.5"
        return messenger

    @pytest.fixture
    def deliveries(self, spoken: Any) -> Deliveries:
        return Deliveries(messenger=spoken, access=make_access(KnownPeople()))

    JOB = BoardJob(board=make_board(), key="board-1.board.1", mention="U111", wanted=2, lease="lease")
    TALLY = Tally(by_status={FINISHED: 11})

    async def test_posted_under_its_key_with_whom_it_mentions(self, spoken: Any, deliveries: Deliveries) -> None:
        assert await deliveries.post_board(self.JOB, self.TALLY) == "9.9"
        message = board_message(self.JOB.board, self.TALLY, mention="U111")
        spoken.post.assert_awaited_once_with(channel=CHANNEL, thread_ts="", message=message, key="board-1.board.1")

    async def test_redrawn_in_its_place(self, spoken: Any, deliveries: Deliveries) -> None:
        await deliveries.draw_board(self.JOB, self.TALLY)
        message = board_message(self.JOB.board, self.TALLY)
        spoken.update.assert_awaited_once_with(channel=CHANNEL, ts="7.7", message=message)

    async def test_looked_for_by_its_key(self, spoken: Any, deliveries: Deliveries) -> None:
        begun = READ_AT - timedelta(minutes=1)
        job = BoardJob(board=make_board(ts=""), key="key", wanted=1, lease="lease", begun_at=begun)
        assert await deliveries.find_board(job) == "5.5"
        spoken.find.assert_awaited_once_with(channel=CHANNEL, thread_ts="", key="key", since=begun)
        for error in (TokenRefused("missing_scope"), ChannelUnavailable("not_in_channel")):
            spoken.find.side_effect = error
            assert await deliveries.find_board(job) is None
