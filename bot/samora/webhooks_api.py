"""Webhooks at Samora, as an administrator installs them: ``/v2/webhooks``.

Source: docs.samora.ai, "Webhooks": create, list, update and delete them, one agent each.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.core.errors import SamoraRefused, SamoraUnavailable
from bot.samora.webhook import EVENTS, SECRET_HEADER

Kind = TypeVar("Kind", bound=BaseModel)

NAME = "Samora for Slack"
_PATH = "/v2/webhooks"
_SECONDS = 15.0
_PER_STATUS = {401: "the key is not accepted", 403: "the key may not do that", 404: "there is no such agent or webhook"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One webhook as it stands at Samora.

    Attributes:
        id: Samora's own.
        agent_id: whose calls it announces.
        name: what somebody called it.
        url: where it is sent.
        events: which.
        is_active: whether it is sent at all.
        brings_more: whether transcripts or links come along, which nobody wants.
        headers: what is sent along; secrets.
        secret: Samora's own for signing; only told when the webhook is made, else empty.
    """

    id: str
    agent_id: str
    name: str = ""
    url: str = ""
    events: tuple[str, ...] = ()
    is_active: bool = True
    brings_more: bool = False
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)

    @property
    def own_secret(self) -> str:
        """The secret of our own that it brings along; empty if it brings none."""
        return next((value for name, value in self.headers.items() if name.lower() == SECRET_HEADER.lower()), "")


class _Wire(BaseModel):
    """A webhook as Samora lists it. Somebody else's may lack anything, and must not hide ours."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    agent_id: str | None = None
    name: str | None = None
    url: str | None = None
    events: list[str] | None = None
    is_active: bool | None = None
    data_options: dict[str, object] | None = None
    custom_headers: dict[str, object] | None = None
    secret: str | None = None


class _Listed(BaseModel):
    webhooks: list[_Wire]


class _ListAnswer(BaseModel):
    data: _Listed


class _OneAnswer(BaseModel):
    data: _Wire


class WebhooksApi:
    """Lists, makes, mends and removes them. Every method raises SamoraUnavailable or SamoraRefused."""

    def __init__(self, *, http: httpx.AsyncClient) -> None:
        """Takes an open client; see :func:`bot.samora.client.open_http`."""
        self._http = http

    async def list(self, agent_id: str = "") -> tuple[Webhook, ...]:
        """All of them, or those of one agent."""
        answer = await self._ask("GET", _PATH, params={"agent_id": agent_id} if agent_id else {})
        found = (_webhook_of(each) for each in _read(_ListAnswer, answer).data.webhooks)
        # Whoever mends or removes what is found here must not depend on how Samora understands the question.
        return tuple(each for each in found if not agent_id or each.agent_id.lower() == agent_id.lower())

    async def create(self, *, agent_id: str, url: str, secret: str) -> Webhook:
        """Makes one; the answer alone tells Samora's own secret."""
        answer = await self._ask("POST", _PATH, json={"agent_id": agent_id, **_wanted(url, secret)})
        return _webhook_of(_read(_OneAnswer, answer).data)

    async def mend(self, webhook_id: str, *, url: str, secret: str) -> None:
        """Makes one as it should be."""
        await self._ask("PUT", _path_of(webhook_id), json={**_wanted(url, secret), "is_active": True})

    async def remove(self, webhook_id: str) -> None:
        """Takes one away."""
        await self._ask("DELETE", _path_of(webhook_id))

    async def _ask(self, method: str, path: str, **more: Any) -> bytes:
        try:
            async with asyncio.timeout(_SECONDS):
                response = await self._http.request(method, path, **more)
        except (TimeoutError, httpx.TransportError, aiohttp.ClientError):
            # Without the cause: a foreign error may quote an address or a header.
            raise SamoraUnavailable("no answer") from None
        if response.is_success:
            return response.content
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or response.status_code == 429:
            raise SamoraUnavailable(f"HTTP {response.status_code}")
        known = _PER_STATUS.get(response.status_code)
        raise SamoraRefused(f"HTTP {response.status_code}{f': {known}' if known else ''}")


def _path_of(webhook_id: str) -> str:
    return f"{_PATH}/{quote(webhook_id, safe='')}"


def _wanted(url: str, secret: str) -> dict[str, object]:
    # Neither transcript nor link is wanted: nothing in a webhook is believed but that there is news.
    return {
        "name": NAME,
        "url": url,
        "events": list(EVENTS),
        "data_options": {"include_transcript": False, "include_recording_url": False},
        "custom_headers": {SECRET_HEADER: secret},
    }


def _read(kind: type[Kind], answer: bytes) -> Kind:
    try:
        return kind.model_validate_json(answer)
    except ValidationError:
        raise SamoraUnavailable("unreadable answer") from None


def _webhook_of(wire: _Wire) -> Webhook:
    return Webhook(
        id=wire.id,
        agent_id=wire.agent_id or "",
        name=wire.name or "",
        url=wire.url or "",
        events=tuple(wire.events or ()),
        is_active=wire.is_active is not False,
        brings_more=any((wire.data_options or {}).values()),
        headers={name: str(value) for name, value in (wire.custom_headers or {}).items()},
        secret=wire.secret or "",
    )
