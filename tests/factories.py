"""Values and payloads for tests: each builder has sensible defaults, and a keyword for whatever a test is about."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from bot.core.calls import Call, CallId, CallStatus
from bot.slack.seal import Seal

Payload = dict[str, Any]

TEAM = "T111"
OTHER_TEAM = "T999"
APP = "A111"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
USER = "U111"
BOT_USER = "U222"
CHANNEL = "C111"
MESSAGE_TS = "1700000100.000200"
ROOT_TS = "1700000000.000100"
READ_AT = datetime(2024, 1, 15, 11, 0, tzinfo=UTC)
RECORDING_URL = "https://s3.example.com/bucket/recording.mp3?X-Amz-Signature=5ec7e7"
TRANSCRIPT_URL = "https://s3.example.com/bucket/transcript.pdf?X-Amz-Signature=5ec7e7"


def make_seal(*, secret: str = SIGNING_SECRET, team: str = TEAM) -> Seal:
    """The seal of that workspace."""
    return Seal(secret=secret, team_id=lambda: team)


def make_call_id(n: int = 1) -> CallId:
    """The n-th of many different ids."""
    return CallId(f"{n:08x}-e89b-42d3-a456-{n:012x}")


def make_call(**overrides: Any) -> Call:
    """A finished call of five minutes with everything that a call can have."""
    values: dict[str, Any] = {
        "id": make_call_id(),
        "status": CallStatus.CALL_FINISHED,
        "read_at": READ_AT,
        "agent_id": "agent-7",
        "created_at": datetime(2024, 1, 15, 10, 30, tzinfo=UTC),
        "updated_at": datetime(2024, 1, 15, 10, 35, 40, tzinfo=UTC),
        "started_at": datetime(2024, 1, 15, 10, 30, 5, tzinfo=UTC),
        "ended_at": datetime(2024, 1, 15, 10, 35, 30, tzinfo=UTC),
        "variables": {"name": "Jane Doe", "customer_id": "CUST-001"},
        "recording_url": RECORDING_URL,
        "transcript_url": TRANSCRIPT_URL,
    }
    return Call(**(values | overrides))


def make_wire_call(**overrides: object) -> dict[str, object]:
    """The ``data`` object of Samora's reference, as JSON has it."""
    values: dict[str, object] = {
        "agent_id": "123e4567-e89b-12d3-a456-426614174000",
        "created_at": "2024-01-15T10:30:00Z",
        "updated_at": "2024-01-15T10:35:00Z",
        "started_at": "2024-01-15T10:30:05Z",
        "ended_at": "2024-01-15T10:35:30Z",
        "transcript_url": TRANSCRIPT_URL,
        "recording_url": RECORDING_URL,
        "status": "CALL_FINISHED",
        "call_variables": {"name": "John Doe", "email": "john.doe@example.com", "customer_id": "CUST-001"},
    }
    return values | overrides


def make_command_payload(
    text: str = "", *, user: str = USER, team: str = TEAM, channel: str = CHANNEL, trigger: str = "111.222.command"
) -> Payload:
    """A slash command, as the form that Slack posts."""
    return {
        "token": "legacy",
        "team_id": team,
        "team_domain": "acme",
        "channel_id": channel,
        "channel_name": "support",
        "user_id": user,
        "user_name": "jane",
        "command": "/samora-call",
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": f"https://hooks.slack.com/commands/{team}/111/xxx",
        "trigger_id": trigger,
    }


