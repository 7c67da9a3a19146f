"""``samora-bot webhooks``: has Samora tell the bot of an agent's calls, and sees to it that it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.core.errors import StoreUnavailable, UserMistake
from bot.core.lookup import is_loopback
from bot.samora.webhook import EVENTS, SECRET_HEADER
from bot.samora.webhooks_api import NAME, Webhook, WebhooksApi
from bot.storage.webhooks import WebhookStore
from bot.terminal.call import print_plain

PATH = "/samora/webhook"
_SECONDS = 10.0
_WIDTH_OF_A_FILE = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for.

    Attributes:
        agent_id: the agent; empty for all.
        url: where its webhooks are to be sent; empty if that isn't said.
        webhook_id: one webhook, by Samora's id; empty for none.
    """

    agent_id: str = ""
    url: str = ""
    webhook_id: str = ""

    @classmethod
    def read(cls, *, agent: str, url: str, webhook: str) -> "Wanted":
        """Reads what was typed; raises UserMistake for what can't be meant."""
        return cls(agent_id=_read_id(agent, "an agent's id"), url=_read_url(url), webhook_id=webhook.strip())

    def require(self, *, url: bool = False) -> None:
        """Raises UserMistake if the agent, or the address, isn't said."""
        if not self.agent_id:
            raise UserMistake("Whose calls? Give the agent: --agent <id>. A call's card shows its agent's id.")
        if url and not self.url:
            raise UserMistake(f"Where is the bot reached from outside? Give its address: --url https://…{PATH}")


class WebhookDesk:
    """Does it, and says what was done. Raises SamoraUnavailable, SamoraRefused and StoreUnavailable."""

    def __init__(self, *, api: WebhooksApi, store: WebhookStore, secrets: Sequence[str]) -> None:
        """Takes Samora's webhooks, who keeps their secrets, and our own: the first is installed, all are accepted."""
        self._api = api
        self._store = store
        self._secrets = secrets

    async def install(self, wanted: Wanted) -> None:
        """Makes the agent's webhook, or mends it; twice is once."""
        there = sorted(
            _ours(await self._api.list(wanted.agent_id), wanted.url), key=lambda each: each.url != wanted.url
        )
        kept = next((each for each in there if each.url == wanted.url or each.own_secret in self._secrets), None)
        if kept is None:
            await self._create(wanted)
        elif faults := self._faults(kept, url=wanted.url):
            await self._api.mend(kept.id, url=wanted.url, secret=self._secrets[0])
            print_plain(f"Mended: webhook {kept.id} ({'; '.join(faults)}).")
        else:
            print_plain(f"Nothing to do: webhook {kept.id} is as it should be.")
        for each in there:
            if each is not kept and each.url == wanted.url:
                await self._remove(each.id)
                print_plain(f"Removed: webhook {each.id}, which told the same a second time.")
            elif each is not kept:
                # Another bot's, perhaps: two may share an organisation.
                print_plain(f"Left alone: webhook {each.id}, which is sent to {each.url}.")

    async def show(self, wanted: Wanted) -> None:
        """A table of what is installed. Secrets are never shown."""
        found = await self._api.list(wanted.agent_id)
        if not found:
            print_plain(
                "No webhook is installed. `samora-bot webhooks install --agent <id> --url https://…` does that."
            )
            return
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=_WIDTH_OF_A_FILE)
        table = Table(box=None, padding=(0, 2, 0, 0))
        for heading in ("Agent", "Webhook", "Sent to", "Events", "State"):
            table.add_column(heading, overflow="fold")
        for each in found:
            cells = (each.agent_id, each.id, _shown_url(each), " ".join(each.events), self._state(each))
            table.add_row(*map(Text, cells))
        console.print(table)

    async def remove(self, wanted: Wanted) -> None:
        """Removes a webhook by its id, or all of ours of an agent, or those that are sent to an address."""
        ids = [wanted.webhook_id]
        if not wanted.webhook_id:
            wanted.require()
            ours = _ours(await self._api.list(wanted.agent_id), wanted.url)
            ids = [each.id for each in ours if wanted.url in {"", each.url}]
        for each in ids:
            await self._remove(each)
        nothing = f"No webhook of ours is {'sent there' if wanted.url else 'installed'} for this agent."
        print_plain(f"Removed: {', '.join(ids)}." if ids else nothing)

    async def check(self, wanted: Wanted) -> bool:
        """Whether all of ours are as they should be, and get through; says so line by line."""
        ours = _ours(await self._api.list(wanted.agent_id), wanted.url)
        told = {each.agent_id for each in ours if each.url == wanted.url}
        # Of an agent that is told of here, what is sent elsewhere may be another bot's.
        ours = [each for each in ours if each.url == wanted.url or each.agent_id not in told]
        if not ours:
            print_plain("No webhook of ours is installed.")
            return False
        is_fine = True
        for each in ours:
            faults = self._faults(each, url=wanted.url or each.url)
            # A secret goes nowhere where Samora doesn't send it already.
            faults += await _knock(each.url, each.own_secret if each.own_secret in self._secrets else "")
            is_fine &= not faults
            print_plain(f"{each.agent_id}: {'; '.join(faults) or 'installed, and the bot answers'}")
        return is_fine

    async def _create(self, wanted: Wanted) -> None:
        made = await self._api.create(agent_id=wanted.agent_id, url=wanted.url, secret=self._secrets[0])
        try:
            await self._store.keep(made.id, agent_id=wanted.agent_id, secret=made.secret)
        except StoreUnavailable:
            # Its secret is told only once: when it is made anew, it can be kept.
            await self._api.remove(made.id)
            raise
        print_plain(f"Installed: Samora tells {wanted.url} of this agent's calls (webhook {made.id}).")

    async def _remove(self, webhook_id: str) -> None:
        # In that order: what stands at Samora is found again, and what we keep of it isn't.
        await self._store.forget(webhook_id)
        await self._api.remove(webhook_id)

    def _faults(self, webhook: Webhook, *, url: str) -> list[str]:
        found = []
        if webhook.url != url:
            found.append(f"it is sent elsewhere: {webhook.url}")
        if missing := [each for each in EVENTS if each not in webhook.events]:
            found.append(f"it does not tell of {', '.join(missing)}")
        if webhook.brings_more:
            found.append("it brings transcripts or links along")
        if not webhook.is_active:
            found.append("it is switched off")
        if webhook.own_secret != self._secrets[0]:
            found.append("it does not bring the first secret of WEBHOOK_SECRET")
        return found

    def _state(self, webhook: Webhook) -> str:
        if webhook.name != NAME:
            return "not ours"
        return "; ".join(self._faults(webhook, url=webhook.url)) or "fine"


