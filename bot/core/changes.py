"""Changes: what is remembered of a followed call, what one more reading of it changes, and what is owed for that.

Pure functions of what was known, what was read and the time. Nothing here asks or writes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.calls import Call, CallId, CallStatus, Media, MediaState, is_final
from bot.core.subscriptions import Reason

# Recording and transcript mostly come together: the notice about the first of them waits this many of the shortest
# intervals for the second one.
MEDIA_PATIENCE = 12


class ChangeKind(StrEnum):
    """What a notice is about."""

    STATUS = "status"
    MEDIA = "media"
    STUCK = "stuck"
    LET_GO = "let_go"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The measures of following.

    Attributes:
        interval: the shortest time between two looks at a call.
        webhook_interval: likewise, for calls of agents whose webhooks arrive.
        stuck_triggered: how long a call may stay TRIGGERED before that is worth a notice.
        stuck_ongoing: likewise for ONGOING.
        let_go_after: how long a call may bring no news before it is let go.
        media_wait: how long after its end a recording or transcript is waited for.
    """

    interval: timedelta = timedelta(seconds=5)
    webhook_interval: timedelta = timedelta(seconds=60)
    stuck_triggered: timedelta = timedelta(minutes=15)
    stuck_ongoing: timedelta = timedelta(minutes=60)
    let_go_after: timedelta = timedelta(hours=24)
    media_wait: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallState:
    """What is remembered of a call: no name, no variable, no link.

    Attributes:
        status: as Samora says it.
        started_at: when it began, UTC; None while it has not.
        ended_at: when it was over, UTC; None while it is not.
        recording: whether there is a recording.
        transcript: whether there is a transcript.
    """

    status: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    recording: bool = False
    transcript: bool = False

    @classmethod
    def of(cls, call: Call) -> "CallState":
        """The state of a call as it was read."""
        return cls(
            status=call.status,
            started_at=call.started_at,
            ended_at=call.ended_at,
            recording=call.media_state(Media.RECORDING) is MediaState.READY,
            transcript=call.media_state(Media.TRANSCRIPT) is MediaState.READY,
        )

    @property
    def is_final(self) -> bool:
        """Whether the call is over."""
        return is_final(self.status, self.ended_at)

    @property
    def is_complete(self) -> bool:
        """Whether nothing more will come: it is over, and what it leaves behind is there or never will be."""
        never_spoken = self.status in {CallStatus.UNANSWERED, CallStatus.REJECTED}
        return self.is_final and (never_spoken or (self.recording and self.transcript))

    @property
    def seconds(self) -> int | None:
        """How long was spoken, in seconds; None while that is unknown or makes no sense."""
        if self.started_at is None or self.ended_at is None or self.ended_at < self.started_at:
            return None
        return int((self.ended_at - self.started_at).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedCall:
    """Our row that keeps a call being read.

    Attributes:
        id: the row's id.
        team_id: the workspace.
        call_id: the call.
        lease: the token of whoever holds it now.
        number: how many changes were seen; the last change's own number.
        state: the call as it was last read.
        status_since: since when it has had this status, UTC; so are the following.
        news_at: when a look last told something new.
        media_at: when the first recording or transcript after the end was seen; None before.
        is_media_told: whether the notice about them was made.
        is_stuck_told: whether the alarm about this status was made.
        failures: how many looks in a row went wrong.
        agent_id: whose call it is; empty while that is not known.
        is_awaited: whether a subscription of its agent may still want it.
        nudged_at: when a webhook last named it, UTC; None if none did.
        read_at: when it was last read, UTC; None if it never was.
        is_covered: whether its agent's webhooks arrive: then there is no need to look often.
        taken: the channels in which no agent's subscription may begin to follow it any more.
    """

    id: int
    team_id: str
    call_id: CallId
    lease: str = ""
    number: int = 0
    state: CallState
    status_since: datetime
    news_at: datetime
    media_at: datetime | None = None
    is_media_told: bool = False
    is_stuck_told: bool = False
    failures: int = 0
    agent_id: str = ""
    is_awaited: bool = False
    nudged_at: datetime | None = None
    read_at: datetime | None = None
    is_covered: bool = False
    taken: frozenset[str] = frozenset()

    @property
    def is_nudged(self) -> bool:
        """Whether a webhook has named it since it was last read."""
        return self.nudged_at is not None and (self.read_at is None or self.nudged_at >= self.read_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a notice says, as it was when it came to be owed. Kept in the database: nothing personal, no link.

    Attributes:
        old: the status before, where that is what changed.
        new: the status now.
        is_final: whether the call is over.
        seconds: how long was spoken; for a STUCK notice, how long it has had its status.
        recording: whether there is a recording.
        transcript: whether there is a transcript.
        reason: why a subscription was paused: Slack's error code.
        channel_id: where it was paused.
        count: how many subscriptions were paused at once.
    """

    old: str = ""
    new: str = ""
    is_final: bool = False
    seconds: int | None = None
    recording: bool = False
    transcript: bool = False
    reason: str = ""
    channel_id: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one look came to, to be saved in one transaction.

    Attributes:
        followed: the row with its new values.
        at: when it was, UTC.
        kind: what there is to tell, if anything.
        is_card_old: whether cards that show this call must be redrawn.
        end: why its subscriptions end with this, where they do.
        is_given_up: whether no subscription of its agent waits for it any more: from now on somebody follows it, or it
            is not read.
        happened_at: when what there is to tell happened, as far as Samora says, UTC; None for what no look has seen.
        path: how that was found out: ``webhook`` or ``poll``; empty for what no look has seen.
        is_same: whether the row has no new values, as after most looks.
    """

    followed: FollowedCall
    at: datetime
    kind: ChangeKind | None = None
    is_card_old: bool = False
    end: Reason | None = None
    is_given_up: bool = False
    happened_at: datetime | None = None
    path: str = ""
    is_same: bool = False


def find_status_since(call: Call, *, now: datetime) -> datetime:
    """Since when a call that nobody followed before has had its status, as well as that is known."""
    state = CallState.of(call)
    if state.is_final:
        since = call.ended_at
    elif call.status == CallStatus.ONGOING:
        since = call.started_at
    else:
        since = call.updated_at
    return min(since or now, now)


def is_worth_following(call: Call, *, now: datetime, rules: Rules) -> bool:
    """Whether anything can still come of a call: it goes on, or its recording and transcript may yet appear."""
    state = CallState.of(call)
    if not state.is_final:
        return True
    since = find_status_since(call, now=now)
    return not state.is_complete and now - since < rules.media_wait


def observe(known: FollowedCall, call: Call | None, *, now: datetime, rules: Rules) -> Observation:
    """Compares what was known of a call with a new reading of it.

    Args:
        known: the row.
        call: the reading; None if Samora does not know the call any more, which is no news but lets time pass.
        now: when it was read, UTC.
        rules: the measures.
    """
    state = CallState.of(call) if call else known.state
    row = replace(known, state=state, failures=0) if known.failures or state != known.state else known
    kind: ChangeKind | None = None
    happened_at = now
    if call and state.status != known.state.status:
        kind, happened_at = ChangeKind.STATUS, find_status_since(call, now=now)
        # The first time that it is read, how long it has been so is not ours to have seen.
        since = now if known.state.status else happened_at
        row = replace(row, status_since=since, media_at=None, is_stuck_told=False, is_media_told=state.is_complete)
    elif not known.is_media_told and (media_at := _find_media_at(known, state, now)) != known.media_at:
        row = replace(row, media_at=media_at)
    if kind is None and state.is_final and not known.state.is_final:
        # A status that nobody knows yet can be over without becoming another one.
        row = replace(row, status_since=now)
    if kind is None and row.media_at and not row.is_media_told and _is_media_notice_due(row, now, rules):
        kind, row = ChangeKind.MEDIA, replace(row, is_media_told=True)
    if kind is None and not row.is_stuck_told and _is_stuck(row, now, rules):
        kind, row = ChangeKind.STUCK, replace(row, is_stuck_told=True)
    if state != known.state:
        row = replace(row, news_at=now)
    end = _find_end(row, now, rules)
    if end is Reason.QUIET:
        kind = ChangeKind.LET_GO
    # The card of a call that was let go offers to follow it again.
    is_card_old = state != known.state or end is Reason.QUIET
    if kind or is_card_old:
        row = replace(row, number=known.number + 1)
    return Observation(
        followed=row,
        at=now,
        kind=kind,
        is_card_old=is_card_old,
        end=end,
        happened_at=happened_at,
        path="webhook" if known.is_nudged else "poll",
        is_same=row is known,
    )


def _find_media_at(known: FollowedCall, new: CallState, now: datetime) -> datetime | None:
    old = known.state
    if not (new.recording or new.transcript):
        # What was there is gone again: nothing to tell, and nothing to wait for.
        return None
    is_new = (new.recording and not old.recording) or (new.transcript and not old.transcript)
    return known.media_at or (now if new.is_final and is_new else None)


def _is_media_notice_due(row: FollowedCall, now: datetime, rules: Rules) -> bool:
    since = row.media_at or now
    return row.state.is_complete or now - since >= rules.interval * MEDIA_PATIENCE


def _is_stuck(row: FollowedCall, now: datetime, rules: Rules) -> bool:
    longest = {CallStatus.TRIGGERED: rules.stuck_triggered, CallStatus.ONGOING: rules.stuck_ongoing}
    return row.state.status in longest and now - row.status_since >= longest[CallStatus(row.state.status)]


def _find_end(row: FollowedCall, now: datetime, rules: Rules) -> Reason | None:
    if row.state.is_final:
        is_told = row.is_media_told or row.media_at is None
        is_over = row.state.is_complete or now - row.status_since >= rules.media_wait
        return Reason.DONE if is_over and is_told else None
    return Reason.QUIET if now - row.news_at >= rules.let_go_after else None
