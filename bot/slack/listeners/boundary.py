"""The boundary between Slack and the work: takes each request on once, and sees to it that it ends in an answer."""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

import structlog
from structlog.contextvars import get_contextvars

from bot.core.calls import CallId
from bot.core.errors import (
    BotError,
    ModalClosed,
    NotAllowed,
    PermanentError,
    SamoraUnavailable,
    SlackUnavailable,
    TemporaryError,
    TokenRefused,
    UserMistake,
)
from bot.core.limits import LookupLimits
from bot.core.tracing import OpenSpan, untraced
from bot.slack.access import Access
from bot.slack.agent_words import AGENT_TRY
from bot.slack.blocks import Message
from bot.slack.cards import FOLLOW, RECORDING, SHARE, SHOW_ALL, SHOW_CALL, TRANSCRIPT
from bot.slack.doctor_words import DOCTOR, TEST_POST
from bot.slack.listeners.stopwatch import Stopwatch
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked, Place
from bot.slack.replies import EphemeralReply, HomeReply, ModalReply, Reply
from bot.slack.sentences import OUTSIDER, SHARE_HERE, bug_message, error_message
from bot.slack.views import message_view
from bot.slack.work import Once, TurnedAway, Work
from bot.slack.workspace import Workspaces

log = structlog.get_logger(__name__)

_LAST_WORDS_SECONDS = 1.0

# For so long after Slack took no answer, others are told that theirs may not come.
_UNHEARD_SECONDS = 60.0

# Slack waits three seconds for the ack of an event.
_HEED_SECONDS = 2.5

# What asks something of Samora, or posts something to try it out, by what repeats it.
_LOOKUPS = frozenset(
    {SHOW_CALL, SHOW_ALL, RECORDING, TRANSCRIPT, SHARE, SHARE_HERE, FOLLOW, AGENT_TRY, DOCTOR, TEST_POST}
)

Job = Callable[[], Awaitable[object]]

# Called once per request with its kind and outcome, both from a small set of words.
Observer = Callable[[str, str], None]

# Called with a request's kind and a short reason when it failed, and not by the fault of whoever asked.
FailureNoter = Callable[[str, str], None]


def find_reference() -> str:
    """The id of the request that is served just now, to be told to a person; a new one outside of any."""
    return str(get_contextvars().get("request_id") or secrets.token_hex(4))


class Busy(Exception):
    """There is so much under way that nothing more is taken on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something that a person asked of us.

    Attributes:
        kind: what it is, for logs and figures: ``command``, ``action.recording`` …
        key: Slack's own id of it (``trigger_id``, ``event_id``): what comes twice under one is a retry.
        place: who asks, and where.
        reply: where the answer goes.
        call_id: the call, where one is meant.
        again: the action that repeats it, for a *Try again* button; empty where nothing can be repeated.
        asked: what else that action needs.
    """

    kind: str
    key: str
    place: Place
    reply: Reply
    call_id: CallId | None = None
    again: str = ""
    asked: Asked = field(default_factory=Asked)