def _ours(webhooks: Sequence[Webhook], url: str) -> list[Webhook]:
    return [each for each in webhooks if each.name == NAME or (url and each.url == url)]


def _shown_url(webhook: Webhook) -> str:
    """Where it is sent; of a foreign one only the host, for the rest of such an address is often a secret."""
    if webhook.name == NAME:
        return webhook.url
    try:
        return f"{urlsplit(webhook.url).hostname or '?'}/…"
    except ValueError:
        return "?"


async def _knock(url: str, secret: str) -> list[str]:
    """Whether the bot answers there as it should: no to strangers, yes to whoever knows the secret."""
    faults: list[str] = []
    knocks: list[tuple[dict[str, str], int]] = [({}, 401)]
    if secret:
        knocks.append(({SECRET_HEADER: secret}, 202))
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        is_near = is_loopback(urlsplit(url).hostname or "")
        async with aiohttp.ClientSession(timeout=timeout, trust_env=not is_near) as session:
            for headers, wanted in knocks:
                async with session.post(url, json={}, headers=headers, allow_redirects=False) as answer:
                    if answer.status != wanted:
                        faults.append(f"{url} answers {answer.status} instead of {wanted}")
    except (aiohttp.ClientError, TimeoutError, ValueError):
        faults.append(f"{url} does not answer")
    return faults[:1]


def _read_id(text: str, what: str) -> str:
    if not text:
        return ""
    try:
        return str(UUID(text.strip()))
    except ValueError:
        raise UserMistake(f"That isn't {what}: it looks like 123e4567-e89b-12d3-a456-426614174000.") from None


def _read_url(text: str) -> str:
    if not text:
        return ""
    try:
        parts = urlsplit(text.strip())
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise UserMistake("--url isn't an address.") from None
    if not host or parts.scheme not in {"http", "https"} or (parts.scheme == "http" and not is_loopback(host)):
        raise UserMistake(f"--url must be an address that Samora reaches: https://…{PATH}")
    if parts.username is not None or parts.query or parts.fragment:
        raise UserMistake("--url must be a plain address, without a user, a query or a fragment.")
    if parts.path.rstrip("/") in {"", PATH}:
        return f"{parts.scheme}://{parts.netloc}{PATH}"
    raise UserMistake(f"--url must end in {PATH}: that is where the bot listens.")
