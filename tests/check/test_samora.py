"""The check of Samora against a real server: it answers and knows the key, or there is a line that says what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.asking import open_lookup
from bot.check.engine import run_checks
from bot.check.samora import samora_check
from bot.core.calls import Call, CallId
from bot.core.errors import BotError, CallNotFound, SamoraRefused, SamoraUnavailable
from bot.core.findings import Finding, State
from bot.core.lookup import Lookup
from bot.sandbox.faults import Fault
from bot.sandbox.samora import SamoraSandbox
from bot.settings import SamoraSettings


class Answering:
    """A port to Samora that gives one answer."""

    def __init__(self, error: BotError) -> None:
        self._error = error

    async def get_call(self, _call_id: CallId) -> Call:
        raise self._error


@asynccontextmanager
async def samora_lookup(samora: SamoraSandbox, *, api_key: str = "") -> AsyncIterator[Lookup]:
    given = {"samora_api_key": api_key or samora.api_key, "samora_api_url": samora.url}
    async with open_lookup(SamoraSettings.model_validate(given)) as lookup:
        yield lookup


async def look(lookup: Lookup) -> Finding:
    (finding,) = await run_checks([samora_check(lookup)])
    return finding


async def test_a_samora_that_knows_the_key_says_that_there_is_no_such_call(samora: SamoraSandbox) -> None:
    async with samora_lookup(samora) as lookup:
        finding = await look(lookup)

    assert (finding.name, finding.state, finding.advice) == ("Samora", State.FINE, "")
    assert finding.detail.startswith("answers and accepts the key, ")
    assert finding.detail.endswith(" ms")
    assert [request.status for request in samora.requests] == [404]


async def test_a_refused_key_says_where_to_copy_it_anew(samora: SamoraSandbox) -> None:
    async with samora_lookup(samora, api_key="wrong-key") as lookup:
        finding = await look(lookup)

    assert (finding.state, finding.detail) == (State.BROKEN, "HTTP 401")
    assert "SAMORA_API_KEY" in finding.advice
    assert "wrong-key" not in repr(finding)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (CallNotFound("no such call"), State.FINE),
        (SamoraRefused("HTTP 400"), State.FINE),
        (SamoraRefused("HTTP 401"), State.BROKEN),
        (SamoraRefused("HTTP 403"), State.BROKEN),
        (SamoraUnavailable("time-out"), State.BROKEN),
    ],
)
async def test_whoever_dislikes_the_id_has_accepted_the_key(error: BotError, state: State) -> None:
    finding = await look(Lookup(calls=Answering(error)))

    assert finding.state is state
    assert bool(finding.advice) is (state is State.BROKEN)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="/v1/*", status=500, times=9),
        Fault(path="/v1/*", status=200, body="<html>", content_type="text/html"),
        Fault(path="/v1/*", status=302),
        Fault(path="/v1/*", drop=True, times=9),
    ],
    ids=["500", "html", "redirect", "dropped"],
)
async def test_a_samora_that_does_not_answer_is_a_finding_and_not_a_crash(samora: SamoraSandbox, fault: Fault) -> None:
    samora.faults.add(fault)

    async with samora_lookup(samora) as lookup:
        finding = await look(lookup)

    assert finding.state is State.BROKEN
    assert finding.detail
    assert "SAMORA_API_URL" in finding.advice


async def test_a_samora_that_hangs_is_a_finding_in_time(samora: SamoraSandbox) -> None:
    samora.faults.add(Fault(path="/v1/*", delay=60))

    async with samora_lookup(samora) as lookup:
        (finding,) = await run_checks([samora_check(lookup)], seconds=0.2)

    assert (finding.state, finding.detail) == (State.BROKEN, "no answer within 0.2 seconds")
    assert finding.advice
