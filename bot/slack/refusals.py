"""Slack's errors, translated into ours in one place."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.core.errors import (
    AppUninstalled,
    ChannelUnavailable,
    EditRefused,
    MessageGone,
    ModalClosed,
    PermanentError,
    SlackUnavailable,
    ThreadUnavailable,
    TokenRefused,
)
from bot.slack.payloads import text_at

# The errors of docs.slack.dev/reference/methods/chat.postMessage, chat.update and their neighbours, by what they mean.
_UNINSTALLED = frozenset({"account_inactive", "token_revoked"})
_TOKEN_ERRORS = frozenset(
    {"invalid_auth", "not_authed", "token_expired", "missing_scope", "not_allowed_token_type"}
    | {"team_access_not_granted", "app_access_restricted"}
)
_MESSAGE_GONE = frozenset({"message_not_found", "thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"})
# Of views.update alone.
_MODAL_CLOSED = frozenset({"not_found"})
_EDIT_ERRORS = frozenset({"cant_update_message", "edit_window_closed"})
_THREAD_ERRORS = frozenset({"restricted_action_thread_locked"})
_CHANNEL_ERRORS = frozenset(
    {"not_in_channel", "channel_not_found", "is_archived", "is_inactive", "user_not_in_channel", "restricted_action"}
    | {"restricted_action_read_only_channel", "restricted_action_thread_only_channel", "messages_tab_disabled"}
    | {"restricted_action_non_threadable_channel", "ekm_access_denied", "access_denied", "no_permission"}
    | {"slack_connect_file_link_sharing_blocked", "slack_connect_canvas_sharing_blocked"}
)
_TEMPORARY_ERRORS = frozenset(
    {"ratelimited", "rate_limited", "message_limit_exceeded", "service_unavailable", "request_timeout"}
    # A new press has a new trigger.
    | {"trigger_expired", "expired_trigger_id", "trigger_exchanged", "exchanged_trigger_id"}
    | {"internal_error", "fatal_error", "team_added_to_org", "external_channel_migrating", "update_failed"}
)
_KNOWN = frozenset().union(
    _UNINSTALLED,
    _TOKEN_ERRORS,
    _MODAL_CLOSED,
    _MESSAGE_GONE,
    _EDIT_ERRORS,
    _THREAD_ERRORS,
    _CHANNEL_ERRORS,
    _TEMPORARY_ERRORS,
)
_RATELIMITED = "ratelimited"
_NOT_CONNECTED_SECONDS = 1.0

# Who asks us to rest for longer has mistaken something; and so many digits that they mean "for ever" are no figure.
_LONGEST_REST = 86_400.0

# A code is a word; what a proxy says instead may quote anything, and goes no further.
_CODE = re.compile(r"[a-z][a-z0-9_]{0,60}")
_NO_CODE = "no_code"


@contextmanager
def translated(method: str) -> Iterator[None]:
    """Around one call of the SDK: its errors become ours."""
    try:
        yield
    except SlackApiError as error:
        raise translate(error) from None
    except aiohttp.ClientConnectorError:
        # Never connected, so nothing was posted: trying again is safe.
        raise SlackUnavailable("no connection", retry_after=_NOT_CONNECTED_SECONDS) from None
    except (aiohttp.ClientError, TimeoutError):
        raise SlackUnavailable(f"no answer to {method}") from None
    except (AttributeError, ValueError):
        # The SDK stumbles over an answer that is a text instead of an object, or no text at all, as proxies send.
        raise SlackUnavailable(f"unreadable answer to {method}") from None


def translate(error: SlackApiError) -> SlackUnavailable | PermanentError:
    """Slack's error as one of ours. Status and header decide before the body, which a 429 may lack."""
    status, code = _read(error)
    if code == _RATELIMITED:
        wait = error.response.headers.get("Retry-After", "")
        return SlackUnavailable(_RATELIMITED, retry_after=read_retry_after(wait))
    if status >= 500 or code in _TEMPORARY_ERRORS or not code:
        return SlackUnavailable(code or f"HTTP {status}")
    kinds = {
        _UNINSTALLED: AppUninstalled,
        _TOKEN_ERRORS: TokenRefused,
        _MODAL_CLOSED: ModalClosed,
        _MESSAGE_GONE: MessageGone,
        _EDIT_ERRORS: EditRefused,
        _THREAD_ERRORS: ThreadUnavailable,
        _CHANNEL_ERRORS: ChannelUnavailable,
    }
    return next((kind(code) for codes, kind in kinds.items() if code in codes), PermanentError(code))


def read_retry_after(retry_after: str) -> float:
    """The header's seconds, a day's at most; one where it doesn't say."""
    return min(float(retry_after), _LONGEST_REST) if retry_after.isascii() and retry_after.isdigit() else 1.0


def find_outcome(error: SlackApiError) -> str:
    """A word for the figures, from a list that has an end: Slack's code if it is one that we know."""
    status, code = _read(error)
    if code in _KNOWN:
        return code
    return "other" if code or status < 500 else "http_5xx"


def _read(error: SlackApiError) -> tuple[int, str]:
    """The HTTP status and Slack's code; a 429 is one whatever it says."""
    response = error.response
    status: int = getattr(response, "status_code", 0) or getattr(response, "status", 0)
    code = text_at(getattr(response, "data", None), "error")
    if code and not _CODE.fullmatch(code):
        code = _NO_CODE
    return status, _RATELIMITED if status == 429 or code == "rate_limited" else code
