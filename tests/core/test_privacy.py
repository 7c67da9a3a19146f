"""Masking: no e-mail address and no phone number reaches others, whatever its spelling; the rest stays readable."""

import itertools
import re
from time import thread_time
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot.core.privacy import mask, mask_text

PHONES = [
    "+91 98765 43210", "+919876543210", "9876543210", "98765 43210", "098765-43210", "+91-98765-43210",  # India
    "+1 (415) 555-2671", "(415) 555-2671", "415-555-2671", "415.555.2671", "1-800-555-0199", "555-2671",  # the US
    "+44 20 7946 0958", "020 7946 0958", "+44 (0)20 7946 0958", "07700 900123", "0044 20 7946 0958",  # Britain
    "+49 30 901820", "030/901820", "0171 1234567", "+49 (0) 171 / 123 45 67",  # Germany
    "+33 1 42 68 53 00", "01.42.68.53.00", "01 42 68 53 00", "+7 (495) 123-45-67", "8 800 555-35-35",  # France, Russia
    "+81-3-1234-5678", "090-1234-5678", "+82 10-1234-5678", "+86 138 0013 8000", "13800138000",  # Japan, Korea, China
    "+55 (11) 91234-5678", "+971 50 123 4567", "+27 82 123 4567", "+61 2 9876 5432", "+123456789012345",  # and on
    "tel:+14155552671", "%2B919876543210", "+1\u00a0415\u00a0555\u00a02671", "+1\u2009415\u2009555\u20092671",
    "415\u2011555\u20112671", "415\u2013555\u20132671", "＋91 98765 43210", "９８７６５４３２１０", "98765\u300043210",
]  # fmt: skip
EMAILS = [
    "jane@example.com", "JANE.DOE@EXAMPLE.COM", "jane.doe+shop@mail.example.co.uk", "jane_doe-7@sub.example.museum",
    "jané@exämple.com", "用户名@例子.公司", "jane@localhost", "jane＠example.com", "jane%doe@example.com",
    "jane!doe@example.com", "jane/doe@example.com", "1234567@example.com", "+919876543210@sms.example",
    "jane\u200b@example.com", "ja\u00adne@example.com",
]  # fmt: skip


