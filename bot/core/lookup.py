"""The look-up: one call read anew, and the fresh link to what it left behind."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from bot.core.calls import Call, CallId, Media, MediaState
from bot.core.errors import UnsafeLink
from bot.core.ports import CallsApi

# docs.samora.ai, "Get call details": both links are "valid for 60 minutes" from the answer that holds them.
LINK_LIFETIME = timedelta(minutes=60)

# The longest that a presigned link may live: docs.aws.amazon.com, "Authenticating Requests: Using Query Parameters (AWS
# Signature Version 4)".
_LONGEST_LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshLink:
    """A link for one person's eyes.

    Attributes:
        media: what it opens.
        url: the presigned link; never in a repr, a log, a row or a channel.
        lifetime: how long it lives from the moment that it was made.
        works_until: when it dies, UTC.
    """

    media: Media
    url: str = field(repr=False)
    lifetime: timedelta
    works_until: datetime


class Lookup:
    """Answers what somebody asks about one call, always from Samora itself and never from memory."""

    def __init__(self, *, calls: CallsApi, loopback_links: bool = False) -> None:
        """Takes the API, and whether plain ``http`` links to this machine are fine (only if the API is here too)."""
        self._calls = calls
        self._loopback_links = loopback_links

    async def call(self, call_id: CallId) -> Call:
        """Reads one call; raises what :meth:`CallsApi.get_call` raises."""
        return await self._calls.get_call(call_id)

    async def fresh_link(self, call_id: CallId, media: Media) -> FreshLink | MediaState:
        """A link made at this moment, or the state that says why there is none.

        Raises:
            UnsafeLink: Samora's link is not ``https`` with a host.
            BotError: whatever :meth:`CallsApi.get_call` raises.
        """
        call = await self._calls.get_call(call_id)
        url = call.find_link(media)
        if url is None:
            return call.media_state(media)
        if not _is_safe(url, loopback_links=self._loopback_links):
            raise UnsafeLink(f"{media} link without https and host")
        lifetime, works_until = _read_signature(url) or (LINK_LIFETIME, call.read_at + LINK_LIFETIME)
        return FreshLink(media=media, url=url, lifetime=lifetime, works_until=works_until)


def _read_signature(url: str) -> tuple[timedelta, datetime] | None:
    """How long a presigned link lives, and until when, if it says so: its own word counts more than our clock."""
    try:
        query = parse_qs(urlsplit(url).query)
        made_at = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        lifetime = timedelta(seconds=int(query["X-Amz-Expires"][0]))
        return (lifetime, made_at + lifetime) if timedelta() < lifetime <= _LONGEST_LIFETIME else None
    except (KeyError, ValueError, OverflowError):
        return None


def _is_safe(url: str, *, loopback_links: bool) -> bool:
    if not url.isascii() or not url.isprintable() or any(character in url for character in ' <>"`|\\^{}'):
        return False
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and loopback_links and is_loopback(host))


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
