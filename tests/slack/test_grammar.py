"""The grammar of the slash command and of a mention."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.grammar import SUBCOMMANDS, Command, find_nearest, read_command
from tests.factories import make_call_id

ID = str(make_call_id())
ABOUT_CALLS = [name for name in SUBCOMMANDS if name != "name"]


@pytest.mark.parametrize("text", ["", " ", "\n\t", "help", "HELP", " help me ", "Help"])
def test_nothing_and_help_mean_help(text: str) -> None:
    assert read_command(text).name == "help"


@pytest.mark.parametrize("name", ABOUT_CALLS)
@pytest.mark.parametrize("spelt", [str.lower, str.upper, str.capitalize])
def test_a_subcommand_is_known_in_any_case_with_its_call(name: str, spelt: type[str]) -> None:
    text = f"{spelt(name)}  `{ID.upper()}` thread"
    assert read_command(text) == Command(name, (make_call_id(),), text)


@pytest.mark.parametrize(
    "text",
    [
        ID,
        ID.upper(),
        ID.replace("-", ""),
        f"`{ID}`",
        f"<https://app.samora.ai/calls/{ID}|x>",
        f"what about {ID}?",
        f"call {ID}",
        f"show {ID}",
        f"please subscribe nobody to {ID}",
    ],
)
def test_a_text_with_one_id_is_that_call(text: str) -> None:
    command = read_command(text)
    assert (command.name, command.call_id) == ("", make_call_id())


@pytest.mark.parametrize(
    "text", [f"Last agent {ID} was odd", f"Same as {ID}", f"Last call {ID} was odd", f"Listen to {ID}", f"Lost: {ID}"]
)
def test_a_sentence_that_begins_almost_like_a_subcommand_is_still_a_call(text: str) -> None:
    assert read_command(text).call_id == make_call_id()


@pytest.mark.parametrize(
    "text",
    [f"subscirbe {ID}", f"unsubscibe {ID}", f"Subscribed {ID}", f"subscirbe agent {ID}", f"unsubscibe Agent: {ID}"],
)
def test_a_misspelt_subcommand_looks_nothing_up(text: str) -> None:
    assert read_command(text) == Command("", (), text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [("", ""), ("list", ""), ("unsubscribe all", "all"), (f"subscribe  {ID}  to:card ", f"{ID}  to:card ")],
)
def test_the_rest_is_what_stands_after_the_first_word(text: str, rest: str) -> None:
    assert read_command(text).rest == rest


@pytest.mark.parametrize("name", ABOUT_CALLS)
def test_an_id_that_slack_put_into_a_link_is_one_id(name: str) -> None:
    """With should_escape, a pasted address arrives in angle brackets, with or without a label."""
    for link in (f"<https://app.samora.ai/calls/{ID}>", f"<https://app.samora.ai/calls/{ID}|app.samora.ai/calls/{ID}>"):
        assert read_command(f"{name} {link} to:card").call_ids == (make_call_id(),)


def test_several_ids_are_several_calls_and_no_single_one() -> None:
    command = read_command(f"{ID} {make_call_id(2)} {ID}")
    assert command.call_ids == (make_call_id(1), make_call_id(2))
    assert command.call_id is None


@pytest.mark.parametrize("text", ["blah", "unsubscribe all", "list", "🤷"])
def test_without_an_id_there_is_no_call(text: str) -> None:
    assert read_command(text).call_id is None


@pytest.mark.parametrize(
    ("text", "name", "agent"),
    [
        (f"subscribe agent {ID} to:card", "subscribe", f"{ID} to:card"),
        (f"Subscribe to the Agent\n{ID}", "subscribe", ID),
        ("subscribe agent", "subscribe", ""),
        (f"subscribe agent: {ID}", "subscribe", ID),
        (f"unsubscribe agent:{ID}", "unsubscribe", ID),
        (f"unsubscribe agent {ID} ", "unsubscribe", ID),
        (f" unsubscribe from agent {ID}", "unsubscribe", ID),
        (f"name {ID} Collections", "name", f"{ID} Collections"),
        (f"NAME agent {ID} -", "name", f"{ID} -"),
        ("name", "name", ""),
    ],
)
def test_what_is_about_an_agent_names_no_call_whatever_its_id_looks_like(text: str, name: str, agent: str) -> None:
    assert read_command(text) == Command(name, (), text, agent)


@pytest.mark.parametrize(
    "text", [f"subscribe {ID} agent", f"subscribe agents {ID}", f"list agent {ID}", f"agent {ID}", f"names {ID}"]
)
def test_what_only_looks_like_it_is_about_an_agent_is_not(text: str) -> None:
    assert read_command(text).agent is None


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("subscirbe", "subscribe"),
        ("SUBSCRIB", "subscribe"),
        ("unsubscibe", "unsubscribe"),
        ("lst", "list"),
        ("hepl", "help"),
        ("sub", "subscribe"),
        ("Unsub", "unsubscribe"),
        ("doc", "doctor"),
        ("su", None),
        ("docter", "doctor"),
        ("blah", None),
        ("", None),
        ("x" * 100_000, None),
        (ID, None),
    ],
)
def test_the_nearest_subcommand_is_found_if_one_is_near(word: str, nearest: str | None) -> None:
    assert find_nearest(word) == nearest


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_every_text_is_understood_somehow(text: str) -> None:
    command = read_command(text)
    assert command.name in {"", *SUBCOMMANDS}
    assert command.text == text
