"""All of the bot behind the HTTP door, with a list instead of a wire, and payloads in Slack's shapes."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import aiohttp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.agent_ports import Boards
from bot.core.calls import EXAMPLE_ID, Call, CallId
from bot.core.changes import Rules
from bot.core.errors import BotError, ChannelUnavailable, PermanentError
from bot.core.findings import Finding, State
from bot.core.limits import LookupLimits
from bot.core.lookup import Lookup
from bot.core.naming import KnownNames, NamedCalls
from bot.core.ports import Outbox
from bot.core.subscriptions import Subscription
from bot.core.visibility import Visibility
from bot.slack.agent_following import AgentFollowing
from bot.slack.answers import Answers
from bot.slack.blocks import Message
from bot.slack.board_pages import BoardPages
from bot.slack.bolt import make_bolt
from bot.slack.channels import Channels
from bot.slack.deliveries import Deliveries
from bot.slack.doctor import Doctor
from bot.slack.following import Following
from bot.slack.listeners import make_dispatcher
from bot.slack.listeners.boundary import Boundary
from bot.slack.listing import Listing
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked, Payload, Place
from bot.slack.witness import Witness
from bot.slack.work import Once, Work
from bot.slack.workspace import Workspace, Workspaces
from tests.factories import make_seal
from tests.slack.agents import FakeAgents, FakeAnnouncements, FakeNames
from tests.slack.bursts import FakeBoards
from tests.slack.people import KnownPeople, make_access
from tests.slack.stores import FakeAudit, FakeOutbox, FakeSubscriptions

TEAM, APP, CHANNEL, USER = "T0OURS", "A0OURS", "C0OPS", "U0MIRA"
RESPONSE_URL = "https://hooks.slack.com/commands/T0OURS/1/2"
ONE = EXAMPLE_ID
TWO = "7f3a2c1e-5b64-4d0f-9a1b-3c8e2f6d7a10"
LINK = "https://files.example/recording.wav?X-Amz-Signature=sig"
READ_AT = datetime(2026, 11, 1, 12, tzinfo=UTC)

COMMAND = "/samora-call"
SEAL = make_seal(team=TEAM)


class Samora:
    """The port to Samora: knows two calls, remembers what it was asked, and fails on demand."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None
        self.is_running = False
        self.agent_id: str | None = None

    async def get_call(self, call_id: CallId) -> Call:
        self.asked.append(str(call_id))
        if self.error:
            raise self.error
        if self.is_running:
            return Call(id=call_id, status="ONGOING", read_at=READ_AT, started_at=READ_AT)
        return Call(
            id=call_id,
            status="CALL_FINISHED",
            read_at=READ_AT,
            agent_id=self.agent_id,
            started_at=READ_AT - timedelta(minutes=6),
            ended_at=READ_AT - timedelta(minutes=1),
            variables={"email": "jane@example.com", **{f"name{number}": "x" * 150 for number in range(80)}},
            recording_url=LINK,
            transcript_url="https://files.example/transcript.pdf?X-Amz-Signature=sig",
        )


@dataclass(frozen=True)
class Said:
    """Something that was said to Slack: a Web API method, or ``response_url``."""

    how: str
    arguments: dict[str, Any]

    @property
    def text(self) -> str:
        return json.dumps(self.arguments, ensure_ascii=False)


class Wire(Messenger):
    """The messenger, with a list instead of a wire. As at Slack, a trigger opens one modal."""

    def __init__(self) -> None:
        web = AsyncWebClient(token="xoxb-1", base_url="https://slack.com/api/")
        super().__init__(web=web, session=cast("aiohttp.ClientSession", None), seal=SEAL)
        self.said: list[Said] = []
        self.errors: dict[str, BotError] = {}
        self._triggers: set[str] = set()

    async def respond(
        self, place: Place, message: Message, *, replace_original: bool, in_channel: bool = False
    ) -> None:
        if not place.response_url:
            raise PermanentError("no response_url of Slack's")
        if "response_url" in self.errors:
            raise self.errors["response_url"]
        body = {"text": message.text, "blocks": list(message.blocks), "replace_original": replace_original}
        self.said.append(Said("response_url", {**body, "in_channel": in_channel, "thread_ts": place.thread_ts}))

    async def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        if method in self.errors:
            raise self.errors[method]
        if method in {"views.open", "views.push"}:
            if arguments["trigger_id"] in self._triggers:
                raise PermanentError("exchanged_trigger_id")
            self._triggers.add(arguments["trigger_id"])
        if method.startswith("chat.") and not arguments.get("channel"):
            raise ChannelUnavailable("channel_not_found")
        self.said.append(Said(method, arguments))
        return {"ok": True, "ts": "9.9", "view": {"id": "V0NEW"}}


class Ours(Workspaces):
    """The workspace that the bot is installed in, known without asking."""

    def __init__(self) -> None:
        super().__init__(web=AsyncWebClient(), app_id=APP)
        self._own = Workspace(team_id=TEAM, team="Acme", bot_user_id="U0BOT", scopes=frozenset())


