"""The board of a burst, and the modal with its calls: what they say, and that Slack takes them."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from bot.core.boards import BoardJob, Tally
from bot.core.calls import Call, CallStatus
from bot.core.errors import ChannelUnavailable, TokenRefused
from bot.slack.blocks import Block, Message, local, utc
from bot.slack.boards import PER_PAGE, SEE_ALL, board_message, board_view, read_status
from bot.slack.deliveries import Deliveries
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked
from tests.core.making import make_reading
from tests.factories import CHANNEL, HOSTILE_TEXTS, READ_AT, make_call_id
from tests.slack.agents import AGENT, make_names
from tests.slack.bursts import make_board
from tests.slack.judges import LONGEST_CARD, judge_message, judge_view, parts_of
from tests.slack.people import KnownPeople, make_access

FINISHED, UNANSWERED, REJECTED = CallStatus.CALL_FINISHED, CallStatus.UNANSWERED, CallStatus.REJECTED
CLOSED = {"closed_at": READ_AT}
OTHER, THIRD = "7f3a2c1e-5b64-4d0f-9a1b-3c8e2f6d7a10", "123e4567-e89b-12d3-a456-426614174000"
NAMES = {AGENT: "Collections"}


def failures(count: int = 5) -> tuple[Call, ...]:
    return tuple(make_reading(UNANSWERED if n % 2 else REJECTED, n=n) for n in range(1, count + 1))


def shown(message: Message) -> str:
    return json.dumps(message.blocks, ensure_ascii=False)


def view_of(calls: list[Call], **changes: Any) -> Block:
    given = {"count": len(calls), "page": 0, "status": None, "names": {}, "origin": Asked()} | changes
    return board_view(make_board(), calls, **given)


def squares(tally: Tally) -> str:
    return "".join(each for each in shown(board_message(make_board(), tally, names={})) if each in "🟩🟧🟥🟦🟪🟨⬜")


class TestMessage:
    def test_an_open_board(self) -> None:
        tally = Tally(
            by_status={FINISHED: 10, UNANSWERED: 5, CallStatus.ONGOING: 5},
            last_minute=12,
            failures=failures(2),
            unfinished=5,
        )
        board = make_board()
        message = board_message(board, tally, names={})
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
        message = board_message(board, Tally(by_status={FINISHED: 5_000}, last_minute=3), names={})
        judge_message(message)
        assert message.blocks[0]["text"]["text"] == "📊 Burst over: 5,000 calls"
        assert f"until {local(READ_AT)} · all are over" in shown(message)
        assert "in the last minute" not in shown(message)
        running = board_message(board, Tally(by_status={FINISHED: 1, CallStatus.ONGOING: 1}, unfinished=1), names={})
        assert "1 call not over yet" in shown(running)

    def test_what_is_not_over_but_not_followed_any_more_is_not_said_to_be_over(self) -> None:
        board = make_board(**CLOSED)
        ended = board_message(board, Tally(by_status={FINISHED: 2, CallStatus.ONGOING: 1}), names={})
        assert "· 1 call not over, and not followed any more" in shown(ended)
        assert "all are over" not in shown(ended) + ended.text
        mixed = board_message(board, Tally(by_status={CallStatus.ONGOING: 5}, unfinished=2), names={})
        assert "· 2 calls not over yet · 3 calls not over, and not followed any more" in shown(mixed)

    def test_people_are_named_when_it_is_posted_and_not_afterwards(self) -> None:
        tally = Tally(by_status={FINISHED: 11})
        message = board_message(make_board(), tally, names={}, mention="U111,S222")
        judge_message(message, ours=["<@U111>", "<!subteam^S222>"])
        for named in (message.text, shown(message)):
            assert "<@U111> <!subteam^S222>" in named
        later = board_message(make_board(), tally, names={})
        assert "<@" not in later.text + shown(later)

    def test_whatever_there_is_has_a_square(self) -> None:
        assert squares(Tally(by_status={FINISHED: 4_999, REJECTED: 1})) == "🟩" * 19 + "🟥"
        assert squares(Tally(by_status={"PARKED": 1, "RINGING": 1})) == "⬜" * 20

    def test_statuses_that_nobody_knows_are_counted_together(self) -> None:
        message = board_message(make_board(), Tally(by_status={"<!channel>": 2, "PARKED": 1, FINISHED: 1}), names={})
        judge_message(message)
        assert "◽ *3* Other" in shown(message)

    def test_a_board_whose_calls_were_forgotten(self) -> None:
        message = board_message(make_board(**CLOSED), Tally(), names={})
        judge_message(message)
        assert "No calls are left on it." in shown(message)

    @given(
        st.dictionaries(st.sampled_from([*CallStatus, "PARKED", "x"]), st.integers(0, 100_000)),
        st.integers(0, 5),
        st.booleans(),
    )
    def test_slack_takes_all_of_them(self, by_status: dict[str, int], failed: int, is_closed: bool) -> None:
        tally = Tally(by_status=by_status, last_minute=100_000, failures=failures(failed), unfinished=7)
        board = make_board(**CLOSED if is_closed else {})
        judge_message(board_message(board, tally, names={}), longest=LONGEST_CARD)
        assert len(squares(tally)) == (20 if tally.count else 0)

    def test_whose_calls_they_are(self) -> None:
        tally = Tally(by_status={FINISHED: 11}, by_agent={AGENT: 11}, failures=failures(1))
        for names, said in (({AGENT: "Collections"}, "*Collections*"), ({AGENT: ""}, "agent `8a1f3c5e`")):
            message = board_message(make_board(), tally, names=names)
            judge_message(message)
            assert message.blocks[1]["text"]["text"].startswith(f"Calls of {said}\n🟩")
            assert message.text.startswith(f"Many calls at once: 11 calls of {said.strip('*')}. 11 finished")
            assert said not in shown(message).partition("Latest failures")[2]

    def test_several_agents_with_their_figures(self) -> None:
        failed = tuple(replace(call, agent_id=OTHER) for call in failures(1))
        tally = Tally(by_status={FINISHED: 5}, by_agent={THIRD: 1, OTHER: 1, AGENT: 3_000}, failures=failed)
        message = board_message(make_board(), tally, names={AGENT: "Collections", OTHER: "<!channel>*Sales*"})
        judge_message(message)
        said = message.blocks[1]["text"]["text"].splitlines()[0]
        assert said == "Calls of *Collections* (3,000), agent `123e4567` (1) and *&lt;!channel&gt;∗Sales∗* (1)"
        assert message.blocks[3]["text"]["text"].endswith("\n*&lt;!channel&gt;∗Sales∗*")

    def test_strangers_are_not_told_of_agents(self) -> None:
        tally = Tally(by_status={FINISHED: 2}, by_agent={AGENT: 1, OTHER: 1}, failures=failures(1))
        message = board_message(make_board(), tally, names=None)
        assert not re.search("8a1f3c5e|7f3a2c1e|agent-7|Calls of", message.text + shown(message))

    def test_as_many_agents_as_a_channel_may_follow(self) -> None:
        by_agent = {f"{AGENT[:-2]}{number:02}": number for number in range(1, 26)}
        tally = Tally(by_status={FINISHED: 325}, by_agent=by_agent, failures=failures())
        message = board_message(make_board(), tally, names={})
        judge_message(message, longest=LONGEST_CARD)
        assert message.text.count("agent `8a1f3c5e` (") == 25

    @given(st.lists(HOSTILE_TEXTS.map(lambda text: text[:80]), min_size=1, max_size=5))
    def test_however_they_are_called(self, called: list[str]) -> None:
        names = {f"{AGENT[:-2]}{number:02}": name for number, name in enumerate(called)}
        failed = tuple(replace(call, agent_id=each) for call, each in zip(failures(), names, strict=False))
        tally = Tally(by_status={FINISHED: 5}, by_agent=dict.fromkeys(names, 1), failures=failed)
        judge_message(board_message(make_board(), tally, names=names), longest=LONGEST_CARD)

    def test_those_with_too_long_names_are_counted(self) -> None:
        names = {f"{AGENT[:-2]}{number:02}": "\U0001f600" * 80 for number in range(25)}
        tally = Tally(by_status={FINISHED: 25}, by_agent=dict.fromkeys(names, 1))
        message = board_message(make_board(), tally, names=names)
        judge_message(message, longest=LONGEST_CARD)
        assert "and 22 more agents" in message.text


class TestView:
    def test_a_page_with_all_its_buttons(self) -> None:
        calls = [make_reading(FINISHED, n=n) for n in range(1, PER_PAGE + 1)]
        origin = Asked(channel=CHANNEL)
        view = view_of(calls, count=25, page=1, origin=origin)
        judge_view(view)
        assert Asked.parse(view["private_metadata"]) == Asked(channel=CHANNEL, board="board-1")
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
        view = view_of([make_reading(FINISHED)], count=25, page=page)
        assert [each["text"]["text"] for each in view["blocks"][-1]["elements"]] == turns

    def test_a_page_alone_and_none_at_all(self) -> None:
        for calls in ([make_reading(CallStatus.PENDING)], []):
            view = view_of(calls)
            judge_view(view)
            assert "Page" not in json.dumps(view)

    def test_a_status_from_elsewhere_stays_text(self) -> None:
        call = make_reading("<!here>*bold*", ended=False)
        judge_view(view_of([call]))

    def test_calls_of_one_status(self) -> None:
        view = view_of([make_reading(REJECTED, n=n) for n in (1, 2)], count=12, status=REJECTED)
        judge_view(view)
        choice = view["blocks"][0]["accessory"]
        assert choice["initial_option"]["text"]["text"] == "Rejected"
        assert [each["text"]["text"] for each in choice["options"]] == [
            *("All statuses", "Finished", "Unanswered", "Rejected", "Ongoing", "Triggered", "Pending"),
        ]
        assert Asked.parse(view["blocks"][-1]["elements"][0]["value"]) == Asked(
            board="board-1", page=1, status=REJECTED
        )
        assert [read_status(each["value"]) for each in choice["options"][:2]] == [None, FINISHED]
        assert view_of([])["blocks"][0]["accessory"]["initial_option"]["text"]["text"] == "All statuses"

    def test_no_call_is_like_that(self) -> None:
        view = view_of([], status=REJECTED)
        judge_view(view)
        assert "No call is like that now." in json.dumps(view)

    def test_each_call_says_whose_it_is(self) -> None:
        calls = [replace(make_reading(FINISHED), agent_id=each) for each in (AGENT.upper(), OTHER, None)]
        view = view_of(calls, names={AGENT: "Collections & Co"})
        judge_view(view)
        said = [block["text"]["text"].splitlines()[1:] for block in view["blocks"][1:]]
        assert said == [["*Collections &amp; Co*"], ["agent `7f3a2c1e`"], []]


class TestDeliveries:
    """As they reach the messenger."""

    @pytest.fixture
    def spoken(self, mocker: MockerFixture) -> Any:
        messenger = mocker.create_autospec(Messenger, instance=True)
        messenger.post.return_value = "9.9"
        messenger.find.return_value = "5.5"
        return messenger

    @pytest.fixture
    def people(self) -> KnownPeople:
        return KnownPeople()

    @pytest.fixture
    def deliveries(self, spoken: Any, people: KnownPeople) -> Deliveries:
        return Deliveries(messenger=spoken, access=make_access(people), names=make_names(NAMES))

    JOB = BoardJob(board=make_board(), key="board-1.board.1", mention="U111", wanted=2, lease="lease")
    TALLY = Tally(by_status={FINISHED: 11}, by_agent={AGENT: 11})

    async def test_posted_under_its_key_with_whom_it_mentions(self, spoken: Any, deliveries: Deliveries) -> None:
        assert await deliveries.post_board(self.JOB, self.TALLY) == "9.9"
        message = board_message(self.JOB.board, self.TALLY, names=NAMES, mention="U111")
        spoken.post.assert_awaited_once_with(channel=CHANNEL, thread_ts="", message=message, key="board-1.board.1")

    async def test_redrawn_in_its_place(self, spoken: Any, deliveries: Deliveries) -> None:
        await deliveries.draw_board(self.JOB, self.TALLY)
        message = board_message(self.JOB.board, self.TALLY, names=NAMES)
        spoken.update.assert_awaited_once_with(channel=CHANNEL, ts="7.7", message=message)
        assert "*Collections*" in shown(message)

    @pytest.mark.parametrize("sharing", ["shared", "unseen"])
    async def test_without_agents_where_others_may_read_along(
        self, spoken: Any, deliveries: Deliveries, people: KnownPeople, sharing: str
    ) -> None:
        getattr(people, sharing).add(CHANNEL)
        await deliveries.draw_board(self.JOB, self.TALLY)
        message = board_message(self.JOB.board, self.TALLY, names=None)
        spoken.update.assert_awaited_once_with(channel=CHANNEL, ts="7.7", message=message)

    async def test_looked_for_by_its_key(self, spoken: Any, deliveries: Deliveries) -> None:
        begun = READ_AT - timedelta(minutes=1)
        job = BoardJob(board=make_board(ts=""), key="key", wanted=1, lease="lease", begun_at=begun)
        assert await deliveries.find_board(job) == "5.5"
        spoken.find.assert_awaited_once_with(channel=CHANNEL, thread_ts="", key="key", since=begun)
        for error in (TokenRefused("missing_scope"), ChannelUnavailable("not_in_channel")):
            spoken.find.side_effect = error
            assert await deliveries.find_board(job) is None
