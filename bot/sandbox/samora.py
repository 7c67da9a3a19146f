"""A Samora AI that speaks the real calls API over HTTP, and a control API that makes calls move and requests fail.

The control API (``samora_control``) asks for no key: the sandbox belongs on loopback.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID, uuid4

from aiohttp import web

from bot.sandbox.answering import json_answer, message_answer
from bot.sandbox.campaign import Campaigns
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import AGENT_NAMES, ASHA, Event, SandboxCall, Variables, make_company, make_turns
from bot.sandbox.faults import Faults, Handler
from bot.sandbox.media import LinkSigner, file_answer, make_recording, make_transcript, s3_error, without_signatures
from bot.sandbox.samora_control import SamoraControl
from bot.sandbox.sending import WAITS, Sender, event_of
from bot.sandbox.webhooks import Webhooks

REQUESTS_KEPT: Final = 1000
_RECORDING: Final = "recording.wav"
_TRANSCRIPT: Final = "transcript.pdf"


@dataclass(frozen=True, kw_only=True)
class SeenRequest:
    """A request as the sandbox saw it, without query and headers: no key, no signature.

    ``status`` is None if the connection was cut instead of answered; ``at`` is when it came (aware UTC); ``answer`` is
    what was answered, if it was JSON.
    """

    method: str
    path: str
    status: int | None
    at: datetime
    answer: str | None = None


class SamoraSandbox:
    """A server to be used as an async context manager; each has a fresh company and keeps nothing when it ends.

    Attributes:
        url: where it listens, such as ``http://127.0.0.1:54321``; empty before.
        api_key: the key that ``X-API-Key`` must carry.
        calls: the company's calls by id; whoever holds the sandbox may change them.
        faults: what is to go wrong; strikes everything but the control API.
        webhooks: those that are installed.
        sender: sends them, and knows what became of them.
        campaigns: many calls in a short time.
        requests: the last ``requests_kept`` requests outside the control API, oldest first.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = "sandbox-key",
        requests_kept: int = REQUESTS_KEPT,
        webhook_waits: Sequence[float] = WAITS,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepares the server without opening a port; port 0 lets the system choose one.

        ``webhook_waits`` are the seconds before each further attempt to send a webhook. ``on_change`` is called
        whenever a call moved or a request was answered.
        """
        self.url = ""
        self.api_key = api_key
        self.calls = make_company(clock.now())
        self.faults = Faults()
        self.requests: deque[SeenRequest] = deque(maxlen=requests_kept)
        self.webhooks = Webhooks(clock=clock, api_key=api_key, agents=self._agents, on_change=on_change)
        self.sender = Sender(clock=clock, waits=webhook_waits, on_change=on_change)
        self.campaigns = Campaigns(self, on_change=on_change)
        self._clock = clock
        self._on_change = on_change
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
            *self.webhooks.routes(),
            *SamoraControl(self, clock=self._clock).routes(),
        ]

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.url = f"http://{self._host}:{self._runner.addresses[0][1]}"
        await self.sender.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.campaigns.cancel()
        await self.sender.__aexit__()
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
        self._announce(call)
        self._on_change()
        return call

    def move(self, call_id: str, event: Event) -> SandboxCall:
        """Lets an event happen to a call now.

        Raises:
            KeyError: there is no such call.
            EventRefusedError: the event does not fit the call's state.
        """
        call = self.calls[call_id]
        before = call.status
        call.move(event, self._clock.now())
        if call.status != before:
            self._announce(call)
        self._on_change()
        return call

    def set_status(self, call_id: str, status: str) -> SandboxCall:
        """Gives a call any status and touches nothing else but ``updated_at``; KeyError if there is no such call."""
        call = self.calls[call_id]
        before, call.status, call.updated_at = call.status, status, self._clock.now()
        if status != before:
            self._announce(call)
        self._on_change()
        return call

    def _announce(self, call: SandboxCall) -> None:
        if event := event_of(call.status):
            self.sender.send(self.webhooks.wanting(call.agent_id, event), event, call)

    def _agents(self) -> set[str]:
        return {*AGENT_NAMES, *(call.agent_id.lower() for call in self.calls.values())}

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Records what is not control, and lets the faults strike it."""
        if request.path.startswith("/control/"):
            return await handler(request)
        at, status, said = self._clock.now(), None, None
        try:
            answer = await self.faults.middleware(request, handler)
            status = answer.status
            # What is answered about webhooks holds secrets.
            is_open = not request.path.startswith("/v2/") and answer.content_type == "application/json"
            if is_open and isinstance(answer, web.Response):
                said = without_signatures(answer.text or "")
        except ConnectionResetError:
            answer = web.Response()  # the fault has cut the line: aiohttp drops any answer, but would log an exception
        self.requests.append(SeenRequest(method=request.method, path=request.path, status=status, at=at, answer=said))
        self._on_change()
        return answer

    async def _get_call(self, request: web.Request) -> web.Response:
        if request.headers.get("X-API-Key") != self.api_key:
            return message_answer(401, "Invalid or missing API key")
        call_id = request.match_info["call_id"].lower()
        if not _is_call_id(call_id):
            return message_answer(400, "Invalid call ID")
        call = self.calls.get(call_id)
        if call is None:
            return message_answer(404, "Call not found or does not belong to your company")
        return json_answer({"message": "Call details fetched successfully", "data": self._details(call)})

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


def _is_call_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text  # UUID() alone would also take braces, "urn:uuid:" and no dashes
    except ValueError:
        return False


@web.middleware
async def _errors_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What aiohttp answers by itself (no such path, wrong method) would else be plain text."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        return message_answer(refusal.status, refusal.text or refusal.reason)
