"""A Samora AI that speaks the real calls API over HTTP, and a control API that makes calls move and requests fail.

The control API lives under ``/control/``, takes and gives JSON, and asks for no key: the sandbox belongs on loopback.
"""

import asyncio
import json
from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Final, Self, TypeVar
from uuid import UUID, uuid4

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import ASHA, Event, EventRefusedError, SandboxCall, Variables, make_company, make_turns
from bot.sandbox.faults import Fault, Faults, Handler
from bot.sandbox.media import LinkSigner, file_answer, make_recording, make_transcript, s3_error

_RECORDING: Final = "recording.wav"
_TRANSCRIPT: Final = "transcript.pdf"
_Body = TypeVar("_Body")
_STRICT: Final = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, kw_only=True)
class SeenRequest:
    """A request as the sandbox saw it, without query and headers: no key, no signature.

    ``status`` is None if the connection was cut instead of answered; ``at`` is when it came (aware UTC).
    """

    method: str
    path: str
    status: int | None
    at: datetime


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


class SamoraSandbox:
    """A server to be used as an async context manager; each has a fresh company and keeps nothing when it ends.

    Attributes:
        url: where it listens, such as ``http://127.0.0.1:54321``; empty before.
        api_key: the key that ``X-API-Key`` must carry.
        calls: the company's calls by id; whoever holds the sandbox may change them.
        faults: what is to go wrong; strikes everything but the control API.
        requests: the last thousand requests outside the control API, oldest first.
    """

    def __init__(
        self, *, clock: SandboxClock, host: str = "127.0.0.1", port: int = 0, api_key: str = "sandbox-key"
    ) -> None:
        """Prepares the server without opening a port; port 0 lets the system choose one."""
        self.url = ""
        self.api_key = api_key
        self.calls = make_company(clock.now())
        self.faults = Faults()
        self.requests: deque[SeenRequest] = deque(maxlen=1000)
        self._clock = clock
        self._links = LinkSigner(clock)
        self._host = host
        self._port = port
        app = web.Application(middlewares=[self._watch, _errors_in_json])
        app.add_routes(self._routes())
        # Whoever ends a sandbox does not want to wait for a fault's delay to pass.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/call/{call_id:[^/]+}", self._get_call),
            web.get("/media/{call_id}/{name}", self._get_media),
            web.get("/control/calls", self._control_list),
            web.post("/control/calls", self._control_add),
            web.post("/control/calls/{call_id}", self._control_change),
            web.post("/control/clock", self._control_clock),
            web.post("/control/faults", self._control_fault),
            web.delete("/control/faults", self._control_no_faults),
            web.get("/control/requests", self._control_requests),
        ]

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.url = f"http://{self._host}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def add_call(
        self, *, variables: Variables | None = None, status: str = "PENDING", agent_id: str = ASHA
    ) -> SandboxCall:
        """Adds a call that is created now, with a random id and without media.

        ONGOING and CALL_FINISHED calls have started now, and the latter have ended at once; other statuses set no time.
        """
        now = self._clock.now()
        call = SandboxCall(
            call_id=str(uuid4()),
            agent_id=agent_id,
            status=status,
            created_at=now,
            updated_at=now,
            started_at=now if status in {"ONGOING", "CALL_FINISHED"} else None,
            ended_at=now if status == "CALL_FINISHED" else None,
            variables=variables,
            turns=make_turns(agent_id, "you"),
        )
        self.calls[call.call_id] = call
        return call

    def move(self, call_id: str, event: Event) -> SandboxCall:
        """Lets an event happen to a call now.

        Raises:
            KeyError: there is no such call.
            EventRefusedError: the event does not fit the call's state.
        """
        call = self.calls[call_id]
        call.move(event, self._clock.now())
        return call

    def set_status(self, call_id: str, status: str) -> SandboxCall:
        """Gives a call any status and touches nothing else but ``updated_at``; KeyError if there is no such call."""
        call = self.calls[call_id]
        call.status, call.updated_at = status, self._clock.now()
        return call

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Records what is not control, and lets the faults strike it."""
        if request.path.startswith("/control/"):
            return await handler(request)
        at, status = self._clock.now(), None
        try:
            answer = await self.faults.middleware(request, handler)
            status = answer.status
        except ConnectionResetError:
            answer = web.Response()  # the fault has cut the line: aiohttp drops any answer, but would log an exception
        self.requests.append(SeenRequest(method=request.method, path=request.path, status=status, at=at))
        return answer

    async def _get_call(self, request: web.Request) -> web.Response:
        if request.headers.get("X-API-Key") != self.api_key:
            return _message(401, "Invalid or missing API key")
        call_id = request.match_info["call_id"].lower()
        if not _is_call_id(call_id):
            return _message(400, "Invalid call ID")
        call = self.calls.get(call_id)
        if call is None:
            return _message(404, "Call not found or does not belong to your company")
        return _json({"message": "Call details fetched successfully", "data": self._details(call)})

    def _details(self, call: SandboxCall) -> dict[str, object]:
        return {
            "agent_id": call.agent_id,
            "created_at": call.created_at,
            "updated_at": call.updated_at,
            "started_at": call.started_at,
            "ended_at": call.ended_at,
            "transcript_url": self._link(call, _TRANSCRIPT) if call.has_transcript else None,
            "recording_url": self._link(call, _RECORDING) if call.has_recording else None,
            "status": call.status,
            "call_variables": call.variables,
        }

    def _link(self, call: SandboxCall, name: str) -> str:
        return self.url + self._links.sign(f"/media/{call.call_id}/{name}")

    async def _get_media(self, request: web.Request) -> web.Response:
        flaw = self._links.find_flaw(request.method, request.path, request.query)
        if flaw is not None:
            return s3_error(403, *flaw)
        call = self.calls.get(request.match_info["call_id"])
        name = request.match_info["name"]
        # In a thread: the bot, the demo page and this server may share one event loop.
        if call is not None and call.has_recording and name == _RECORDING:
            spoken = ((call.ended_at or call.updated_at) - (call.started_at or call.created_at)).total_seconds()
            return file_answer(
                request, await asyncio.to_thread(make_recording, spoken, UUID(call.call_id).int), "audio/wav"
            )
        if call is not None and call.has_transcript and name == _TRANSCRIPT:
            return file_answer(request, await asyncio.to_thread(make_transcript, call), "application/pdf")
        return s3_error(404, "NoSuchKey", "The specified key does not exist.")

    async def _control_list(self, _: web.Request) -> web.Response:
        return _json({"now": self._clock.now(), "calls": [_described(call) for call in self.calls.values()]})

    async def _control_add(self, request: web.Request) -> web.Response:
        wanted = await _read(request, _NewCall)
        call = self.add_call(variables=wanted.variables, status=wanted.status, agent_id=wanted.agent_id)
        return _json({"call": _described(call)}, status=201)

    async def _control_change(self, request: web.Request) -> web.Response:
        call_id = request.match_info["call_id"].lower()
        if call_id not in self.calls:
            return _message(404, "There is no such call.")
        match await _read(request, _CallChange):
            case _CallChange(event=None, status=str(status)):
                call = self.set_status(call_id, status)
            case _CallChange(event=str(event), status=None):
                try:
                    call = self.move(call_id, event)
                except EventRefusedError as refusal:
                    return _message(409, str(refusal))
            case _:
                return _message(400, "Give either an event or a status.")
        return _json({"call": _described(call)})

    async def _control_clock(self, request: web.Request) -> web.Response:
        self._clock.advance((await _read(request, _ClockMove)).advance)
        return _json({"now": self._clock.now()})

    async def _control_fault(self, request: web.Request) -> web.Response:
        self.faults.add(await _read(request, _CheckedFault))
        return _message(201, "The fault waits for its request.")

    async def _control_no_faults(self, _: web.Request) -> web.Response:
        self.faults.clear()
        return _message(200, "No fault waits any more.")

    async def _control_requests(self, _: web.Request) -> web.Response:
        return _json({"requests": [asdict(request) for request in self.requests]})


def _is_call_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text  # UUID() alone would also take braces, "urn:uuid:" and no dashes
    except ValueError:
        return False


def _described(call: SandboxCall) -> dict[str, object]:
    return {name: value for name, value in asdict(call).items() if name != "turns"} | {"events": call.events}


async def _read(request: web.Request, shape: type[_Body]) -> _Body:
    try:
        return TypeAdapter(shape).validate_json(await request.read() or b"{}")
    except ValidationError as flaws:
        sentences = [f"{'.'.join(map(str, flaw['loc'])) or 'body'}: {flaw['msg']}" for flaw in flaws.errors()]
        raise web.HTTPBadRequest(text="; ".join(sentences)) from flaws


def _in_words(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(body: dict[str, object], status: int = 200) -> web.Response:
    return web.json_response(body, status=status, dumps=partial(json.dumps, default=_in_words))


def _message(status: int, text: str) -> web.Response:
    return _json({"message": text}, status=status)


@web.middleware
async def _errors_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What aiohttp answers by itself (no such path, wrong method) would else be plain text."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        return _message(refusal.status, refusal.text or refusal.reason)
