"""The boundary and the dispatcher: every request is taken on once, always ends in an answer, and is always acked."""

import asyncio
import json
from dataclasses import replace
from time import monotonic
from typing import Any, cast

import aiohttp
import pytest
from pytest_mock import MockerFixture
from slack_sdk.web.async_client import AsyncWebClient
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from bot.core.calls import EXAMPLE_ID, CallId
from bot.core.errors import (
    BotError,
    CallNotFound,
    ChannelUnavailable,
    ModalClosed,
    PermanentError,
    SamoraRefused,
    SamoraUnavailable,
    SlackUnavailable,
    StoreUnavailable,
    TokenRefused,
    UnsafeLink,
    UserMistake,
)
from bot.core.limits import LookupLimits
from bot.slack.blocks import Message
from bot.slack.listeners.ack import Ack, Acked
from bot.slack.listeners.boundary import Boundary, Busy, Request
from bot.slack.listeners.dispatcher import COMMAND, Dispatcher
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked, Payload, Place
from bot.slack.replies import EphemeralReply, ModalReply
from bot.slack.sentences import OUTSIDER
from bot.slack.work import Once, Work
from bot.slack.workspace import Workspace, Workspaces
from tests.factories import make_seal
from tests.slack.people import KnownPeople, make_access

ID = CallId(EXAMPLE_ID)
MEMBER = Place(team_id="T1", user_id="U1", user_team_id="T1", app_id="A1", channel_id="C1", trigger_id="1.1.t")


class Spoken(Messenger):
    """A messenger that remembers what one person was told."""

    def __init__(self) -> None:
        super().__init__(web=AsyncWebClient(), session=cast("aiohttp.ClientSession", None), seal=make_seal())
        self.told: list[Message] = []
        self.places: list[Place] = []
        self.error: Exception | None = None

    async def tell(self, place: Place, message: Message) -> None:
        if self.error:
            raise self.error
        self.places.append(place)
        self.told.append(message)


class Known(Workspaces):
    """The workspace of the bot; or the error that Slack gives instead."""

    def __init__(self, error: BotError | None = None, *, enterprise_id: str = "") -> None:
        super().__init__(web=AsyncWebClient(), app_id="A1")
        self._error = error
        self._enterprise_id = enterprise_id

    async def get_own(self) -> Workspace:
        if self._error:
            raise self._error
        return Workspace(
            team_id="T1", team="Acme", bot_user_id="U0", scopes=frozenset(), enterprise_id=self._enterprise_id
        )


class Heard:
    """A reply that remembers what it was given, and fails on demand."""

    has_other_way = True

    def __init__(self, *, begin: Exception | None = None, send: Exception | None = None) -> None:
        self._begin_error, self._send_error = begin, send
        self.begun = 0
        self.sent: list[Message] = []

    async def begin(self) -> None:
        self.begun += 1
        if self._begin_error:
            raise self._begin_error

    async def still_asking(self) -> None:
        return None

    async def send(self, message: Message) -> None:
        if self._send_error:
            raise self._send_error
        self.sent.append(message)

    async def redraw(self, card: Message) -> None:
        self.sent.append(card)


