"""Filters: what may be typed, what is refused in words, and how they read as words."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.calls import CallStatus
from bot.core.errors import UserMistake
from bot.core.filters import DurationFilter, Filter, StatusFilter, VariableFilter
from bot.core.foreign import one_line
from bot.slack.agent_wish import read_choice, spell_wish
from bot.slack.blocks import Message
from bot.slack.filter_words import FILTER_EXAMPLE, filters_words
from bot.slack.sentences import error_message
from tests.factories import HOSTILE_TEXTS
from tests.slack.judges import judge_message

UNANSWERED, REJECTED, FINISHED = CallStatus.UNANSWERED, CallStatus.REJECTED, CallStatus.CALL_FINISHED
FINAL = [UNANSWERED, REJECTED, FINISHED]

TYPEABLE = HOSTILE_TEXTS.map(
    lambda text: (
        one_line("".join(character for character in text if character not in '"`“”„‟«»＂')).strip()[:60].strip()
    )
).filter(bool)
ALL_FILTERS = st.one_of(
    st.builds(StatusFilter, statuses=st.frozensets(st.sampled_from(CallStatus), min_size=1)),
    st.builds(
        StatusFilter,
        statuses=st.frozensets(st.sampled_from(FINAL), min_size=1, max_size=2),
        is_negated=st.just(True),
    ),
    st.builds(
        DurationFilter,
        than=st.integers(1, 86_400).map(lambda seconds: timedelta(seconds=seconds)),
        is_longer=st.booleans(),
    ),
    st.builds(VariableFilter, name=TYPEABLE, glob=TYPEABLE, is_negated=st.booleans()),
)


def read(text: str) -> tuple[Filter, ...]:
    options, filters, is_trial = read_choice(text)
    assert (options, is_trial) == (None, False)
    return filters


def mistake_in(text: str) -> str:
    with pytest.raises(UserMistake) as refused:
        read_choice(text)
    judge_message(error_message(refused.value, call_id=None, again=""))
    return refused.value.reason


def longer(**than: int) -> DurationFilter:
    return DurationFilter(than=timedelta(**than), is_longer=True)


def shorter(**than: int) -> DurationFilter:
    return DurationFilter(than=timedelta(**than), is_longer=False)


def status(*statuses: CallStatus, is_negated: bool = False) -> StatusFilter:
    return StatusFilter(statuses=frozenset(statuses), is_negated=is_negated)


# What may be typed


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("", ()),
        (FILTER_EXAMPLE, (status(UNANSWERED, REJECTED),)),
        ("status:finished duration>10s", (status(CallStatus.CALL_FINISHED), longer(seconds=10))),
        ("status:unanswered,rejected", (status(UNANSWERED, REJECTED),)),
        ("status:unanswered, rejected, duration>5m", (status(UNANSWERED, REJECTED), longer(minutes=5))),
        ("status:unanswered STATUS:Rejected", (status(UNANSWERED, REJECTED),)),
        ("status:call_finished", (status(FINISHED),)),
        ("-status:rejected", (status(REJECTED, is_negated=True),)),
        ("\u2013status:rejected", (status(REJECTED, is_negated=True),)),
        ("duration>5m", (longer(minutes=5),)),
        ("duration&gt;1h30m", (longer(minutes=90),)),
        ("duration < 10s duration > 5s", (shorter(seconds=10), longer(seconds=5))),
        ("duration<1m30s duration<1m30s", (shorter(seconds=90),)),
        ("var.city:Berlin", (VariableFilter(name="city", glob="Berlin"),)),
        ('var.city:"New York"', (VariableFilter(name="city", glob="New York"),)),
        ("var.city:\u201cNew  York\u201d", (VariableFilter(name="city", glob="New York"),)),
        ("-var.customer.plan:free*,", (VariableFilter(name="customer.plan", glob="free*", is_negated=True),)),
        ('var."first name":"A, B: &amp; C"', (VariableFilter(name="first name", glob="A, B: & C"),)),
        ('var."a:b":c', (VariableFilter(name="a:b", glob="c"),)),
        ("var.site:<https://acme.example|acme.example>", (VariableFilter(name="site", glob="acme.example"),)),
        ("var.site:<https://acme.example>", (VariableFilter(name="site", glob="https://acme.example"),)),
        ("var.mail:<mailto:jo@acme.example>", (VariableFilter(name="mail", glob="jo@acme.example"),)),
        ("var.mail:<mailto:jo@acme.example|jo@acme.example>", (VariableFilter(name="mail", glob="jo@acme.example"),)),
        ("`var.url:a=b&amp;c`", (VariableFilter(name="url", glob="a=b&c"),)),
    ],
)
def test_filters_are_read_as_they_were_meant(text: str, filters: tuple[Filter, ...]) -> None:
    assert read(text) == filters


@settings(max_examples=200, deadline=None)
@given(st.lists(ALL_FILTERS, max_size=6))
def test_what_a_button_carries_is_read_again_as_it_was(filters: list[Filter]) -> None:
    spelt = spell_wish(None, tuple(filters))
    try:
        first = read(spelt)
    except UserMistake:
        # They contradict each other.
        return
    assert read(spell_wish(None, first)) == first
    about_others = [each for each in dict.fromkeys(filters) if not isinstance(each, StatusFilter)]
    assert [each for each in first if not isinstance(each, StatusFilter)] == about_others


# What is refused


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("statsu:finished", "Did you mean `status:`"),
        ("-stauts:finished", "Did you mean `-status:`"),
        ("status", "Did you mean `status:`"),
        ("status:finishd", "Did you mean `status:finished`?"),
        ("-status:xyz", "I know pending, triggered, ongoing, finished, unanswered, rejected."),
        ("status:", "Name statuses"),
        ("duration:5m", "`duration>5m`"),
        ("durration>5m", "`duration>5m`"),
        ("duration>5", "`duration>5m`"),
        ("duration>", "`duration>5m`"),
        ("duration>5m3h", "`duration>5m`"),
        ("-duration>5m", "`duration>5m`"),
        ("duration>0s", "makes no sense"),
        ("duration<25h", "makes no sense"),
        ("duration<9999999s", "`duration>5m`"),
        ("var.city", "`var.city:Berlin`"),
        ("var.:Berlin", "`var.city:Berlin`"),
        ("var.city:", "`var.city:Berlin`"),
        ("var.city:Berlin, town", "I don't know the option `town`"),
        ("var.city:New York", "I don't know the option `York`."),
        ("var.city:New York", 'A value with blanks stands in quotation marks: `var.city:"New York"`.'),
        ('var.city:""', "`var.city:Berlin`"),
        ("variable.city:Berlin", "`var.city:Berlin`"),
        ('var.city:"New York', "A quotation mark is missing"),
        (f"var.{'n' * 65}:x", "at most 64 characters"),
        (f"var.n:{'x' * 101}", "its value 100"),
        ("limit:7", "the filters `status:`"),
        (" ".join(f"var.n{number}:x" for number in range(11)), "11 filters, and I take 10 at most"),
    ],
)
def test_what_means_nothing_is_refused_with_what_may_have_been_meant(text: str, words: str) -> None:
    assert words in mistake_in(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("duration>5m duration<1m", "No call is longer than 5 minutes and at the same time shorter than 1 minute."),
        ("duration>60s duration<1m", "No call is longer"),
        ("duration>1s duration<1h duration>2h", "longer than 2 hours and at the same time shorter than 1 hour"),
        ("status:rejected,finished -status:rejected", "You want calls that are Rejected, and you don't want them"),
        ("-status:rejected,ongoing", "No call ends Ongoing"),
        ("-status:rejected,finished,unanswered", "no way in which a call may end"),
        ("var.City:berlin -var.city:Berlin", "You want `var.City:berlin` and you don't want `var.city:Berlin`"),
        ("var.city:Berlin -var.city:B*", "You want `var.city:Berlin` and you don't want `var.city:B*`"),
        ("status:triggered -status:rejected", "a call isn't Triggered any more: none would ever match"),
        ("status:pending,triggered duration>5m", "a call isn't Pending or Triggered any more"),
        ("status:pending duration<5m", "a call isn't Pending any more"),
        ("status:rejected on:finished", "once these are Rejected, and `on:` wants their cards when they are Finished"),
        ("-status:rejected on:ongoing", "none would ever come"),
        ("duration<10s on:ongoing", "none would ever come"),
        ("duration>10s on:pending,triggered", "none would ever come"),
        ("status:triggered on:ongoing", "none would ever come"),
    ],
)
def test_what_no_call_can_be_is_refused(text: str, words: str) -> None:
    assert words in mistake_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "duration>1m duration<5m",
        "status:ongoing -status:rejected",
        "status:ongoing duration<10s",
        "status:ongoing on:finished",
        "-status:rejected on:ongoing,finished",
        "duration>10s on:ongoing",
        "var.city:Berlin -var.city:Bern",
        "var.city:B* -var.city:Berlin",
        "var.city:B* -var.city:B?",
        "var.city:Berlin -var.town:Berlin",
        " ".join(f"var.n{number}:x" for number in range(10)),
        f"var.{'n' * 64}:{'x' * 100}",
        "duration<24h",
    ],
)
def test_what_a_call_can_be_is_not(text: str) -> None:
    assert read_choice(text)[1]


def test_what_a_status_holds_back_may_still_come_where_it_is_one_of_several() -> None:
    options, filters, _ = read_choice("status:rejected,finished on:finished,ongoing")
    assert options is not None
    assert filters == (status(REJECTED, FINISHED),)


@settings(max_examples=200, deadline=None)
@given(HOSTILE_TEXTS)
def test_no_text_does_more_than_be_refused_in_words_that_harm_nobody(text: str) -> None:
    for typed in (text, f"status:{text}", f"duration>{text}", f"var.{text}:x", f"var.x:{text}"):
        try:
            _, filters, _ = read_choice(typed)
        except UserMistake as mistake:
            judge_message(error_message(mistake, call_id=None, again=""))
        else:
            judge_message(Message(f"Every call {filters_words(filters)}."))


# What they say


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("status:unanswered,rejected", "that ends Unanswered or Rejected"),
        ("status:ongoing", "that comes to be Ongoing"),
        ("-status:rejected", "that ends in another way than Rejected"),
        ("duration>5m", "that lasts longer than 5 minutes"),
        ("duration<1h1m1s", "that lasts less than 1 hour 1 minute 1 second"),
        ("var.city:Ber*", "whose `city` is like `Ber*`"),
        ("var.city:Berlin", "whose `city` is `Berlin`"),
        ("-var.city:Ber?in", "whose `city` isn't like `Ber?in`"),
        ("-var.city:Berlin", "whose `city` isn't `Berlin`"),
        (
            "status:rejected duration>5m var.city:Berlin",
            "that ends Rejected, that lasts longer than 5 minutes and whose `city` is `Berlin`",
        ),
    ],
)
def test_filters_are_said_in_plain_words(text: str, words: str) -> None:
    assert filters_words(read(text)) == words


def test_a_long_value_is_cut_and_many_filters_are_counted() -> None:
    filters = read(f"var.a:{'x' * 90} var.b:1 var.c:2")

    assert filters_words(filters, longest=70) == f"whose `a` is `{'x' * 39}…` and that 2 more filters agree to"
    assert filters_words(filters[:2], longest=70).endswith(" and that 1 more filter agrees to")


def test_whoever_reads_along_sees_no_address_in_them() -> None:
    filters = read("var.email:jane@example.com")

    assert filters_words(filters) == "whose `email` is `jane@example.com`"
    assert filters_words(filters, is_masked=True) == "whose `email` is `j•••@example.com`"