class Bot:
    """All of the bot behind the HTTP door."""

    def __init__(self, *there: Subscription, work: Work | None = None, limit: int = 1_000, **policy: Any) -> None:
        self.samora, self.wire, self.work = Samora(), Wire(), Work() if work is None else work
        self.subscriptions, self.outbox, self.audit = FakeSubscriptions(*there), FakeOutbox(), FakeAudit()
        self.agents, self.names, self.announcements = FakeAgents(), FakeNames(), FakeAnnouncements()
        self.boards = FakeBoards()
        self.people = KnownPeople()
        access = make_access(self.people, **policy)
        self.woken = 0
        self.seen: list[tuple[str, str]] = []
        self.examined: list[str] = []
        boundary = Boundary(
            work=self.work,
            once=Once(),
            limits=LookupLimits(per_user=limit, per_channel=limit, clock=lambda: 0.0),
            workspaces=Ours(),
            access=access,
            messenger=self.wire,
            observe=lambda kind, outcome: self.seen.append((kind, outcome)),
        )
        names = KnownNames(names=self.names, team_id=lambda: TEAM, clock=lambda: 0.0)
        lookup = Lookup(calls=NamedCalls(calls=self.samora, names=names))
        witness = Witness(audit=self.audit, clock=lambda: READ_AT)
        following = Following(
            lookup=lookup,
            messenger=self.wire,
            deliveries=Deliveries(messenger=self.wire, access=access, names=names),
            subscriptions=self.subscriptions,
            agents=self.agents,
            outbox=cast("Outbox", self.outbox),
            access=access,
            witness=witness,
            clock=lambda: READ_AT,
            rules=Rules(),
            on_change=self._wake,
            make_id=lambda: "s-new",
        )
        dispatcher = make_dispatcher(
            boundary=boundary,
            answers=Answers(lookup=lookup, messenger=self.wire, access=access, witness=witness),
            following=following,
            agents=AgentFollowing(
                agents=self.agents,
                names=names,
                announcements=self.announcements,
                lookup=lookup,
                access=access,
                clock=lambda: READ_AT,
                on_change=self._wake,
                visibility=Visibility(hidden=("notes", "*.pin")),
                make_id=lambda: "a-new",
            ),
            listing=Listing(
                subscriptions=self.subscriptions,
                agents=self.agents,
                names=names,
                access=access,
                on_change=self._wake,
            ),
            boards=BoardPages(boards=cast("Boards", self.boards), names=names),
            channels=Channels(subscriptions=self.subscriptions, access=access, on_change=self._wake),
            doctor=Doctor(examine=self._examine, messenger=self.wire),
            messenger=self.wire,
        )
        self.bolt = make_bolt(dispatcher)

    def _wake(self) -> None:
        self.woken += 1

    async def _examine(self, channel_id: str) -> list[Finding]:
        self.examined.append(channel_id)
        return [Finding(name="Samora", state=State.BROKEN, detail="HTTP 401", advice="Copy the key anew.")]

    async def take(self, payload: Payload) -> Any:
        """Delivers a payload and lets the work that it leads to end; returns the body of the ack."""
        response = await self.bolt.async_dispatch(AsyncBoltRequest(body=as_sent(payload), mode="http"))
        assert response.status == 200, f"answered {response.status}: people see a warning sign"
        await self.work.close(grace=5)
        return json.loads(response.body) if response.body[:1] == "{" else response.body

    @property
    def said(self) -> list[Said]:
        return self.wire.said

    @property
    def only(self) -> Said:
        (said,) = self.wire.said
        return said


def as_sent(payload: Payload) -> str:
    """A payload as Slack sends it: what its workspace's bot had it keep for a button or a modal, it kept sealed."""
    seal = make_seal(
        team=payload.get("view", {}).get("app_installed_team_id") or (payload.get("team") or {}).get("id", "")
    )
    return json.dumps(payload | {name: seal.seal(payload[name]) for name in ("actions", "view") if name in payload})


def metadata_of(view: dict[str, Any]) -> Asked:
    """What a modal carries that an ack shows, which is sealed there."""
    return Asked.parse(view["private_metadata"].rpartition("~")[0])


# Payloads, in Slack's shapes


def command(text: str, **changes: Any) -> Payload:
    return {
        "command": COMMAND, "text": text, "team_id": TEAM, "team_domain": "acme", "user_id": USER, "user_name": "mira",
        "channel_id": CHANNEL, "channel_name": "operations", "api_app_id": APP, "is_enterprise_install": "false",
        "response_url": RESPONSE_URL, "trigger_id": "1.1.command",
    } | changes  # fmt: skip


