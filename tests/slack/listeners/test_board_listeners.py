"""The listeners, as far as they lead to a board: all its calls in a modal, page by page, and one of them on top."""

from typing import Any

import pytest

from bot.core.calls import CallStatus
from bot.core.errors import StoreUnavailable
from bot.slack.boards import BOARD_GONE, NOT_ITS_CHANNEL
from bot.slack.payloads import UNREADABLE_BUTTON, Asked
from bot.slack.sentences import OUTSIDER
from tests.core.making import make_reading
from tests.slack.bursts import make_board
from tests.slack.judges import judge_view
from tests.slack.listeners.door import CHANNEL, ONE, PUBLIC, TEAM, Bot, about, labels, pressed, pressed_in_modal

HERE = Asked(channel=CHANNEL)
THERE = Asked(channel=CHANNEL, board="board-1")
BOARD = Asked(board="board-1").encode()


@pytest.fixture
def bot() -> Bot:
    """With a board of 23 calls."""
    bot = Bot()
    bot.boards.boards["board-1"] = make_board(team_id=TEAM, channel_id=CHANNEL)
    bot.boards.calls = [make_reading(CallStatus.UNANSWERED, n=n) for n in range(1, 24)]
    return bot


def view_in(bot: Bot) -> dict[str, Any]:
    """The view that was shown last."""
    view: dict[str, Any] = bot.said[-1].arguments["view"]
    return view


async def test_see_all_opens_a_modal_with_the_first_page(bot: Bot) -> None:
    await bot.take(pressed("see_all", BOARD, **PUBLIC))
    assert [said.how for said in bot.said] == ["views.open", "views.update"]
    view = view_in(bot)
    judge_view(view)
    assert view["title"]["text"] == "Calls of a burst"
    assert Asked.parse(view["private_metadata"]) == THERE
    assert "Page 1 of 3" in bot.said[-1].text
    assert not bot.samora.asked
    assert bot.seen == [("action.see_all", "answered")]


@pytest.mark.parametrize(("page", "turns"), [(1, ["Previous", "Next"]), (2, ["Previous"]), (9, ["Previous"])])
async def test_pages_are_turned_in_the_modal(bot: Bot, page: int, turns: list[str]) -> None:
    """The last one, if there is none of that number any more."""
    await bot.take(pressed_in_modal(f"board_page:{page}", Asked(board="board-1", page=page).encode(), origin=HERE))
    (said,) = bot.said
    assert (said.how, said.arguments["view_id"]) == ("views.update", "V0OPEN")
    assert f"Page {min(page, 2) + 1} of 3" in said.text
    assert labels(said) == turns


def chosen(status: str, *, origin: Asked = THERE, **changes: Any) -> Any:
    """A choice of the modal's, as Slack sends it: docs.slack.dev/reference/block-kit/block-elements."""
    payload = pressed_in_modal("board_status", "", origin=origin, **changes)
    option = {"text": {"type": "plain_text", "text": "whatever"}, "value": status}
    payload["actions"] = [{"type": "static_select", "action_id": "board_status", "selected_option": option}]
    return payload


async def test_one_status_is_chosen_in_the_modal_and_stays_when_pages_are_turned(bot: Bot) -> None:
    bot.boards.calls += [make_reading(CallStatus.REJECTED, n=n) for n in range(24, 36)]
    await bot.take(chosen("REJECTED"))
    (said,) = bot.said
    assert (said.how, said.arguments["view_id"]) == ("views.update", "V0OPEN")
    judge_view(view_in(bot))
    assert "*12 calls* · newest first" in said.text
    assert "Unanswered ·" not in said.text
    assert Asked.parse(view_in(bot)["private_metadata"]) == THERE
    turn = view_in(bot)["blocks"][-1]["elements"][0]
    await bot.take(pressed_in_modal(turn["action_id"], turn["value"], origin=THERE, trigger_id="1.1.turn"))
    assert "Page 2 of 2" in bot.said[-1].text
    assert view_in(bot)["blocks"][0]["accessory"]["initial_option"]["value"] == "REJECTED"
    assert bot.seen == [("action.board_status", "answered"), ("action.board_page", "answered")]