def digits_of(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def hides_phone(shown: str, phone: str) -> bool:
    return digits_of(phone) not in digits_of(shown)


@pytest.mark.parametrize("phone", PHONES)
@pytest.mark.parametrize("around", ["{}", "call {} now", "({})", "tel={};", '"{}"', "{}.", "\n{}\n", "<tel:{}|call>"])
def test_a_phone_number_is_hidden(phone: str, around: str) -> None:
    shown = mask_text(around.format(phone))
    assert hides_phone(shown, phone)
    assert "••••" in shown


@pytest.mark.parametrize("phone", ["९८७६५४३२१०", "+९१ ९८७६५ ४३२१०", "٠١٢٣٤٥٦٧٨٩", "۰۹۱۲۳۴۵۶۷۸۹", "๐๘๑๒๓๔๕๖๗๘"])
def test_a_phone_number_in_other_digits_is_hidden(phone: str) -> None:
    assert hides_phone(mask_text(f"call {phone} now"), phone)


INVISIBLE = ["\u00ad", "\u061c", "\u200b", "\u200c", "\u200d", "\u200e", "\u202e", "\u2060", "\u2066", "\ufeff"]
CLEANED_AWAY = ["\u206a", "\u206f", "\ufff9", "\ufffb", "\ufe0f", "\u034f", "\u180e"]


@pytest.mark.parametrize("separator", [*INVISIBLE, *CLEANED_AWAY], ids=ascii)
def test_an_invisible_separator_unhides_no_phone_number(separator: str) -> None:
    assert hides_phone(mask_text(f"98765{separator}43210"), "9876543210")
    assert hides_phone(mask_text(separator.join("9876543210")), "9876543210")


@pytest.mark.parametrize("separator", ["\u200b" * 9, " " * 9, "\t\t\t\t\t", "\x00", "\x1b", "\x85"], ids=ascii)
def test_a_run_of_blanks_or_a_control_character_unhides_no_phone_number(separator: str) -> None:
    """The card shows such a run as one blank or as nothing at all."""
    assert hides_phone(mask_text(f"98765{separator}43210"), "9876543210")


def test_a_minus_sign_unhides_no_phone_number() -> None:
    assert hides_phone(mask_text("98765\u221243210"), "9876543210")


@pytest.mark.parametrize("between", [" ", "\n", " / ", " - "], ids=ascii)
def test_of_several_phone_numbers_none_is_shown(between: str) -> None:
    phones = ["14155552671", "919876543210", "9876501234", "442079460958", "33142685300"]
    for count in range(2, 6):
        shown = mask_text(between.join(phones[:count]))
        assert [phone for phone in phones if phone in digits_of(shown)] == []
        # Not even the most of one: nobody needs the country code to ring.
        assert [phone for phone in phones if phone[-8:] in digits_of(shown)] == []


def test_a_masked_phone_number_keeps_its_country_and_its_last_two_digits() -> None:
    assert mask_text("+91 98765 43210") == "+91 •••• ••10"
    assert mask_text("98765 43210") == "•••• ••10"


@pytest.mark.parametrize("email", EMAILS)
@pytest.mark.parametrize(
    "around", ["{}", "write to {} now", "<{}>", "mailto:{}", '"{}"', "Jane Doe<{}>;", "a,{},b", "{}."]
)
def test_an_email_address_is_hidden(email: str, around: str) -> None:
    shown = mask_text(around.format(email))
    assert re.split("[@＠]", email)[0] not in shown
    assert "•••" in shown


def test_a_masked_email_address_keeps_its_first_letter_and_its_domain() -> None:
    assert mask_text("write to jane.doe@example.com now") == "write to j•••@example.com now"


def test_an_apostrophe_unhides_no_email_address() -> None:
    assert "mary" not in mask_text("mary.o'brien@example.com")


@pytest.mark.parametrize("email", ['"jane.doe"@example.com', "jane.doe@[192.0.2.1]"])
def test_a_rare_but_valid_email_address_is_hidden(email: str) -> None:
    assert "jane.doe" not in mask_text(email)


def test_a_percent_encoded_email_address_is_hidden() -> None:
    assert "jane" not in mask_text("https://example.com/unsubscribe?email=jane%40example.com")


@pytest.mark.parametrize(
    "text",
    [
        "jane@example.com 9876543210",
        "9876543210 jane@example.com",
        "9876543210/jane@example.com",
        "jane@example.com, +91 98765 43210",
        "jane@example.com/9876543210",
        "jane@example.com/+91-98765-43210",
        "email=jane@example.com&phone=9876543210",
        "jane@9876543210",
    ],
)
def test_an_email_address_beside_a_phone_number_covers_it_not_up(text: str) -> None:
    shown = mask_text(text)
    assert "jane" not in shown
    assert hides_phone(shown, "9876543210")


@pytest.mark.parametrize(
    "text",
    [
        "123e4567-e89b-12d3-a456-426614174000",
        "123E4567-E89B-12D3-A456-426614174000",
        "00000000-0000-4000-8000-000000000001",
        "see 11111111-1111-4111-8111-111111111111 again",
        "2024-01-15",
        "2024-01-15T10:30:05Z",
        "2024-01-15 10:30:05.123456+05:30",
        "2024-01-15T10:30:05-0800",
        "15.01.2024",
        "1/15/2024",
        "15-01-2024 and 2024/01/15",
        "CUST-001",
        "ORD-12345678",
        "#10042",
        "order 1234567",
        "EUR 1,299.00",
        "1299.50",
        "A-77/12, 3rd floor",
        "10:30-11:45",
        "3 of 12",
        "v1.2.3",
        "50 %",
        "at 5 @ home",
        "@jane",
        "jane@",
        "a @ b",
        "",
        "Jürgen 💥 <!channel>",
    ],
)
def test_ids_dates_prices_and_orders_stay_readable(text: str) -> None:
    assert mask_text(text) == text


def test_a_date_covers_up_no_phone_number_beside_it() -> None:
    assert hides_phone(mask_text("2024-01-15 9876543210"), "9876543210")
    assert hides_phone(mask_text("9876543210 2024-01-15"), "9876543210")
    assert hides_phone(mask_text("15.01.2024: 98765 43210"), "9876543210")


def test_masking_goes_into_every_depth_and_into_keys() -> None:
    value = {
        "to": {"phones": ["+91 98765 43210", ("9876543210",)], "jane@example.com": True},
        "n": [None, False, 7, 1.5, 9876543210, "ok"],
    }
    assert mask(value) == {
        "to": {"phones": ["+91 •••• ••10", ["•••• ••10"]], "j•••@example.com": True},
        "n": [None, False, 7, 1.5, "•••• ••10", "ok"],
    }


@pytest.mark.parametrize("value", [0, 7, -12, 1234567, 19.99, True, False, None, "plain", [], {}])
def test_what_is_nobodys_stays_as_it_is_with_its_type(value: object) -> None:
    assert mask(value) == value
    assert type(mask(value)) is type(value)


def test_what_json_does_not_know_is_masked_as_text() -> None:
    assert mask(frozenset({"jane@example.com"})) == "frozenset({j•••@example.com'})"
    assert mask({1: "x"}) == {"1": "x"}


PHONE_DIGITS = st.text("0123456789", min_size=9, max_size=15).filter(lambda digits: not digits.startswith(("19", "20")))
SEPARATORS = st.sampled_from(["", " ", "-", ".", " - ", ") ", "\u00a0", "\u2011", "\u200b", "\u2060"])


@st.composite
def spelt_phones(draw: st.DrawFn) -> tuple[str, str]:
    """The digits of a phone number, and a spelling of it."""
    digits = draw(PHONE_DIGITS)
    # Groups of three digits at least, so that none of them are a date's.
    cuts = [place for place in range(3, len(digits) - 2, 3) if draw(st.booleans())]
    spelt = draw(st.sampled_from(["", "+", "+("]))
    for place, digit in enumerate(digits):
        spelt += (draw(SEPARATORS) if place in cuts else "") + digit
    return digits, spelt


@settings(max_examples=200, deadline=None)
@given(spelt_phones(), st.sampled_from(["", " ", "tel ", "x=", "("]), st.sampled_from(["", " ", ".", ", ok", ")"]))
def test_a_masked_text_never_holds_the_digits_of_a_phone_number(
    phone: tuple[str, str], before: str, after: str
) -> None:
    digits, spelt = phone
    assert digits not in digits_of(mask_text(f"{before}{spelt}{after}"))


LOCAL_PARTS = st.from_regex(r"[a-z][a-z0-9._+-]{1,20}", fullmatch=True)
DOMAINS = st.from_regex(r"[A-Z]{1,10}(\.[A-Z]{2,6}){1,2}", fullmatch=True)


@settings(max_examples=200, deadline=None)
@given(LOCAL_PARTS, DOMAINS, st.text(max_size=10), st.text(max_size=10))
def test_a_masked_text_never_holds_the_local_part_of_an_email_address(
    local: str, domain: str, before: str, after: str
) -> None:
    assume(local not in before + " " + after)
    assert local not in mask_text(f"{before} {local}@{domain} {after}")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PHONES + EMAILS), st.text(max_size=8)), max_size=2).map(" and ".join))
