"""The card of a call, and what goes with it: pure functions from values to messages.

Blocks are of one family (header, section, context, actions): Slack refuses an update that changes the family.
"""

import json
from dataclasses import replace
from string import capwords
from urllib.parse import quote

from bot.core.access import Audience
from bot.core.calls import Call, CallId, CallStatus, Media, MediaState
from bot.core.foreign import one_line
from bot.core.lookup import FreshLink
from bot.core.visibility import MASKED, Visibility
from bot.slack.blocks import (
    Block,
    Message,
    actions,
    button,
    code,
    context,
    cut,
    duration_words,
    escape,
    header,
    inert,
    local,
    mrkdwn,
    section,
    utc,
)
from bot.slack.payloads import Asked
from bot.slack.variables import show_variables

# Action ids: what a press is called. The labels beside them are part of the contract with the outside.
RECORDING = "recording"
TRANSCRIPT = "transcript"
REFRESH = "refresh"
FOLLOW = "follow"
SHARE = "share"
SHOW_ALL = "show_all"
SHOW_CALL = "show_call"
TRY_AGAIN = "try_again"
OPEN_LINK = "open_link"
FOLLOW_AGAIN = "follow_again"
RESUME = "resume"

_STATUSES = {
    CallStatus.PENDING: ("🕓", "Pending"),
    CallStatus.TRIGGERED: ("📤", "Triggered"),
    CallStatus.ONGOING: ("📞", "Ongoing"),
    CallStatus.CALL_FINISHED: ("✅", "Finished"),
    CallStatus.UNANSWERED: ("📵", "Unanswered"),
    CallStatus.REJECTED: ("🚫", "Rejected"),
}
_NEUTRAL = "◽"
_STRANGERS = "Status and times alone, as people of other organisations may read this."
_LONGEST_STATUS = 60
_LONGEST_AGENT = 80
_WORTH_SAYING_SECONDS = 10
_LONGEST_TEXT = 3_000

# Characters of JSON in all. Slack refuses somewhere near 13,200 (bolt-js #2509), and does not say how it counts.
_LONGEST_CARD = 9_900
_LONGEST_BUTTON_URL = 3_000


def call_card(
    call: Call,
    *,
    audience: Audience = Audience.ASKER,
    share: bool = True,
    follow: bool = True,
    compact: bool = False,
    media: bool = True,
    standing: str = "",
    visibility: Visibility = MASKED,
) -> Message:
    """The card of a call.

    Args:
        call: one reading of it.
        audience: who will see it: what that may not see is masked, or left out.
        share: whether it offers to be shared; a public card never does.
        follow: whether it offers to be followed; the card of a finished call never does.
        compact: whether variables stay behind *Show all*.
        media: whether it says how it stands with a recording and a transcript.
        standing: our own words below it about how it is followed, as mrkdwn.
        visibility: says which variables aren't masked even if it is public.
    """
    if audience is Audience.STRANGERS:
        call, standing = replace(call, agent_id=None), "\n".join(filter(None, [standing, _STRANGERS]))
    compact, share = compact or audience is Audience.STRANGERS, share and not audience.is_public
    left = _media_words(call) if media else []
    facts = [mrkdwn(f"*{name}*\n{value}") for name, value in _facts(call)]
    above = [header(f"{status_mark(call.status)} {status_words(call.status)}"), {"type": "section", "fields": facts}]
    below = [context(" · ".join([f"Read {local(call.read_at)}", *left]))]
    if standing:
        below.append(context(standing))
    spoken = _spoken(call, left)
    buttons = _buttons(call)
    taken = len(json.dumps([spoken, above, below, buttons]))
    room = 0 if compact else _LONGEST_CARD - taken
    variables = show_variables(call, public=audience.is_masked, room=room, visibility=visibility)
    show_all = bool(call.variables) if compact else not variables.is_whole
    offers = {SHOW_ALL: show_all, SHARE: share, FOLLOW: follow and not call.is_final}
    blocks = [
        *above,
        *([] if compact else variables.blocks()),
        *below,
        actions([each for each in buttons if offers.get(each["action_id"], True)]),
    ]
    sentence = "" if compact else variables.sentence()
    return Message(text=cut(spoken + sentence, _LONGEST_TEXT), blocks=tuple(blocks))


def status_words(status: str) -> str:
    """A status as people say it; one that nobody knows yet, or a text that is none, in title case."""
    if status in _STATUSES:
        return _STATUSES[CallStatus(status)][1]
    return cut(capwords(one_line(status.replace("_", " "))), _LONGEST_STATUS) or "Unknown status"


def status_mark(status: str) -> str:
    """A picture of a status."""
    return _STATUSES[CallStatus(status)][0] if status in _STATUSES else _NEUTRAL