@pytest.mark.parametrize("status", ["all", "", "NEVER_HEARD_OF"])
async def test_all_are_chosen(bot: Bot, status: str) -> None:
    await bot.take(chosen(status))
    assert "*23 calls*" in bot.said[-1].text


async def test_a_choice_in_another_modal_is_refused(bot: Bot) -> None:
    await bot.take(chosen("REJECTED", origin=HERE))
    assert UNREADABLE_BUTTON in bot.said[-1].text


async def test_a_choice_that_the_memory_does_not_answer_is_made_again(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_board_id: str) -> None:
        raise StoreUnavailable("time-out")

    with monkeypatch.context() as broken:
        broken.setattr(bot.boards, "find", fail)
        await bot.take(chosen("REJECTED"))
    again = view_in(bot)["blocks"][-1]["elements"][0]["value"]
    await bot.take(pressed_in_modal("try_again", again, origin=HERE, trigger_id="1.1.again"))
    assert "No call is like that now." in bot.said[-1].text


async def test_calls_of_the_modal_bear_their_agents_names(bot: Bot) -> None:
    bot.names.names[TEAM, "agent-7"] = "Collections"
    await bot.take(pressed("see_all", BOARD, **PUBLIC))
    assert bot.said[-1].text.count("*Collections*") == 10


async def test_a_call_is_shown_on_top_so_that_the_page_is_still_there(bot: Bot) -> None:
    await bot.take(pressed_in_modal("board_show:3", about(), origin=HERE))
    assert [said.how for said in bot.said] == ["views.push", "views.update"]
    assert bot.said[-1].arguments["view_id"] == "V0NEW"
    assert ONE in bot.said[-1].text
    assert bot.samora.asked == [ONE]


async def test_a_call_of_the_board_itself_is_shown_to_the_presser_alone(bot: Bot) -> None:
    await bot.take(pressed("show_call:0", about(), **PUBLIC))
    (said,) = bot.said
    assert not said.arguments["in_channel"]
    assert not said.arguments["replace_original"]
    assert ONE in said.text


@pytest.mark.parametrize(
    ("board", "said"),
    [
        (None, BOARD_GONE),
        (make_board(team_id="T0OTHER", channel_id=CHANNEL), BOARD_GONE),
        (make_board(team_id=TEAM, channel_id="C0OTHER"), NOT_ITS_CHANNEL),
    ],
)
async def test_only_in_its_own_channel(bot: Bot, board: Any, said: str) -> None:
    bot.boards.boards = {"board-1": board} if board else {}
    await bot.take(pressed("see_all", BOARD, **PUBLIC))
    assert said in bot.said[-1].text


async def test_people_from_outside_and_those_who_may_not_see_nothing() -> None:
    bot = Bot(users=frozenset({"U0JON"}))
    bot.boards.boards["board-1"] = make_board(team_id=TEAM, channel_id=CHANNEL)
    await bot.take(pressed("see_all", BOARD, **PUBLIC))
    assert bot.seen == [("action.see_all", "NotAllowed")]
    stranger = {"id": "U0OUT", "username": "out", "team_id": "T0PARTNER"}
    await bot.take(pressed("see_all", BOARD, **PUBLIC, user=stranger, trigger_id="1.1.other"))
    assert bot.said[-1].text.count(OUTSIDER.text) == 1


async def test_a_memory_that_does_not_answer_can_be_asked_again(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_board_id: str) -> None:
        raise StoreUnavailable("time-out")

    with monkeypatch.context() as broken:
        broken.setattr(bot.boards, "find", fail)
        await bot.take(pressed_in_modal("board_page:1", Asked(board="board-1", page=1).encode(), origin=HERE))
    assert labels(bot.said[-1]) == ["Try again"]
    again = view_in(bot)["blocks"][-1]["elements"][0]["value"]
    await bot.take(pressed_in_modal("try_again", again, origin=HERE, trigger_id="1.1.again"))
    assert bot.said[-1].arguments["view_id"] == "V0OPEN"
    assert "Page 2 of 3" in bot.said[-1].text


async def test_a_button_without_a_board(bot: Bot) -> None:
    await bot.take(pressed("see_all", Asked().encode(), **PUBLIC))
    assert UNREADABLE_BUTTON in bot.said[-1].text
