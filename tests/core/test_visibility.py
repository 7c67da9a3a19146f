"""Visibility: what an administrator hides, and what all may see unmasked; by name, by path, in any case."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.calls import Call, CallId
from bot.core.visibility import MASKED, Visibility, VisibleCalls
from tests.factories import make_call, make_call_id

CUSTOMER = {
    "name": "Jane",
    "contact": {"email": "jane@example.com", "phones": ["+91 98765 43210", "n/a"]},
    "orders": [{"id": 1, "email": "a@example.com"}, {"id": 2, "email": "b@example.com"}],
}


def kept(variables: dict[str, Any], *hidden: str) -> tuple[dict[str, object], int]:
    seen = Visibility(hidden=hidden).see(make_call(variables=variables))
    return dict(seen.variables), seen.hidden_variables


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("notes", "notes"),
        ("notes", "NOTES"),
        ("NOTES", "notes"),
        ("*secret*", "the secret word"),
        ("pin?", "pin1"),
        ("pin[12]", "PIN2"),
        ("a.b", "a.b"),
        ("*", ""),
        ("straße", "STRASSE"),
        # Names that look the same are the same.
        ("notes", " no\u200btes\n"),
        ("téléphone", "te\u0301le\u0301phone"),
        ("notes", "ｎｏｔｅｓ"),
    ],
)
def test_a_glob_hides_a_variable_with_that_name(glob: str, name: str) -> None:
    assert kept({name: 1, "plan": 2}, glob) == ({"plan": 2} if glob != "*" else {}, 1 if glob != "*" else 2)


@pytest.mark.parametrize(("glob", "name"), [("note", "notes"), ("pin?", "pin"), ("pin[12]", "pin3"), ("x", "")])
def test_a_glob_hides_nothing_else(glob: str, name: str) -> None:
    assert kept({name: 1}, glob) == ({name: 1}, 0)


@pytest.mark.parametrize(
    ("hidden", "expected", "count"),
    [
        ("customer", {}, 1),
        ("customer.name", {"customer": {k: v for k, v in CUSTOMER.items() if k != "name"}}, 1),
        ("customer.contact.email", {"customer": CUSTOMER | {"contact": {"phones": ["+91 98765 43210", "n/a"]}}}, 1),
        ("customer.*", {"customer": {}}, 3),
        ("customer.orders.email", {"customer": CUSTOMER | {"orders": [{"id": 1}, {"id": 2}]}}, 2),
        ("*.phones", {"customer": CUSTOMER | {"contact": {"email": "jane@example.com"}}}, 1),
        ("email", {"customer": CUSTOMER}, 0),
        ("contact.email", {"customer": CUSTOMER}, 0),
    ],
)
def test_a_path_hides_a_part_of_a_variable(hidden: str, expected: dict[str, object], count: int) -> None:
    assert kept({"customer": CUSTOMER}, hidden) == (expected, count)


@pytest.mark.parametrize(
    ("path", "is_hidden"),
    [
        ("notes", True),
        ("NOTES", True),
        ("notes.deep.within", True),
        ("customer.pin", True),
        ("customer.pin.first", True),
        ("customer", False),
        ("my.notes", False),
        ("", False),
    ],
)
def test_what_is_hidden_is_known_by_its_path_and_so_is_what_is_in_it(path: str, is_hidden: bool) -> None:
    assert Visibility(hidden=("notes", "*.pin")).hides(path) is is_hidden


def test_a_call_of_which_nothing_is_hidden_stays_as_it_is() -> None:
    call = make_call(variables={"customer": CUSTOMER})
    assert MASKED.see(call) is call
    assert Visibility(hidden=("x",)).see(call) == call


def test_others_see_a_variable_masked_with_its_name() -> None:
    assert MASKED.mask("a@example.com", ["b@example.com"]) == ("a•••@example.com", ["b•••@example.com"])


@pytest.mark.parametrize(
    ("shown", "email", "order_email"),
    [
        ("customer", "jane@example.com", "a@example.com"),
        ("CUSTOMER.contact.EMAIL", "jane@example.com", "a•••@example.com"),
        ("customer.contact", "jane@example.com", "a•••@example.com"),
        ("*.orders.email", "j•••@example.com", "a@example.com"),
        ("email", "j•••@example.com", "a•••@example.com"),
        ("*", "jane@example.com", "a@example.com"),
    ],
)
def test_what_is_shown_is_not_masked_and_the_rest_is(shown: str, email: str, order_email: str) -> None:
    name, value = Visibility(shown=(shown,)).mask("customer", CUSTOMER)

    assert name == "customer"
    customer: Any = value
    assert customer["contact"]["email"] == email
    assert customer["orders"][0]["email"] == order_email


def test_a_shown_variable_keeps_its_name_too() -> None:
    assert Visibility(shown=("a@*",)).mask("a@example.com", 1) == ("a@example.com", 1)
    assert Visibility(shown=("by.a@*",)).mask("by", {"a@x.example": 1, "b@x.example": 2}) == (
        "by",
        {"a@x.example": 1, "b•••@x.example": 2},
    )


def test_what_is_hidden_and_shown_is_hidden() -> None:
    both = Visibility(hidden=("*.email",), shown=("customer",))
    seen = both.see(make_call(variables={"customer": CUSTOMER}))

    masked: Any = both.mask("customer", seen.variables["customer"])[1]
    assert masked["contact"] == {"phones": ["+91 98765 43210", "n/a"]}
    assert seen.hidden_variables == 3


class Api:
    """A calls API with one call."""

    async def get_call(self, call_id: CallId) -> Call:
        return make_call(id=call_id, variables={"notes": "n", "plan": "p"})


async def test_whoever_reads_calls_reads_them_without_what_is_hidden() -> None:
    visible = VisibleCalls(calls=Api(), visibility=Visibility(hidden=("notes",)))

    call = await visible.get_call(make_call_id(7))

    assert (call.id, call.variables, call.hidden_variables) == (make_call_id(7), {"plan": "p"}, 1)


NAMES = st.text("ab.*?[]!A-", max_size=4)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers(), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(NAMES, VALUES, max_size=4), NAMES)
def test_what_is_hidden_by_any_glob_is_gone_and_looking_again_finds_no_more(
    variables: dict[str, object], glob: str
) -> None:
    visibility = Visibility(hidden=(glob,))
    once = visibility.see(make_call(variables=variables))

    assert visibility.see(once).hidden_variables == 0
    assert visibility.see(once).variables == once.variables
    assert (once.hidden_variables == 0) == (once.variables == variables)