def _make_interaction(kind: str, *, user: str, user_team: str, team: str, trigger: str) -> Payload:
    return {
        "type": kind,
        "team": {"id": team, "domain": "acme"},
        "user": {"id": user, "username": "jane", "name": "jane", "team_id": user_team},
        "api_app_id": APP,
        "token": "legacy",
        "trigger_id": trigger,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def make_message(*, text: str = "", ts: str = MESSAGE_TS, in_thread: bool = False, **parts: object) -> Payload:
    """A message as shortcuts and pressed buttons carry it; ``parts`` are blocks, attachments and the like."""
    message: Payload = {"type": "message", "text": text, "user": USER, "ts": ts, "team": TEAM}
    return message | ({"thread_ts": ROOT_TS} if in_thread else {}) | parts


def make_view(
    callback_id: str = "", *, private_metadata: str = "", values: Payload | None = None, team: str = TEAM
) -> Payload:
    """A modal as interactions carry it; ``values`` is block id → action id → state."""
    return {
        "id": "V111",
        "team_id": team,
        "type": "modal",
        "blocks": [],
        "private_metadata": private_metadata,
        "callback_id": callback_id,
        "state": {"values": values or {}},
        "hash": "1596530361.3wRYuk3R",
        "title": {"type": "plain_text", "text": "Samora call"},
        "previous_view_id": None,
        "root_view_id": "V111",
        "app_id": APP,
        "external_id": "",
        "app_installed_team_id": TEAM,
        "bot_id": "B111",
    }


def make_button_payload(
    action_id: str = "refresh",
    value: str = "",
    *,
    ephemeral: bool = False,
    in_thread: bool = False,
    from_view: bool = False,
    user: str = USER,
    user_team: str = TEAM,
    team: str = TEAM,
    channel: str = CHANNEL,
    private_metadata: str = "",
    trigger: str = "111.222.button",
) -> Payload:
    """A pressed button: on a message, on one for the presser alone (then Slack sends no message), or in a modal."""
    payload = _make_interaction("block_actions", user=user, user_team=user_team, team=team, trigger=trigger)
    text = {"type": "plain_text", "text": "Button", "emoji": False}
    action = {"type": "button", "action_id": action_id, "block_id": "b", "text": text, "value": value}
    payload |= {"actions": [action | {"action_ts": "1700000200.000300"}], "state": {"values": {}}}
    if from_view:
        view = make_view(private_metadata=private_metadata)
        return payload | {"container": {"type": "view", "view_id": view["id"]}, "view": view}
    container = {"type": "message", "message_ts": MESSAGE_TS, "channel_id": channel, "is_ephemeral": ephemeral}
    payload |= {
        "container": container | ({"thread_ts": ROOT_TS} if in_thread else {}),
        "channel": {"id": channel, "name": "support"},
        "response_url": f"https://hooks.slack.com/actions/{team}/111/xxx",
    }
    return payload if ephemeral else payload | {"message": make_message(text="A card.", in_thread=in_thread)}


def make_message_shortcut_payload(
    callback_id: str = "show_call",
    *,
    message: Payload | None = None,
    text: str = "",
    in_thread: bool = False,
    user: str = USER,
    user_team: str = TEAM,
    team: str = TEAM,
    channel: str = CHANNEL,
    trigger: str = "111.222.shortcut",
) -> Payload:
    """A shortcut chosen from a message's menu."""
    message = message or make_message(text=text, in_thread=in_thread)
    return _make_interaction("message_action", user=user, user_team=user_team, team=team, trigger=trigger) | {
        "action_ts": "1700000200.000300",
        "callback_id": callback_id,
        "channel": {"id": channel, "name": "support"},
        "message": message,
        "message_ts": message["ts"],
        "response_url": f"https://hooks.slack.com/app/{team}/111/xxx",
    }


def make_global_shortcut_payload(
    callback_id: str = "find_call", *, user: str = USER, team: str = TEAM, trigger: str = "111.222.global"
) -> Payload:
    """A shortcut chosen from nowhere: no channel, no response_url."""
    payload = _make_interaction("shortcut", user=user, user_team=team, team=team, trigger=trigger)
    return payload | {"action_ts": "1700000200.000300", "callback_id": callback_id}


def make_submission_payload(
    callback_id: str = "find_call",
    *,
    values: Payload | None = None,
    private_metadata: str = "",
    user: str = USER,
    user_team: str = TEAM,
    trigger: str = "111.222.submission",
) -> Payload:
    """A submitted modal. From somebody of another workspace, it names that one as its team."""
    view = make_view(callback_id, private_metadata=private_metadata, values=values, team=user_team)
    payload = _make_interaction("view_submission", user=user, user_team=user_team, team=user_team, trigger=trigger)
    return payload | {"view": view, "response_urls": []}


def make_mention_payload(
    text: str = "",
    *,
    in_thread: bool = False,
    user: str = USER,
    user_team: str = TEAM,
    team: str = TEAM,
    channel: str = CHANNEL,
    event_id: str = "Ev111",
) -> Payload:
    """An ``app_mention`` event. From a partner's workspace, the outer team is theirs and the authorised one ours."""
    text = f"<@{BOT_USER}> {text}"
    event: Payload = {"type": "app_mention", "text": text, "user": user, "ts": MESSAGE_TS, "team": user_team}
    event |= {"channel": channel, "event_ts": MESSAGE_TS} | ({"thread_ts": ROOT_TS} if in_thread else {})
    authorization = {"enterprise_id": None, "team_id": team, "user_id": BOT_USER, "is_bot": True}
    return {
        "token": "legacy",
        "team_id": user_team,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": 1700000100,
        "authorizations": [authorization | {"is_enterprise_install": False}],
        "is_ext_shared_channel": user_team != team,
    }


# Foreign texts as nobody wants them, and calls made of them, for hypothesis.
_NASTY = (
    *("<!channel>", "<!here|x>", "<@U123>", "<#C123|general>", "<https://evil.example|https://bank.example>"),
    *("`<!channel>`", "```", "*bold* _it_ ~no~", "> quote", "&lt;!channel&gt;", "&", ":skull:", "\u202egnp.exe\u2066"),
    *(
        "\x00\x07\x1b[31m",
        "",
        " ",
        "\n\n",
        "\u200b",
        "\ufeff",
        "\ud83d",
        "💥",
        "a" * 100_000,
        "💥" * 3_000,
        "<&>" * 999,
    ),
    *("None of it", '"' * 300, "\\" * 300, "\u0000" * 300, "https://example.com/a b", "{'a': 1}", "ŉ" * 200),
)
# By their place, because hypothesis shows what it samples from, and these are long.
_NASTY_TEXTS = st.integers(0, len(_NASTY) - 1).map(_NASTY.__getitem__)
HOSTILE_TEXTS = st.one_of(
    st.text(st.characters(), max_size=30),
    _NASTY_TEXTS,
    st.tuples(_NASTY_TEXTS, st.text(max_size=3), _NASTY_TEXTS).map("".join),
)
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), HOSTILE_TEXTS)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE_TEXTS, inner, max_size=2), max_leaves=4
)
_MANY = st.tuples(st.integers(0, 500), HOSTILE_TEXTS).map(
    lambda many: {f"v{n}{many[1][:99]}": n for n in range(many[0])}
)
_MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
_URLS = st.none() | st.just(RECORDING_URL) | st.integers(2_900, 9_000).map(lambda size: RECORDING_URL.ljust(size, "x"))
HOSTILE_CALLS = st.builds(
    make_call,
    id=st.uuids().map(lambda found: CallId(str(found))),
    status=st.sampled_from(CallStatus) | HOSTILE_TEXTS,
    agent_id=st.none() | HOSTILE_TEXTS,
    agent_name=st.just("") | HOSTILE_TEXTS,
    created_at=_MOMENTS,
    started_at=_MOMENTS,
    ended_at=_MOMENTS,
    variables=st.dictionaries(HOSTILE_TEXTS, _VALUES, max_size=8) | _MANY,
    recording_url=_URLS,
    transcript_url=_URLS,
)