def _facts(call: Call) -> list[tuple[str, str]]:
    """The fields, as names and mrkdwn; what is unknown is left out."""
    facts = [("Call id", code(str(call.id)))]
    if call.agent_id:
        facts.append(("Agent", inert(_agent(call)) if call.agent_name else code(_agent(call))))
    if call.created_at:
        facts.append(("Created", local(call.created_at)))
    if call.started_at:
        facts.append(("Started", local(call.started_at)))
    elif not call.is_final:
        facts.append(("Started", "not yet"))
    if call.ended_at:
        facts.append(("Ended", local(call.ended_at)))
    if call.duration is not None:
        facts.append(("Duration", duration_words(call.duration)))
    elif call.status == CallStatus.ONGOING and call.started_at:
        facts.append(("Duration", f"running since {local(call.started_at, '{time_secs}')}"))
    if call.waiting_time is not None and call.waiting_time.total_seconds() >= _WORTH_SAYING_SECONDS:
        facts.append(("Waited", f"{duration_words(call.waiting_time)} before it started"))
    return facts


def _agent(call: Call) -> str:
    return cut(one_line(call.agent_name or call.agent_id or ""), _LONGEST_AGENT) or "—"


def _media_words(call: Call) -> list[str]:
    return [words for media in Media if (words := _media_state_words(media, call.media_state(media), call.status))]


def _media_state_words(media: Media, state: MediaState, status: str) -> str:
    if state is MediaState.READY:
        return f"{media} ready"
    if state is MediaState.PREPARING:
        return f"{media} is being prepared"
    if state is MediaState.NEVER:
        return f"no {media}: {why_never(status)}"
    return ""


def why_never(status: str) -> str:
    """Why a call that was never spoken leaves nothing behind."""
    return "the call was rejected" if status == CallStatus.REJECTED else "the call was not answered"


def _buttons(call: Call) -> list[Block]:
    """All that there may be."""
    value = Asked(call=str(call.id)).encode()
    short_id = f"call {str(call.id)[:8]}"
    names = [
        (RECORDING, "Recording", f"Recording of {short_id}"),
        (TRANSCRIPT, "Transcript", f"Transcript of {short_id}"),
        (REFRESH, "Refresh", f"Refresh {short_id}"),
        (FOLLOW, "Follow", f"Follow {short_id} in this channel"),
        (SHARE, "Share", f"Share {short_id} with this channel"),
        (SHOW_ALL, "Show all", f"Show all variables of {short_id}"),
    ]
    there = {RECORDING: bool(call.recording_url), TRANSCRIPT: bool(call.transcript_url)}
    return [
        button(label, action_id=action_id, value=value, spoken=spoken)
        for action_id, label, spoken in names
        if there.get(action_id, True)
    ]


def _spoken(call: Call, left: list[str]) -> str:
    """The card without its variables, as one text. Screen readers have nothing else, so the outcome comes first.

    Source: docs.slack.dev/reference/methods/chat.postMessage#accessibility
    """
    words = escape(status_words(call.status))
    after = f" after {duration_words(call.duration)}" if call.duration is not None else ""
    sentences = [f"{words}{after}: Samora call {call.id}."]
    if call.agent_id:
        sentences.append(f"Agent {escape(_agent(call))}.")
    times = [("Created", call.created_at), ("started", call.started_at), ("ended", call.ended_at)]
    known = ", ".join(f"{name} {utc(moment)}" for name, moment in times if moment)
    if known:
        sentences.append(f"{known[0].upper()}{known[1:]}.")
    if media := "; ".join(left):
        sentences.append(f"{media[0].upper()}{media[1:]}.")
    return " ".join(sentences)


def link_message(link: FreshLink, call_id: CallId) -> Message:
    """The ephemeral answer with a fresh link: one button, and until when it works in the reader's own time."""
    name = link.media.value
    minutes = int(link.lifetime.total_seconds()) // 60
    until = f"{local(link.works_until, '{time}')} ({minutes} minutes)"
    text = f"The {name} of call {call_id} works until {utc(link.works_until)}. Only you can see this."
    if len(link.url) > _LONGEST_BUTTON_URL:
        # No text inside blocks may be that long either, but a message's own text may.
        return Message(text=f"<{_in_mrkdwn(link.url)}|Open {name}> of call {code(str(call_id))}: works until {until}.")
    opener = button(f"Open {name}", action_id=OPEN_LINK, value=Asked(call=str(call_id)).encode(), style="primary")
    opener["url"] = link.url
    return Message(
        text=text,
        blocks=(
            section(f"*{name.capitalize()}* of call {code(str(call_id))}: works until {until}."),
            actions([opener]),
            context(f"Only you can see this. Press *{name.capitalize()}* on the card whenever you need a new link."),
        ),
    )


def _in_mrkdwn(url: str) -> str:
    return escape(quote(url, safe="%/:?#[]@!$&'()*+,;=~-._"))


def no_media_message(media: Media, state: MediaState, call_id: CallId) -> Message:
    """Why there is no link: it is being prepared, the call is not over, or there will never be one."""
    call = code(str(call_id))
    if state is MediaState.NEVER:
        return Message(f"There is no {media} of call {call}, and there will be none: the call did not take place.")
    if state is MediaState.UNFINISHED:
        return Message(f"There is no {media} of call {call} yet: the call isn't over.")
    return Message(f"The {media} of call {call} is being prepared. Please try again in a minute or two.")
