"""``samora-bot call`` and ``samora-bot check`` as they are printed: for people on a terminal, and for a pipe."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from pytest_mock import MockerFixture
from rich.console import Console

from bot.asking import open_lookup
from bot.core.calls import Call, CallId
from bot.core.errors import CallNotFound, SamoraUnavailable
from bot.core.findings import Finding, State
from bot.core.lookup import Lookup
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import FINISHED, Event
from bot.sandbox.samora import SamoraSandbox
from bot.settings import SamoraSettings
from bot.terminal.call import Form, show_call, watch_call
from bot.terminal.findings import draw_findings

ID = CallId(FINISHED)
FINE = Finding(name="Samora", state=State.FINE, detail="answers [and] accepts the key, 12 ms")
BAD = Finding(
    name="Slack token", state=State.BROKEN, detail="invalid_auth", advice="Copy SLACK_BOT_TOKEN [anew] " + "x" * 200
)
NOTE = Finding(name="Clock", state=State.REMARK, detail="9s behind Slack's", advice="Set it.")

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
async def samora() -> AsyncIterator[SamoraSandbox]:
    async with SamoraSandbox(clock=SandboxClock()) as samora:
        yield samora


@pytest.fixture
async def lookup(samora: SamoraSandbox) -> AsyncIterator[Lookup]:
    settings = SamoraSettings.model_validate({"samora_api_key": samora.api_key, "samora_api_url": samora.url})
    async with open_lookup(settings) as lookup:
        yield lookup


@pytest.fixture
def on_a_terminal(mocker: MockerFixture) -> None:
    """Rich believes that it writes to a terminal."""

    def make(**options: Any) -> Console:
        return Console(file=sys.stdout, force_terminal=True, width=120, **options)

    mocker.patch("bot.terminal.call.Console", make)
    mocker.patch("bot.terminal.findings.Console", make)


class Scripted:
    """A port to Samora that gives one answer after the other, and says when it was asked."""

    def __init__(self, *answers: Call | Exception) -> None:
        self._answers = list(answers)
        self.asked = 0
        self.was_asked = asyncio.Event()

    async def get_call(self, _call_id: CallId) -> Call:
        self.asked += 1
        self.was_asked.set()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def read(lookup: Lookup, status: str) -> Call:
    return replace(await lookup.call(ID), status=status, ended_at=None)


# Showing once


@pytest.mark.parametrize("form", ["card", "json", "blocks", "builder"])
async def test_every_form_goes_to_standard_output_and_nothing_else_does(
    lookup: Lookup, capsys: Capsys, form: Form
) -> None:
    await show_call(lookup, ID, form=form)

    out, err = capsys.readouterr()
    assert FINISHED in unquote(out)
    assert err == ""


@pytest.mark.parametrize("form", ["card", "json", "blocks", "builder"])
async def test_what_is_hidden_is_in_no_form(samora: SamoraSandbox, capsys: Capsys, form: Form) -> None:
    given = {
        "samora_api_key": samora.api_key, "samora_api_url": samora.url, "hide_variables": "*.pin, notes",
    }  # fmt: skip
    shown = samora.add_call(variables={"notes": "nobody's business", "to": {"pin": "4711", "city": "Pune"}})
    async with open_lookup(SamoraSettings.model_validate(given)) as lookup:
        await show_call(lookup, CallId(shown.call_id), form=form)

    out = unquote(capsys.readouterr().out)
    assert "Pune" in out
    assert "nobody's business" not in out
    assert "4711" not in out
    assert form != "json" or json.loads(out)["hidden_variables"] == 2


async def test_json_is_parsed_data_with_times_and_duration(lookup: Lookup, capsys: Capsys) -> None:
    await show_call(lookup, ID, form="json")

    data = json.loads(capsys.readouterr().out)
    call = await lookup.call(ID)
    assert data["id"] == FINISHED
    assert call.duration is not None
    assert data["duration_seconds"] == call.duration.total_seconds()
    assert data["is_final"] is True
    assert set(data) >= {"status", "agent_id", "created_at", "started_at", "ended_at", "variables", "recording_url"}


async def test_the_builders_link_is_one_line(lookup: Lookup, capsys: Capsys) -> None:
    await show_call(lookup, ID, form="builder")

    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("https://app.slack.com/block-kit-builder/#%7B%22blocks%22")
    assert " " not in line


async def test_on_a_pipe_the_card_is_lines_without_buttons(lookup: Lookup, capsys: Capsys) -> None:
    await show_call(lookup, ID, form="card")

    out = capsys.readouterr().out
    assert f"Call id: {FINISHED}" in out.splitlines()
    assert "Refresh" not in out


@pytest.mark.usefixtures("on_a_terminal")
async def test_on_a_terminal_the_card_is_drawn_with_frame_and_colour(lookup: Lookup, capsys: Capsys) -> None:
    await show_call(lookup, ID, form="card")

    out = capsys.readouterr().out
    assert "╭" in out
    assert "\x1b[" in out
    assert "Finished" in out
    assert "Refresh" not in out


@pytest.mark.usefixtures("on_a_terminal")
@pytest.mark.parametrize("form", ["json", "blocks", "builder"])
async def test_what_is_meant_for_programs_has_no_colour_and_no_wrapping(
    samora: SamoraSandbox, lookup: Lookup, capsys: Capsys, form: Form
) -> None:
    call = samora.add_call(variables={"long": "x" * 190})

    await show_call(lookup, CallId(call.call_id), form=form)

    out = capsys.readouterr().out
    text = out[out.index("https://") :] if form == "builder" else out[out.index("{") :]
    assert "x" * 190 in text
    assert "\x1b[3" not in text


async def test_what_a_look_up_raises_is_raised(samora: SamoraSandbox, lookup: Lookup) -> None:
    del samora.calls[FINISHED]

    with pytest.raises(CallNotFound):
        await show_call(lookup, ID, form="card")


# Watching


async def test_watching_shows_a_line_per_status_and_ends_with_the_call(
    samora: SamoraSandbox, lookup: Lookup, capsys: Capsys
) -> None:
    call = samora.add_call()
    watching = asyncio.create_task(watch_call(lookup, CallId(call.call_id), stopped=asyncio.Event(), look_every=0.01))
    events: list[Event] = ["trigger", "answer", "hang_up"]
    for event in events:
        # Twice more, so that the state before was certainly seen.
        looks = len(samora.requests) + 2
        async with asyncio.timeout(5):
            while len(samora.requests) < looks:  # noqa: ASYNC110 - the sandbox tells nobody when it is asked
                await asyncio.sleep(0.01)
        samora.move(call.call_id, event)

    await asyncio.wait_for(watching, 5)

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" UTC ")[1] for line in lines] == ["Pending", "Triggered", "Ongoing", "Finished"]


async def test_watching_a_call_that_is_over_looks_once(lookup: Lookup, capsys: Capsys) -> None:
    scripted = Scripted(await lookup.call(ID))

    await watch_call(Lookup(calls=scripted), ID, stopped=asyncio.Event(), look_every=60)

    assert scripted.asked == 1
    assert len(capsys.readouterr().out.splitlines()) == 1


async def test_watching_ends_at_once_when_somebody_stops_it(lookup: Lookup) -> None:
    scripted, stopped = Scripted(await read(lookup, "ONGOING")), asyncio.Event()
    watching = asyncio.create_task(watch_call(Lookup(calls=scripted), ID, stopped=stopped, look_every=3600))
    await scripted.was_asked.wait()

    stopped.set()
    await asyncio.wait_for(watching, 5)

    assert scripted.asked == 1


async def test_while_watching_a_samora_out_of_reach_is_waited_for(lookup: Lookup, capsys: Capsys) -> None:
    ongoing, finished = await read(lookup, "ONGOING"), await lookup.call(ID)
    scripted = Scripted(ongoing, SamoraUnavailable("HTTP 503"), SamoraUnavailable("time-out"), finished)

    await watch_call(Lookup(calls=scripted), ID, stopped=asyncio.Event(), look_every=0.01)

    assert scripted.asked == 4
    assert len(capsys.readouterr().out.splitlines()) == 2


async def test_a_samora_out_of_reach_from_the_beginning_is_raised() -> None:
    with pytest.raises(SamoraUnavailable):
        await watch_call(Lookup(calls=Scripted(SamoraUnavailable("x"))), ID, stopped=asyncio.Event(), look_every=0.01)


async def test_while_watching_every_other_error_is_raised(lookup: Lookup) -> None:
    scripted = Scripted(await read(lookup, "ONGOING"), CallNotFound("x"))

    with pytest.raises(CallNotFound):
        await watch_call(Lookup(calls=scripted), ID, stopped=asyncio.Event(), look_every=0.01)


@pytest.mark.usefixtures("on_a_terminal")
async def test_on_a_terminal_the_card_is_redrawn_in_place(lookup: Lookup, capsys: Capsys) -> None:
    scripted = Scripted(await read(lookup, "ONGOING"), await lookup.call(ID))

    await watch_call(Lookup(calls=scripted), ID, stopped=asyncio.Event(), look_every=0.01)

    out = capsys.readouterr().out
    assert "Ongoing" in out
    assert "Finished" in out
    assert "\x1b[1A" in out, "the cursor goes up to redraw"


# Findings


def test_on_a_pipe_each_finding_is_one_line_however_long(capsys: Capsys) -> None:
    draw_findings([FINE, NOTE, BAD])

    assert capsys.readouterr().out.splitlines() == [
        "works Samora: answers [and] accepts the key, 12 ms",
        "note Clock: 9s behind Slack's → Set it.",
        f"FAILS Slack token: invalid_auth → Copy SLACK_BOT_TOKEN [anew] {'x' * 200}",
    ]


@pytest.mark.usefixtures("on_a_terminal")
def test_on_a_terminal_findings_are_a_table_that_says_in_words_what_works(capsys: Capsys) -> None:
    draw_findings([FINE, NOTE, BAD])

    out = capsys.readouterr().out
    for expected in ("What to do", "✓ works", "• note", "✗ fails", "Slack token", "invalid_auth", "[anew]"):
        assert expected in out
    assert "\x1b[" in out


def test_no_findings_are_no_lines(capsys: Capsys) -> None:
    draw_findings([])

    assert capsys.readouterr().out == ""
