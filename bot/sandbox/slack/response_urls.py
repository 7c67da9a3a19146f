"""``response_url``: five answers within thirty minutes, even where the bot is not a member."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from bot.sandbox.slack.chat import checked_content
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.people import BOT_USER
from bot.sandbox.slack.refusal import Refusal
from bot.sandbox.slack.workspace import Message, Workspace, new_id

USES = 5
LIFETIME = timedelta(minutes=30)


@dataclass(kw_only=True)
class ResponseUrl:
    """One interaction's answering machine.

    Attributes:
        channel: where answers appear.
        user: who sees the ephemeral ones.
        expires_at: when it stops, as an aware UTC datetime.
        source: the channel and ts of the message that carried the component; None for commands and shortcuts.
        uses: how many answers were taken.
    """

    channel: str
    user: str
    expires_at: datetime
    source: tuple[str, str] | None = None
    uses: int = 0


@dataclass
class ResponseUrls:
    """Gives them out and answers ``/response/{id}``."""

    workspace: Workspace
    address: str = ""
    _given: dict[str, ResponseUrl] = field(default_factory=dict)

    def issue(self, *, channel: str, user: str, source: Message | None = None) -> str:
        """A new address; ``source`` is the message that carried the component."""
        key = new_id("R")
        self._given[key] = ResponseUrl(
            channel=channel,
            user=user,
            expires_at=self.workspace.clock.now() + LIFETIME,
            source=(source.channel, source.ts) if source else None,
        )
        return f"{self.address}/response/{key}"

    def rename_channel(self, old: str, new: str) -> None:
        """Lets answers appear under a channel's new id."""
        for given in self._given.values():
            if given.channel == old:
                given.channel = new
            if given.source is not None and given.source[0] == old:
                given.source = (new, given.source[1])

    async def answer(self, request: web.Request) -> web.Response:
        """Takes one answer; refusals are plain text, HTTP 404 for the address and 400 for the message."""
        given = self._given.get(request.match_info["id"])
        if given is None or self.workspace.clock.now() > given.expires_at:
            return web.Response(status=404, text="expired_url")
        if given.uses >= USES:
            return web.Response(status=404, text="used_url")
        try:
            self._take(given, await _body(request))
        except Refusal as refusal:
            return web.Response(status=400, text=refusal.error)
        given.uses += 1
        return web.Response(text="ok")

    def _take(self, given: ResponseUrl, body: Json) -> None:
        source = self.workspace.find(*given.source) if given.source else None
        has_content = any(body.get(key) for key in ("text", "blocks", "attachments"))
        delete = source is not None and body.get("delete_original") is True
        if not (delete and not has_content):
            content = checked_content(body)
            if source is not None and body.get("replace_original") is True and not delete:
                self.workspace.edit(source, **content)
            else:
                self._post(given, content, body)
        if source is not None and delete:
            self.workspace.delete(source)

    def _post(self, given: ResponseUrl, content: Json, body: Json) -> None:
        in_channel = body.get("response_type") == "in_channel"
        self.workspace.post(
            given.channel,
            BOT_USER,
            **content,
            thread_ts=body.get("thread_ts"),
            ephemeral_to=None if in_channel else given.user,
            via="response_url",
        )


async def _body(request: web.Request) -> Json:
    try:
        body = json.loads(await request.text())
    except ValueError:
        raise Refusal("invalid_payload") from None
    if not isinstance(body, dict):
        raise Refusal("invalid_payload")
    return body