def pressed(action_id: str, value: str | None = None, **changes: Any) -> Payload:
    """A button on a private card; with ``view``, in a modal."""
    action = {"type": "button", "action_id": action_id, "block_id": "b1", "action_ts": "1.2"}
    return {
        "type": "block_actions", "api_app_id": APP, "trigger_id": "1.1.press", "response_url": RESPONSE_URL,
        "team": {"id": TEAM, "domain": "acme"}, "user": {"id": USER, "username": "mira", "team_id": TEAM},
        "channel": {"id": CHANNEL, "name": "operations"},
        "container": {"type": "message", "message_ts": "5.5", "channel_id": CHANNEL, "is_ephemeral": True},
        "actions": [action | ({"value": value} if value is not None else {})],
    } | changes  # fmt: skip


PUBLIC = {
    "container": {"type": "message", "message_ts": "5.5", "channel_id": CHANNEL, "is_ephemeral": False},
    "message": {"ts": "5.5", "text": "card", "bot_id": "B1"},
}
IN_THREAD = {
    "container": {
        "type": "message", "message_ts": "5.6", "thread_ts": "5.5", "channel_id": CHANNEL, "is_ephemeral": True,
    },
}  # fmt: skip


def view_of(callback_id: str = "", *, origin: Asked | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "id": "V0OPEN", "type": "modal", "team_id": TEAM, "app_installed_team_id": TEAM, "callback_id": callback_id,
        "private_metadata": (origin or Asked()).encode(), "state": {"values": {}}, "hash": "1.h",
    } | changes  # fmt: skip


def pressed_in_modal(action_id: str, value: str, *, origin: Asked | None = None, **changes: Any) -> Payload:
    payload = pressed(action_id, value, view=view_of(origin=origin), container={"type": "view", "view_id": "V0OPEN"})
    del payload["channel"], payload["response_url"]
    return payload | changes


def pressed_in_home(action_id: str, value: str, **changes: Any) -> Payload:
    home = {"id": "V0HOME", "type": "home", "team_id": TEAM, "app_installed_team_id": TEAM, "private_metadata": ""}
    payload = pressed(action_id, value, view=home, container={"type": "view", "view_id": "V0HOME"})
    del payload["channel"], payload["response_url"]
    return payload | changes


def opened_home(**event: Any) -> Payload:
    fields = {"type": "app_home_opened", "user": USER, "channel": "D0MIRA", "tab": "home", "event_ts": "6.6"}
    return mention("") | {"event": fields | event}


def submitted(callback_id: str, values: dict[str, Any], *, origin: Asked | None = None, **changes: Any) -> Payload:
    state = {"values": {name: {name: value} for name, value in values.items()}}
    return {
        "type": "view_submission", "api_app_id": APP, "trigger_id": "1.1.submit", "response_urls": [],
        "team": {"id": TEAM, "domain": "acme"}, "user": {"id": USER, "username": "mira", "team_id": TEAM},
        "view": view_of(callback_id, origin=origin, state=state),
    } | changes  # fmt: skip


def typed(text: str) -> dict[str, Any]:
    return {"call_id": {"type": "plain_text_input", "value": text}}


def chosen(call_id: str) -> dict[str, Any]:
    return {"call_id": {"type": "static_select", "selected_option": {"value": call_id}}}


def in_channel(channel_id: str | None) -> dict[str, Any]:
    return {"channel": {"type": "conversations_select", "selected_conversation": channel_id}}


def on_message(callback_id: str, text: str, **changes: Any) -> Payload:
    return {
        "type": "message_action", "callback_id": callback_id, "api_app_id": APP, "trigger_id": "1.1.shortcut",
        "response_url": RESPONSE_URL, "team": {"id": TEAM, "domain": "acme"}, "message_ts": "5.5",
        "user": {"id": USER, "name": "mira", "team_id": TEAM}, "channel": {"id": CHANNEL, "name": "operations"},
        "message": {"type": "message", "ts": "5.5", "user": "U0JON", "text": text},
    } | changes  # fmt: skip


def anywhere(callback_id: str = "find_call", **changes: Any) -> Payload:
    return {
        "type": "shortcut", "callback_id": callback_id, "trigger_id": "1.1.global", "action_ts": "1.2",
        "team": {"id": TEAM, "domain": "acme"}, "user": {"id": USER, "username": "mira", "team_id": TEAM},
    } | changes  # fmt: skip


def mention(said: str, **event: Any) -> Payload:
    return {
        "type": "event_callback", "team_id": TEAM, "api_app_id": APP, "event_id": "Ev1", "event_time": 1,
        "authorizations": [{"enterprise_id": None, "team_id": TEAM, "user_id": "U0BOT", "is_bot": True}],
        "event": {
            "type": "app_mention", "user": USER, "text": f"<@U0BOT> {said}", "ts": "6.6", "channel": CHANNEL,
            "team": TEAM, "user_team": TEAM,
        } | event,
    }  # fmt: skip


def about(call_id: str = ONE, **more: Any) -> str:
    return Asked(call=call_id, **more).encode()


def labels(said: Said) -> list[str]:
    blocks = said.arguments.get("blocks") or said.arguments.get("view", {}).get("blocks", [])
    return [element["text"]["text"] for block in blocks if block["type"] == "actions" for element in block["elements"]]