class Job:
    """A job that counts how often it is done, and fails on demand."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.done = 0
        self._error = error

    async def __call__(self) -> None:
        self.done += 1
        if self._error:
            raise self._error


class Edge:
    """A boundary with everything around it."""

    def __init__(
        self, *, workspaces: Workspaces | None = None, work: Work | None = None, limit: int = 1_000, **policy: Any
    ) -> None:
        self.people = KnownPeople()
        self.spoken, self.work = Spoken(), Work() if work is None else work
        self.seen: list[tuple[str, str]] = []
        self.failures: list[tuple[str, str]] = []
        self.boundary = Boundary(
            work=self.work,
            once=Once(),
            limits=LookupLimits(per_user=limit, per_channel=limit, clock=lambda: 0.0),
            workspaces=workspaces or Known(),
            access=make_access(self.people, **policy),
            messenger=self.spoken,
            observe=lambda kind, outcome: self.seen.append((kind, outcome)),
            note_failure=lambda kind, reason: self.failures.append((kind, reason)),
        )

    async def take(self, job: Job, reply: Heard, *, place: Place = MEMBER, key: str = "k", name: str = "") -> bool:
        request = Request(kind="command", key=key, place=place, reply=reply, call_id=ID, again="show_call")
        try:
            self.boundary.take(request, job, name=name)
        except Busy:
            return False
        await self.work.close(grace=5)
        return True


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def test_a_members_request_begins_its_reply_does_the_job_and_is_counted(edge: Edge) -> None:
    job, reply = Job(), Heard()

    with capture_logs() as logs:
        assert await edge.take(job, reply)

    assert (job.done, reply.begun, edge.seen) == (1, 1, [("command", "answered")])
    (entry,) = logs
    assert (entry["event"], entry["call_id"], entry["user_id"]) == ("answered", str(ID), "U1")


async def test_taking_on_does_not_wait_for_the_job() -> None:
    edge = Edge()
    may_end = asyncio.Event()

    async def slow() -> None:
        await may_end.wait()

    request = Request(kind="command", key="k", place=MEMBER, reply=Heard())
    edge.boundary.take(request, slow)
    assert edge.seen == []

    may_end.set()
    await edge.work.close(grace=5)
    assert edge.seen == [("command", "answered")]


async def test_a_retry_is_taken_and_not_done_again(edge: Edge) -> None:
    job = Job()

    assert [await edge.take(job, Heard(), key="Ev1") for _ in range(2)] == [True, True]

    assert job.done == 1
    assert edge.seen == [("command", "answered"), ("command", "repeated")]


async def test_what_comes_without_a_key_is_always_done(edge: Edge) -> None:
    job = Job()

    for _ in range(2):
        await edge.take(job, Heard(), key="")

    assert job.done == 2


async def test_where_there_is_no_room_it_is_refused_and_may_come_again() -> None:
    edge = Edge(work=Work(at_once=0, waiting=0))
    job = Job()

    assert not await edge.take(job, Heard())
    edge.work._at_once = 1
    assert await edge.take(job, Heard())

    assert job.done == 1
    assert edge.seen == [("command", "busy"), ("command", "answered")]


async def test_all_that_are_refused_count_and_are_not_a_line_each() -> None:
    edge = Edge(work=Work(at_once=0, waiting=0))

    with capture_logs() as logs:
        for number in range(5):
            await edge.take(Job(), Heard(), key=str(number))

    assert [(line["event"], line["outcome"]) for line in logs] == [("not_taken", "busy")]
    assert edge.seen == [("command", "busy")] * 5


async def test_an_outsider_is_told_and_nothing_is_done(edge: Edge) -> None:
    job, reply = Job(), Heard()

    outsider = replace(MEMBER, user_team_id="T2")
    await edge.take(job, reply, place=outsider)

    assert (job.done, reply.begun, edge.spoken.told) == (0, 0, [OUTSIDER])
    assert edge.spoken.places == [outsider]
    assert edge.seen == [("command", "outsider")]


# Who may ask, and where


@pytest.mark.parametrize(("enterprise_id", "is_done"), [("E0OURS", 1), ("E0THEIRS", 0), ("", 0)])
async def test_a_colleague_from_another_workspace_of_our_organisation_is_no_outsider(
    enterprise_id: str, is_done: int
) -> None:
    edge, job, reply = Edge(workspaces=Known(enterprise_id="E0OURS")), Job(), Heard()
    edge.people.enterprises = {"U1": enterprise_id} if enterprise_id else {}

    await edge.take(job, reply, place=replace(MEMBER, user_team_id="T2"))

    assert job.done == is_done
    assert edge.people.asked == [("users.info", "U1")]


async def test_outside_a_grid_no_outsider_is_looked_up(edge: Edge) -> None:
    await edge.take(Job(), Heard(), place=replace(MEMBER, user_team_id="T2"))

    assert edge.people.asked == []


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"channels": frozenset({"C2"})}, "That channel isn't one that I may be used in. Ask <@U0ADMIN>."),
        ({"users": frozenset({"U2"})}, "You aren't among those who may use me. Ask <@U0ADMIN>."),
        ({"users": frozenset({"S0SECRET"})}, "I can't read the user groups"),
    ],
)
async def test_what_a_rule_refuses_is_not_done_and_is_refused_in_a_sentence(policy: dict[str, Any], says: str) -> None:
    edge, job, reply = Edge(**policy), Job(), Heard()

    with capture_logs() as logs:
        await edge.take(job, reply)

    assert job.done == 0
    assert reply.begun == 1, "in a window, where one is needed for that"
    assert [message.text.startswith(says) for message in reply.sent] == [True]
    assert edge.seen == [("command", "NotAllowed")]
    assert edge.failures == []
    (line,) = logs
    assert (line["log_level"], line["event"]) == ("info", "not_answered")
    assert "U0ADMIN" not in str(line)


async def test_what_rules_allow_is_done() -> None:
    edge, job = Edge(channels=frozenset({"C1"}), users=frozenset({"U1"})), Job()

    await edge.take(job, Heard())

    assert job.done == 1


@pytest.mark.parametrize("channel_id", ["", "D0MIRA"])
async def test_nowhere_and_direct_messages_are_no_channel(channel_id: str) -> None:
    edge, job = Edge(channels=frozenset({"C2"})), Job()

    await edge.take(job, Heard(), place=replace(MEMBER, channel_id=channel_id))

    assert job.done == 1


async def test_another_conversation_that_is_acted_on_must_be_allowed_too() -> None:
    edge, job, reply = Edge(channels=frozenset({"C1"})), Job(), Heard()
    request = Request(kind="view.share_call", key="k", place=MEMBER, reply=reply, asked=Asked(channel="C2"))

    edge.boundary.take(request, job)
    await edge.work.close(grace=5)

    assert job.done == 0
    assert "That channel isn't" in reply.sent[0].text


async def test_if_slack_does_not_say_who_is_in_a_group_one_can_try_again() -> None:
    edge, job, reply = Edge(users=frozenset({"S0NIGHT"})), Job(), Heard()
    edge.people.errors["usergroups.users.list"] = SlackUnavailable("HTTP 503", retry_after=1.0)

    await edge.take(job, reply)

    assert job.done == 0
    assert reply.sent[0].text == "Slack can't do that right now."


@pytest.mark.parametrize("place", [replace(MEMBER, team_id="T2"), replace(MEMBER, app_id="A2"), Place()])
async def test_a_foreign_payload_is_told_nothing_and_logged(edge: Edge, place: Place) -> None:
    job = Job()

    with capture_logs() as logs:
        await edge.take(job, Heard(), place=place)

    assert (job.done, edge.spoken.told, edge.seen) == (0, [], [("command", "foreign")])
    assert [entry["event"] for entry in logs] == ["foreign_payload"]


async def test_whoever_closes_the_modal_hears_nothing_more(edge: Edge) -> None:
    reply = Heard()

    with capture_logs() as logs:
        await edge.take(Job(ModalClosed("not_found")), reply)

    assert (reply.sent, edge.spoken.told) == ([], [])
    assert edge.seen == [("command", "closed")]
    assert [(entry["event"], entry["log_level"], entry["outcome"]) for entry in logs] == [
        ("not_answered", "info", "closed")
    ]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (UserMistake("That is <wrong>."), "That is &lt;wrong&gt;."),
        (CallNotFound("no such call"), "There is no such call in your company"),
        (SamoraUnavailable("time-out"), "Samora can't answer right now."),
        (SamoraRefused("HTTP 401"), "samora-bot check"),
        (UnsafeLink("x"), "isn't safe to open"),
        (SlackUnavailable("HTTP 503"), "Slack can't do that right now."),
        (ChannelUnavailable("is_archived"), "archived"),
        (ChannelUnavailable("a_new_one"), "a_new_one"),
        (StoreUnavailable("locked"), "I can't reach my memory right now."),
        (TokenRefused("invalid_auth"), "an administrator should run `samora-bot check`"),
        (PermanentError("invalid_blocks"), "an administrator should run `samora-bot check`"),
        (BotError("anything"), "Slack can't do that right now."),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_every_error_of_ours_is_a_sentence_and_an_outcome(edge: Edge, error: BotError, says: str) -> None:
    reply = Heard()

    with capture_logs() as logs:
        await edge.take(Job(error), reply)

    (answer,) = reply.sent
    assert says in answer.text
    assert edge.seen == [("command", type(error).__name__)]
    # What is a person's own mistake quotes that person.
    reason = None if isinstance(error, UserMistake) else error.reason
    assert [(entry["event"], entry.get("reason")) for entry in logs] == [("not_answered", reason)]


@pytest.mark.parametrize(
    ("error", "failures"),
    [
        (SamoraUnavailable("HTTP 503"), [("command", "HTTP 503")]),
        (StoreUnavailable("locked"), [("command", "locked")]),
        (ChannelUnavailable("is_archived"), [("command", "is_archived")]),
        (UserMistake("jane@example.com is no id"), []),
        (CallNotFound("no such call"), []),
        (None, []),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_failures_are_noted_and_what_people_do_wrong_is_none(
    edge: Edge, error: BotError | None, failures: list[tuple[str, str]]
) -> None:
    """What they typed might be quoted, and the doctor shows failures to everybody."""
    await edge.take(Job(error), Heard())

    assert edge.failures == failures


async def test_a_bug_is_noted_under_its_reference(edge: Edge) -> None:
    with capture_logs() as logs:
        await edge.take(Job(RuntimeError("a secret")), Heard())

    assert edge.failures == [("command", f"bug {logs[0]['reference']}")]


async def test_an_event_that_cannot_be_heeded_is_noted(edge: Edge) -> None:
    with pytest.raises(Busy):
        await edge.boundary.heed("event.x", MEMBER, Job(StoreUnavailable("locked")))

    assert edge.failures == [("event.x", "locked")]


async def test_the_reference_of_a_bug_is_the_id_of_its_request(edge: Edge) -> None:
    reply = Heard()
    with capture_logs() as logs, bound_contextvars(request_id="ab12cd34"):
        await edge.take(Job(RuntimeError("broken")), reply)
    assert logs[0]["reference"] == "ab12cd34"
    assert "ab12cd34" in reply.sent[0].text


async def test_a_bug_is_said_with_a_short_reference_that_the_log_has_too(edge: Edge) -> None:
    reply = Heard()

    with capture_logs() as logs:
        await edge.take(Job(RuntimeError("xoxb-secret in a trace")), reply)

    (entry,) = logs
    assert entry["event"] == "bug"
    assert entry["exc_info"]
    assert len(entry["reference"]) == 8
    assert entry["reference"] in reply.sent[0].text
    assert "xoxb-secret" not in reply.sent[0].text
    assert edge.seen == [("command", "bug")]


async def test_a_slack_that_has_not_said_who_we_are_is_an_answer_too() -> None:
    edge = Edge(workspaces=Known(SlackUnavailable("no answer to auth.test")))
    job, reply = Job(), Heard()

    await edge.take(job, reply)

    assert job.done == 0
    assert "Slack can't do that right now." in reply.sent[0].text


async def test_a_reply_that_cannot_begin_leads_to_no_question(edge: Edge) -> None:
    job, reply = Job(), Heard(begin=SlackUnavailable("expired_trigger_id"))

    await edge.take(job, reply)

    assert job.done == 0
    assert "Slack can't do that right now." in reply.sent[0].text


async def test_an_error_that_cannot_be_said_in_its_place_is_said_elsewhere(edge: Edge) -> None:
    with capture_logs() as logs:
        await edge.take(Job(CallNotFound("x")), Heard(send=PermanentError("HTTP 404")))

    assert "There is no such call" in edge.spoken.told[0].text
    assert [entry["event"] for entry in logs] == ["not_answered"]


async def test_whoever_waits_when_the_process_ends_is_told(edge: Edge) -> None:
    begun = asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    reply = Heard()
    edge.boundary.take(Request(kind="command", key="k", place=MEMBER, reply=reply, call_id=ID, again="show_call"), hang)
    await begun.wait()
    await edge.work.close(grace=0)

    assert reply.sent[0].text == "Samora can't answer right now."


@pytest.mark.parametrize("is_late", [False, True])
async def test_after_an_answer_that_slack_did_not_take_it_is_doubted_until_it_takes_one(
    edge: Edge, mocker: MockerFixture, is_late: bool
) -> None:
    edge.spoken.error = silent = SlackUnavailable("no answer in time")
    heard = [edge.boundary.is_heard]
    await edge.take(Job(silent), Heard(send=silent), key="1")
    heard.append(edge.boundary.is_heard)
    if is_late:
        now = monotonic()
        mocker.patch("bot.slack.listeners.boundary.monotonic", return_value=now + 61)
    else:
        await edge.take(Job(), Heard(), key="2")
    assert [*heard, edge.boundary.is_heard] == [True, False, True]


async def test_what_slack_takes_at_the_second_try_is_no_reason_for_doubt(edge: Edge) -> None:
    await edge.take(Job(SlackUnavailable("no answer in time")), Heard())
    assert edge.boundary.is_heard


async def test_that_samora_is_away_says_nothing_of_slack_but_an_error_that_slack_does_not_take_does(edge: Edge) -> None:
    away = SamoraUnavailable("HTTP 503")
    await edge.take(Job(away), Heard(send=PermanentError("HTTP 404")), key="1")
    heard = [edge.boundary.is_heard]
    edge.spoken.error = SlackUnavailable("no answer in time")
    await edge.take(Job(away), Heard(send=PermanentError("HTTP 404")), key="2")
    heard.append(edge.boundary.is_heard)
    assert heard == [True, False]


@pytest.mark.parametrize("error", [PermanentError("HTTP 404"), RuntimeError("a bug")])
async def test_an_error_that_can_be_said_nowhere_is_written_down_and_ends_quietly(edge: Edge, error: Exception) -> None:
    edge.spoken.error = error

    with capture_logs() as logs:
        await edge.take(Job(CallNotFound("x")), Heard(send=error))

    events = [entry["event"] for entry in logs]
    assert (events[0], events[-1]) == ("not_answered", "answer_lost")
    assert set(events[1:-1]) <= {"bug"}
    assert edge.seen == [("command", "CallNotFound")]


async def test_an_outsider_who_cannot_be_told_is_still_refused(edge: Edge) -> None:
    edge.spoken.error = ChannelUnavailable("channel_not_found")
    job = Job()

    await edge.take(job, Heard(), place=replace(MEMBER, user_team_id="T2"))

    assert job.done == 0


async def test_a_name_keeps_the_same_thing_from_being_done_twice_at_once(edge: Edge) -> None:
    job = Job()
    for key in ("a", "b"):
        request = Request(kind="action.share", key=key, place=MEMBER, reply=Heard())
        edge.boundary.take(request, job, name="share U1 5.5")
    await edge.work.close(grace=5)

    assert job.done == 1


def test_replies_come_from_the_boundary(edge: Edge) -> None:
    assert isinstance(edge.boundary.ephemeral(MEMBER), EphemeralReply)
    assert isinstance(edge.boundary.modal(MEMBER), ModalReply)


# Events that no person is behind


async def test_an_event_is_heeded_before_anything_else_though_nobody_asks(edge: Edge) -> None:
    job = Job()

    await edge.boundary.heed("event.x", Place(team_id="T1", app_id="A1"), job)

    assert (job.done, edge.seen) == (1, [("event.x", "answered")])


async def test_an_event_of_another_workspace_or_app_is_not(edge: Edge) -> None:
    job = Job()

    for place in (Place(team_id="T2", app_id="A1"), Place(team_id="T1", app_id="A2"), Place()):
        await edge.boundary.heed("event.x", place, job)

    assert (job.done, {outcome for _, outcome in edge.seen}) == (0, {"foreign"})


@pytest.mark.parametrize("error", [StoreUnavailable("locked"), SlackUnavailable("x"), TimeoutError()], ids=repr)
async def test_an_event_that_cannot_be_heeded_now_is_to_come_again(edge: Edge, error: Exception) -> None:
    with capture_logs() as logs, pytest.raises(Busy):
        await edge.boundary.heed("event.x", MEMBER, Job(error))

    assert edge.seen == [("event.x", "busy")]
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("not_heeded", "error")]


async def test_a_bug_in_heeding_is_the_dispatchers_to_log(edge: Edge) -> None:
    with pytest.raises(ValueError, match="bug"):
        await edge.boundary.heed("event.x", MEMBER, Job(ValueError("bug")))


# The dispatcher


async def dispatch(listeners: dict[str, Any], body: Payload) -> Acked:
    return await Dispatcher(listeners, seal=make_seal()).dispatch(body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"command": "/samora-call"}, COMMAND),
        ({"type": "block_actions"}, "block_actions"),
        ({"type": "event_callback", "command": "x"}, "event_callback"),
    ],
)
async def test_a_payload_goes_to_the_listener_of_its_type(body: Payload, kind: str) -> None:
    heard: list[Payload] = []

    async def listen(ack: Ack, given: Payload) -> None:
        heard.append(given)
        await ack(text="words")

    acked = await dispatch({kind: listen}, body)

    assert (acked.status, acked.body) == (200, "words")
    assert heard == [body]


@pytest.mark.parametrize("acks_first", [True, False])
async def test_a_listener_that_raises_is_acked_whether_it_had_acked_or_not(acks_first: bool) -> None:
    """An exception within 10 ms of the ack loses it in Bolt: after three seconds the answer is a 404."""

    async def broken(ack: Ack, _body: Payload) -> None:
        if acks_first:
            await ack()
        raise RuntimeError("early")

    with capture_logs() as logs:
        acked = await dispatch({COMMAND: broken}, {"command": "/samora-call"})

    assert (acked.status, acked.body) == (200, "")
    assert [entry["event"] for entry in logs] == ["bug"]
    assert logs[0]["reference"]


async def test_a_listener_that_forgets_to_ack_is_acked() -> None:
    async def forgetful(_ack: Ack, _body: Payload) -> None:
        return None

    acked = await dispatch({COMMAND: forgetful}, {"command": "/samora-call"})

    assert acked.status == 200


@pytest.mark.parametrize("body", [{"type": "nothing_known"}, {}, {"type": 3}, {"type": None}])
async def test_what_nobody_listens_to_is_acked(body: Payload) -> None:
    acked = await dispatch({}, body)

    assert (acked.status, acked.body) == (200, "")


async def test_the_check_of_a_request_url_is_answered_with_its_challenge() -> None:
    acked = await dispatch({}, {"type": "url_verification", "challenge": "c"})

    assert (acked.status, acked.content_type, json.loads(acked.body)) == (200, "application/json", {"challenge": "c"})
