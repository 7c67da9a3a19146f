"""The webhooks that are installed at the sandbox's Samora, and ``/v2/webhooks`` as the real API has it.

Source: docs.samora.ai, "Webhooks".
"""

import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Final, Literal, get_args
from urllib.parse import urlsplit
from uuid import uuid4

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from bot.sandbox.answering import json_answer, message_answer, read_body
from bot.sandbox.clock import SandboxClock

WebhookEvent = Literal["CALL_STARTED", "CALL_FINISHED", "CALL_FAILED"]
WEBHOOK_EVENTS: Final = get_args(WebhookEvent)
MOST_WEBHOOKS: Final = 100

_WORDS: Final = {
    "CALL_STARTED": ("Call started", "A call begins, inbound or outbound."),
    "CALL_FINISHED": ("Call finished", "A call ended; transcript and recording are available."),
    "CALL_FAILED": ("Call failed", "A call failed, was rejected or not answered."),
}


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One webhook; ``secret`` is Samora's own, told only by the answer that makes it. ``*_at`` are aware UTC."""

    id: str
    agent_id: str
    name: str
    url: str
    events: tuple[WebhookEvent, ...]
    data_options: dict[str, bool]
    custom_headers: dict[str, str] = field(repr=False)
    is_active: bool
    secret: str = field(repr=False)
    created_at: datetime
    updated_at: datetime


def _is_reachable(url: str) -> str:
    """Takes https, and http on loopback alone: what is sent carries a secret."""
    parts = urlsplit(url)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))):
        message = "https is expected; http only on loopback"
        raise ValueError(message)
    return url


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


_HeaderName = Annotated[str, StringConstraints(pattern=r"^[\w!#$%&'*+.^`|~-]+$", max_length=100)]
_HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=1000)]


class _Change(BaseModel):
    """What may be changed; a new webhook needs some of it."""

    model_config = ConfigDict(extra="ignore", strict=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)] = ""
    url: Annotated[str, AfterValidator(_is_reachable), Field(max_length=2000)] = ""
    events: Annotated[list[WebhookEvent], Field(min_length=1)] = []
    data_options: dict[Literal["include_transcript", "include_recording_url"], bool] = {}
    custom_headers: dict[_HeaderName, _HeaderValue] = {}
    is_active: bool = True


class _New(_Change):
    agent_id: str
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    url: Annotated[str, AfterValidator(_is_reachable), Field(max_length=2000)]
    events: Annotated[list[WebhookEvent], Field(min_length=1)]


class Webhooks:
    """Keeps them, and answers ``/v2/webhooks``: 400 to what makes no sense, 401 without key, 404 to unknown ids."""

    def __init__(
        self, *, clock: SandboxClock, api_key: str, agents: Callable[[], Collection[str]], on_change: Callable[[], None]
    ) -> None:
        """Takes the key that every request must carry, and who tells which agents there are."""
        self._clock = clock
        self._api_key = api_key
        self._agents = agents
        self._on_change = on_change
        self._kept: dict[str, Webhook] = {}

    def __iter__(self) -> Iterator[Webhook]:
        return iter(tuple(self._kept.values()))

    def routes(self) -> list[web.RouteDef]:
        """The routes for the server's router."""
        return [
            web.get("/v2/webhooks/events", self._list_events),
            web.get("/v2/webhooks", self._list),
            web.post("/v2/webhooks", self._create),
            web.get("/v2/webhooks/{id}", self._read),
            web.put("/v2/webhooks/{id}", self._change),
            web.delete("/v2/webhooks/{id}", self._delete),
        ]

    def install(
        self,
        *,
        agent_id: str,
        name: str,
        url: str,
        events: Collection[WebhookEvent] = WEBHOOK_EVENTS,
        data_options: dict[str, bool] | None = None,
        custom_headers: dict[str, str] | None = None,
        is_active: bool = True,
    ) -> Webhook:
        """Installs one, unchecked."""
        now = self._clock.now()
        webhook = Webhook(
            id=str(uuid4()),
            agent_id=agent_id.lower(),
            name=name,
            url=url,
            events=tuple(events),
            data_options={"include_transcript": False, "include_recording_url": False} | (data_options or {}),
            custom_headers=custom_headers or {},
            is_active=is_active,
            secret=f"whsec_{secrets.token_hex(16)}",
            created_at=now,
            updated_at=now,
        )
        self._kept[webhook.id] = webhook
        self._on_change()
        return webhook

    def wanting(self, agent_id: str, event: WebhookEvent) -> list[Webhook]:
        """Those that are to be told of an event in a call of that agent."""
        return [each for each in self if each.is_active and each.agent_id == agent_id.lower() and event in each.events]

    async def _list_events(self, request: web.Request) -> web.Response:
        self._check_key(request)
        options = ["include_transcript", "include_recording_url"]
        events: list[object] = [
            {"event_type": event, "display_name": name, "description": words, "available_data_options": options}
            for event, (name, words) in _WORDS.items()
        ]
        return json_answer({"data": {"events": events}})

    async def _list(self, request: web.Request) -> web.Response:
        self._check_key(request)
        agent_id = request.query.get("agent_id", "").lower()
        found = [_shown(each) for each in self if agent_id in {"", each.agent_id}]
        return json_answer({"data": {"webhooks": found, "total_count": len(found)}})

    async def _create(self, request: web.Request) -> web.Response:
        self._check_key(request)
        wanted = await read_body(request, _New)
        if wanted.agent_id.lower() not in self._agents():
            raise web.HTTPNotFound(text="Agent not found or does not belong to your company")
        if len(self._kept) >= MOST_WEBHOOKS:
            raise web.HTTPBadRequest(text="There are too many webhooks already")
        webhook = self.install(**wanted.model_dump())
        said: dict[str, object] = {
            "message": "Webhook created successfully",
            "data": _shown(webhook) | {"secret": webhook.secret},
        }
        return json_answer(said, status=201)

    async def _read(self, request: web.Request) -> web.Response:
        return json_answer({"data": _shown(self._find(request))})

    async def _change(self, request: web.Request) -> web.Response:
        before = self._find(request)
        wanted = (await read_body(request, _Change)).model_dump(exclude_unset=True)
        if "events" in wanted:
            wanted["events"] = tuple(wanted["events"])
        if "data_options" in wanted:
            wanted["data_options"] = before.data_options | wanted["data_options"]
        webhook = replace(before, **wanted, updated_at=self._clock.now())
        self._kept[webhook.id] = webhook
        self._on_change()
        return json_answer({"message": "Webhook updated successfully", "data": _shown(webhook)})

    async def _delete(self, request: web.Request) -> web.Response:
        del self._kept[self._find(request).id]
        self._on_change()
        return message_answer(200, "Webhook deleted successfully")

    def _find(self, request: web.Request) -> Webhook:
        self._check_key(request)
        webhook = self._kept.get(request.match_info["id"].lower())
        if webhook is None:
            raise web.HTTPNotFound(text="Webhook not found or does not belong to your company")
        return webhook

    def _check_key(self, request: web.Request) -> None:
        if request.headers.get("X-API-Key") != self._api_key:
            raise web.HTTPUnauthorized(text="Invalid or missing API key")


def _shown(webhook: Webhook) -> dict[str, object]:
    return {name: value for name, value in asdict(webhook).items() if name != "secret"}
