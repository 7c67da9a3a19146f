"""The control API of the sandbox's Samora: it makes calls move, time pass and requests fail, by HTTP and JSON.

``GET /control/calls`` · ``POST /control/calls`` {"variables", "status", "agent_id"} · ``POST /control/calls/{id}``
{"event"} or {"status"} · ``POST /control/clock`` {"advance": seconds} · ``POST /control/faults`` (a fault's fields)
· ``POST /control/rain`` {"path", "share", "seed", "kinds"} · ``DELETE /control/faults`` · ``GET /control/requests``
· ``GET /control/webhooks`` · ``POST /control/webhooks`` {"lost", "doubled", "reordered", "seed"} (shares from 0 to 1)
· ``GET /control/campaign`` · ``POST /control/campaign`` {"agent_id", "calls", "seconds", "seed"} (``seconds``:
over which they begin) · ``DELETE /control/campaign`` (no further call begins)
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from pydantic.dataclasses import dataclass as checked_dataclass

from bot.sandbox.answering import json_answer, message_answer, read_body
from bot.sandbox.campaign import CALLS, SECONDS, Campaign, CampaignRefusedError
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import ASHA, Event, EventRefusedError, SandboxCall, Variables
from bot.sandbox.faults import Fault, RainKind
from bot.sandbox.sending import Mischief

if TYPE_CHECKING:
    from bot.sandbox.samora import SamoraSandbox

_STRICT: Final = ConfigDict(extra="forbid", strict=True)


class _NewCall(BaseModel):
    model_config = _STRICT
    variables: Variables | None = None
    status: str = "PENDING"
    agent_id: str = ASHA


class _CallChange(BaseModel):
    model_config = _STRICT
    event: Event | None = None
    status: str | None = None


class _ClockMove(BaseModel):
    model_config = _STRICT
    advance: float = Field(ge=0, le=315_360_000)  # seconds; ten years, lest datetime overflows


@checked_dataclass(frozen=True, kw_only=True, config=_STRICT)
class _CheckedFault(Fault):
    times: Annotated[int, Field(ge=1)] = 1
    delay: Annotated[float, Field(ge=0, le=3600)] = 0.0
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    content_type: Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+$")] = "application/json"


class _Rain(BaseModel):
    model_config = _STRICT
    path: str = "*"
    share: float = Field(default=0.1, ge=0, le=1)
    seed: int = 0
    kinds: list[RainKind] = Field(default=["429", "500", "lost"], min_length=1)


@checked_dataclass(frozen=True, kw_only=True, config=_STRICT)
class _CheckedMischief(Mischief):
    lost: Annotated[float, Field(ge=0, le=1)] = 0.0
    doubled: Annotated[float, Field(ge=0, le=1)] = 0.0
    reordered: Annotated[float, Field(ge=0, le=1)] = 0.0


class _NewCampaign(BaseModel):
    model_config = _STRICT
    agent_id: str = ASHA
    calls: int = CALLS
    seconds: float = SECONDS
    seed: int = 0


class SamoraControl:
    """Answers ``/control/*``; a request that makes no sense gets HTTP 400 and a sentence."""

    def __init__(self, samora: "SamoraSandbox", *, clock: SandboxClock) -> None:
        self._samora = samora
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """The routes for the server's router."""
        return [
            web.get("/control/calls", self._list),
            web.post("/control/calls", self._add),
            web.post("/control/calls/{call_id}", self._change),
            web.post("/control/clock", self._advance),
            web.post("/control/faults", self._fault),
            web.post("/control/rain", self._rain),
            web.delete("/control/faults", self._no_faults),
            web.get("/control/requests", self._requests),
            web.get("/control/webhooks", self._webhooks),
            web.post("/control/webhooks", self._misbehave),
            web.get("/control/campaign", self._campaign),
            web.post("/control/campaign", self._start_campaign),
            web.delete("/control/campaign", self._stop_campaign),
        ]

    async def _list(self, _: web.Request) -> web.Response:
        return json_answer(
            {"now": self._clock.now(), "calls": [_described(call) for call in self._samora.calls.values()]}
        )

    async def _add(self, request: web.Request) -> web.Response:
        wanted = await read_body(request, _NewCall)
        call = self._samora.add_call(variables=wanted.variables, status=wanted.status, agent_id=wanted.agent_id)
        return json_answer({"call": _described(call)}, status=201)

    async def _change(self, request: web.Request) -> web.Response:
        call_id = request.match_info["call_id"].lower()
        if call_id not in self._samora.calls:
            return message_answer(404, "There is no such call.")
        match await read_body(request, _CallChange):
            case _CallChange(event=None, status=str(status)):
                call = self._samora.set_status(call_id, status)
            case _CallChange(event=str(event), status=None):
                try:
                    call = self._samora.move(call_id, event)
                except EventRefusedError as refusal:
                    return message_answer(409, str(refusal))
            case _:
                return message_answer(400, "Give either an event or a status.")
        return json_answer({"call": _described(call)})

    async def _advance(self, request: web.Request) -> web.Response:
        self._clock.advance((await read_body(request, _ClockMove)).advance)
        return json_answer({"now": self._clock.now()})

    async def _fault(self, request: web.Request) -> web.Response:
        self._samora.faults.add(await read_body(request, _CheckedFault))
        return message_answer(201, "The fault waits for its request.")

    async def _rain(self, request: web.Request) -> web.Response:
        wanted = await read_body(request, _Rain)
        self._samora.faults.rain(path=wanted.path, share=wanted.share, seed=wanted.seed, kinds=wanted.kinds)
        return message_answer(201, "It rains.")

    async def _no_faults(self, _: web.Request) -> web.Response:
        self._samora.faults.clear()
        return message_answer(200, "No fault waits any more.")

    async def _requests(self, _: web.Request) -> web.Response:
        return json_answer({"requests": [asdict(request) for request in self._samora.requests]})

    async def _webhooks(self, _: web.Request) -> web.Response:
        sender = self._samora.sender
        return json_answer(
            {
                "webhooks": [
                    {"id": each.id, "agent_id": each.agent_id, "is_active": each.is_active, **sender.figures[each.id]}
                    for each in self._samora.webhooks
                ],
                "mischief": asdict(sender.mischief),
                "attempts": [asdict(attempt) for attempt in sender.attempts],
            }
        )

    async def _misbehave(self, request: web.Request) -> web.Response:
        self._samora.sender.misbehave(await read_body(request, _CheckedMischief))
        return message_answer(201, "Webhooks are sent like that from now on.")

    async def _campaign(self, _: web.Request) -> web.Response:
        last = self._samora.campaigns.last
        return json_answer({"campaign": _progress(last) if last else None})

    async def _start_campaign(self, request: web.Request) -> web.Response:
        wanted = (await read_body(request, _NewCampaign)).model_dump()
        try:
            campaign = self._samora.campaigns.start(**wanted)
        except CampaignRefusedError as refusal:
            return message_answer(409, str(refusal))
        return json_answer({"campaign": _progress(campaign)}, status=201)

    async def _stop_campaign(self, _: web.Request) -> web.Response:
        self._samora.campaigns.stop()
        return message_answer(200, "No further call of a campaign begins.")


def _progress(campaign: Campaign) -> dict[str, object]:
    return {
        "agent_id": campaign.agent_id,
        "total": campaign.total,
        "call_ids": campaign.call_ids,
        "is_running": campaign.is_running,
    }


def _described(call: SandboxCall) -> dict[str, object]:
    return {name: value for name, value in asdict(call).items() if name != "turns"} | {"events": call.events}