def test_masking_again_changes_nothing(text: str) -> None:
    assert mask_text(mask_text(text)) == mask_text(text)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(JSON)
@example(int("1234567890" * 3 + "12"))
def test_masking_any_json_again_changes_nothing(value: object) -> None:
    assert mask(mask(value)) == mask(value)


@pytest.mark.parametrize(
    "piece",
    [
        "a", "@", "a@", "a@b ", "@a", "1", "1 ", "1    ", "1     ", "(", "+", "+(", "1-", "111111-", "111111x",
        "2024-01-15", "2024-01-", "12345678-", "12345678-1234-", "\u200b", "९", "a.b-c+", "=@=", "1@", "@1 ", "123456",
        "0.0.", " ", "\n",
    ],
)  # fmt: skip
def test_100_kb_of_a_hostile_text_are_masked_in_linear_time(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    start = thread_time()
    masked = mask_text(text)
    assert thread_time() - start < 2
    assert len(masked) <= 4 * len(text)


def test_names_that_look_alike_once_they_are_masked_lose_no_value() -> None:
    assert mask({"ana@x.example": 1, "ada@x.example": 2, "axa@x.example": 3}) == {
        "a•••@x.example": 1,
        "a•••@x.example (2)": 2,
        "a•••@x.example (3)": 3,
    }


@pytest.mark.parametrize(
    "piece", ["".join(letters) for size in (1, 2, 3) for letters in itertools.product("a\"@1(. '%4", repeat=size)]
)
def test_no_pattern_of_a_strangers_makes_masking_slow(piece: str) -> None:
    """A quadratic mask would stop the whole bot for minutes: everything runs on one loop."""
    start = thread_time()
    mask(piece * (6_000 // len(piece)))
    assert thread_time() - start < 0.5