class Boundary:
    """Takes requests on: once each, by those who may ask, as jobs that always end in an answer."""

    def __init__(
        self,
        *,
        work: Work,
        once: Once,
        limits: LookupLimits,
        workspaces: Workspaces,
        access: Access,
        messenger: Messenger,
        observe: Observer,
        note_failure: FailureNoter = lambda _kind, _reason: None,
        span: OpenSpan = untraced,
    ) -> None:
        """Takes who runs jobs, knows repeated and too many ones, where we serve and whom, who speaks, counts, notes.

        And who opens spans, for all who serve requests.
        """
        self._work = work
        self._once = once
        self._limits = limits
        self._workspaces = workspaces
        self._access = access
        self._messenger = messenger
        self._observe = observe
        self._note_failure = note_failure
        self.span = span
        self._numbers = itertools.count(1)
        self._turned_away = TurnedAway()
        self._unheard_at = float("-inf")

    @property
    def is_heard(self) -> bool:
        """Whether Slack takes our answers, as far as we know; where not, an ack is all that people may hear of us."""
        return monotonic() - self._unheard_at > _UNHEARD_SECONDS

    def ephemeral(self, place: Place, *, in_place: bool = False) -> EphemeralReply:
        """A reply in the conversation, for the asker alone."""
        return EphemeralReply(self._messenger, place, in_place=in_place)

    def modal(self, place: Place, *, view_id: str = "") -> ModalReply:
        """A reply in that modal, or in a new one."""
        return ModalReply(self._messenger, place, view_id=view_id)

    def home(self, place: Place) -> HomeReply:
        """A reply in the asker's Home tab."""
        return HomeReply(self._messenger, place)

    def take(self, request: Request, job: Job, *, name: str = "") -> None:
        """Starts the job that answers a request, unless it is a repeated one.

        Args:
            request: what is asked.
            job: what answers it; may raise BotError.
            name: what the job is called, where pressing twice must not do it twice at the same time.

        Raises:
            Busy: there is no room for it.
        """
        if not self._once.is_first(request.key):
            log.info("not_taken", kind=request.kind, outcome="repeated")
            self._observe(request.kind, "repeated")
            return
        answer = partial(self._answer, request, job, Stopwatch())
        if not self._work.start(name or f"{request.kind} {next(self._numbers)}", answer):
            self._once.forget(request.key)
            self._turned_away.note(request.kind)
            self._observe(request.kind, "busy")
            raise Busy

    async def heed(self, kind: str, place: Place, job: Job) -> None:
        """Does what an event of Slack's own asks for, one that no person waits for, before it is acked.

        Args:
            kind: what it is, for logs and figures.
            place: the workspace that it is about.
            job: what it leads to; may be done again, as Slack may send it again.

        Raises:
            Busy: it could not be done now; not acked, it comes again.
        """
        watch = Stopwatch()
        try:
            async with asyncio.timeout(_HEED_SECONDS):
                if await self._workspaces.find(place) is None:
                    ids = {"team_id": place.team_id, "app_id": place.app_id}
                    log.warning("foreign_payload", **watch.ended(kind, "foreign"), **ids)
                    self._observe(kind, "foreign")
                    return
                await job()
        except (BotError, TimeoutError) as error:
            reason = error.reason if isinstance(error, BotError) else "time-out"
            # No bug, so no trace.
            log.error("not_heeded", **watch.ended(kind, "busy"), reason=reason)  # noqa: TRY400
            self._observe(kind, "busy")
            self._note_failure(kind, reason)
            raise Busy from None
        log.info("answered", **watch.ended(kind, "answered"))
        self._observe(kind, "answered")

    async def _answer(self, request: Request, job: Job, watch: Stopwatch) -> None:
        with self.span("answer", kind=request.kind, call_id=str(request.call_id or "")):
            await self._try_to_answer(request, job, watch)

    async def _try_to_answer(self, request: Request, job: Job, watch: Stopwatch) -> None:
        outcome = "bug"
        try:
            outcome = await self._serve(request, job, watch)
        except ModalClosed:
            # Whoever closes the modal wants no answer any more, and no complaint.
            outcome = "closed"
            log.info("not_answered", **watch.ended(request.kind, outcome), **_ids(request))
        except BotError as error:
            outcome = type(error).__name__
            # A refusal that is no neighbour's state is our own mistake: blocks or arguments that Slack does not accept.
            is_ours = type(error) in {PermanentError, TokenRefused}
            write = log.error if is_ours else log.info
            # What is a person's own mistake quotes that person.
            reason = {} if isinstance(error, UserMistake) else {"reason": error.reason}
            write("not_answered", **watch.ended(request.kind, outcome), **reason, **_ids(request))
            if isinstance(error, TemporaryError | PermanentError):
                self._note_failure(request.kind, error.reason)
            if isinstance(error, SlackUnavailable):
                self._unheard_at = monotonic()
            await self._say(request, self._sorry(request, error))
        except asyncio.CancelledError:
            # The process ends before Samora answers: whoever waits is told so, and can try again elsewhere.
            log.warning("not_answered", **watch.ended(request.kind, "stopped"), **_ids(request))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await self._say(request, self._sorry(request, SamoraUnavailable("stopped")))
            raise
        except Exception:
            reference = find_reference()
            log.exception("bug", **watch.ended(request.kind, outcome), reference=reference, **_ids(request))
            self._note_failure(request.kind, f"bug {reference}")
            await self._say(request, bug_message(reference))
        self._observe(request.kind, outcome)

    def _sorry(self, request: Request, error: BotError) -> Message:
        if isinstance(error, NotAllowed):
            return self._access.explain(error)
        return error_message(error, call_id=request.call_id, again=request.again, asked=request.asked)

    async def _serve(self, request: Request, job: Job, watch: Stopwatch) -> str:
        place = request.place
        workspace = await self._workspaces.find(place)
        if workspace is None:
            ids = {"team_id": place.team_id, "app_id": place.app_id}
            log.warning("foreign_payload", **watch.ended(request.kind, "foreign"), **ids)
            return "foreign"
        if workspace.is_outsider(place) and not await self._access.is_colleague(place.user_id, workspace.enterprise_id):
            ids = {"user_id": place.user_id, "team_id": place.user_team_id}
            log.info("outsider_refused", **watch.ended(request.kind, "outsider"), **ids)
            # In the conversation where there is one: no modal is opened for them.
            await (self._messenger.tell(place, OUTSIDER) if place.channel_id else request.reply.send(OUTSIDER))
            return "outsider"
        await request.reply.begin()
        await self._access.check(place.user_id, place.channel_id, request.asked.channel)
        if request.again in _LOOKUPS:
            self._limits.count(user_id=place.user_id, channel_id=place.channel_id)
        await job()
        self._unheard_at = float("-inf")
        log.info("answered", **watch.ended(request.kind, "answered"), **_ids(request))
        return "answered"

    async def _open(self, place: Place, message: Message) -> None:
        await self._messenger.open_view(place, message_view(message))

    async def _say(self, request: Request, message: Message) -> None:
        """Gives the answer where it was asked for, or at least somewhere, or writes down that it was lost."""
        ways: list[Callable[[Message], Awaitable[object]]] = [request.reply.send]
        if request.reply.has_other_way:
            ways.append(partial(self._messenger.tell, request.place))
        elif not request.place.channel_id and not request.place.is_home:
            # A global shortcut is used in no conversation.
            ways.append(partial(self._open, request.place))
        reason = ""
        for say in ways:
            try:
                await say(message)
            except BotError as error:
                reason = error.reason
                if isinstance(error, SlackUnavailable):
                    self._unheard_at = monotonic()
            except Exception:
                log.exception("bug", kind=request.kind, reference=find_reference())
            else:
                self._unheard_at = float("-inf")
                return
        log.warning("answer_lost", kind=request.kind, reason=reason)


def _ids(request: Request) -> dict[str, str]:
    """Whom and what a request's one line is about."""
    call = {"call_id": str(request.call_id)} if request.call_id else {}
    return {**call, "user_id": request.place.user_id}
