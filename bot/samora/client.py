"""The client of Samora's calls API: one connection pool, bounded in time and size, quick to try again."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bot.core.calls import Call, CallId
from bot.core.errors import BotError, CallNotFound, SamoraRefused, SamoraUnavailable
from bot.core.lookup import is_loopback
from bot.core.ports import Clock
from bot.samora.schema import read_call

_CONNECT_SECONDS = 3.0
_READ_SECONDS = 10.0
_TOTAL_SECONDS = 20.0
_ATTEMPTS = 3
_LONGEST_RETRY_AFTER = 5.0
_BACKOFF_SECONDS = 0.1
_LARGEST_BODY = 1024 * 1024
# More than the poller has in flight (see bot.crew), so that whoever asks for a call never waits for the poller's looks.
_CONNECTIONS = 416

_WORTH_ANOTHER_TRY = frozenset({429, 502, 503, 504})

# Who asks us to rest for longer has mistaken something; and so many digits that they mean "for ever" are no figure.
_LONGEST_REST = 86_400.0

# The statuses that mean something; of all others the first digit is told.
_NAMED = frozenset({200, 400, 401, 403, 404, 429, 500, 502, 503, 504})

# Called once per request with its outcome ("200", "4xx", "unreadable", "timeout", "dropped", "error"), how many seconds
# it took, and for how many Samora wants to rest.
Observer = Callable[[str, float, float], None]


class SamoraHttp(httpx.AsyncClient):
    """httpx's client, and a short way for a request that is ready to be sent."""

    async def hand_over(self, request: httpx.Request) -> httpx.Response:
        """The transport's own answer, which has to be closed; raises httpx.TransportError.

        Between the two, httpx looks for redirects, cookies and who has to log in, which nobody needs who has a key: as
        much as the rest of a request costs.
        """
        return await self._transport.handle_async_request(request)


class _QuickRetry(SamoraUnavailable):
    """An answer after which another try within the same look-up makes sense."""


@asynccontextmanager
async def open_http(*, base_url: str, api_key: str) -> AsyncIterator[SamoraHttp]:
    """The HTTP client that :class:`SamoraClient` speaks through, open as long as the context.

    httpx's own transport spends most of a core on 64 requests in flight; aiohttp's under the same interface does not.
    Proxies are taken from the environment by aiohttp (``HTTPS_PROXY``, ``NO_PROXY``).

    Args:
        base_url: where the API lives, such as ``https://api.samora.ai``.
        api_key: the organisation's key, sent as ``X-API-Key`` with each request.
    """
    session = aiohttp.ClientSession(
        # The connections take turns, so after a rush those stay that are needed once within this time: not all of them.
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=15),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=not is_loopback(urlsplit(base_url).hostname or ""),
    )
    # aiohttp would silently repeat a GET whose connection dropped, beyond the tries that we count. It has a switch, but
    # no public one.
    session._retry_connection = False  # noqa: SLF001
    client = SamoraHttp(
        base_url=base_url,
        # The answer is bounded as it arrives, so it must arrive as it is: no compression.
        headers={"X-API-Key": api_key, "Accept": "application/json", "Accept-Encoding": "identity"},
        timeout=httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
        # It would read all certificates of the world for a context that it doesn't use: this one trusts nobody.
        transport=AiohttpTransport(client=session, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)),
    )
    async with client:
        yield client


class SamoraClient:
    """Asks Samora for calls. Fulfils :class:`bot.core.ports.CallsApi`."""

    def __init__(
        self,
        *,
        http: SamoraHttp,
        clock: Clock,
        observe: Observer = lambda _outcome, _seconds, _rest: None,
        attempts: int = _ATTEMPTS,
    ) -> None:
        """Takes an open client (see :func:`open_http`), the time, and who wants to hear of each request.

        With one attempt, nothing is tried again: that is for work that comes back by itself.
        """
        self._http = http
        self._clock = clock
        self._observe = observe
        self._attempts = attempts
        self._calls_url = str(http.base_url).rstrip("/") + "/v1/call/"
        self._limits = {"timeout": http.timeout.as_dict()}

    async def get_call(self, call_id: CallId) -> Call:
        """``GET /v1/call/{call_id}``, by default with up to two quick further tries, in 20 seconds altogether.

        429, 502, 503, 504 and dropped connections are tried again; ``Retry-After`` is obeyed up to 5 seconds.

        Raises:
            CallNotFound: 404.
            SamoraRefused: 400, 401, 403.
            SamoraUnavailable: everything else that is not a readable call: time-outs, 429, 5xx, redirects, rubbish.
        """
        until = asyncio.get_running_loop().time() + _TOTAL_SECONDS
        try:
            try:
                return await self._ask(call_id)
            except _QuickRetry as error:
                async with asyncio.timeout_at(until):
                    return await self._ask_again(call_id, after=error)
        except TimeoutError:
            raise SamoraUnavailable("no answer in time") from None
        except _QuickRetry as error:
            raise SamoraUnavailable(error.reason, retry_after=error.retry_after) from None

    async def _ask_again(self, call_id: CallId, *, after: _QuickRetry) -> Call:
        """The further tries. That there may be some costs as much as reading an answer: so most calls do without."""
        import stamina  # a start can do without

        async for attempt in stamina.retry_context(
            on=_when_to_retry,
            attempts=self._attempts,
            timeout=None,
            wait_initial=_BACKOFF_SECONDS,
            wait_jitter=_BACKOFF_SECONDS,
        ):
            with attempt:
                if attempt.num == 1:
                    raise after
                return await self._ask(call_id)
        raise AssertionError  # pragma: no cover - the retry context either returns or raises

    async def _ask(self, call_id: CallId) -> Call:
        asked = monotonic()
        outcome, rest = "error", 0.0
        try:
            async with asyncio.timeout(_READ_SECONDS):
                response, body = await self._fetch(call_id)
            outcome = _name_status(response.status_code)
            if response.status_code != httpx.codes.OK:
                refusal = _read_refusal(response, now=self._clock())
                rest = refusal.retry_after or 0.0 if isinstance(refusal, _QuickRetry) else 0.0
                raise refusal
            outcome = "unreadable"
            call = read_call(body, call_id=call_id, read_at=self._clock())
            outcome = "200"
        except (TimeoutError, httpx.TransportError, aiohttp.ClientError) as error:
            outcome = "timeout" if _is_timeout(error) else "dropped"
            # Without the cause: a foreign error may quote a URL or a header.
            raise (
                SamoraUnavailable("time-out") if outcome == "timeout" else _QuickRetry("connection dropped")
            ) from None
        finally:
            self._observe(outcome, monotonic() - asked, rest)
        return call

    async def _fetch(self, call_id: CallId) -> tuple[httpx.Response, bytes]:
        # What the client would do for each request anew: to merge it with its own address takes two readings of both.
        request = httpx.Request(
            "GET", f"{self._calls_url}{call_id}", headers=self._http.headers, extensions=self._limits
        )
        async with aclosing(await self._http.hand_over(request)) as response:
            body = bytearray()
            if response.status_code == httpx.codes.OK:
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > _LARGEST_BODY:
                        raise SamoraUnavailable("answer larger than 1 MiB")
            return response, bytes(body)


def _is_timeout(error: Exception) -> bool:
    # httpx-aiohttp calls a dropped connection a ConnectTimeout; what aiohttp had said first is told by the cause.
    if isinstance(error, httpx.ConnectTimeout):
        return isinstance(error.__cause__, TimeoutError) or error.__cause__ is None
    return isinstance(error, TimeoutError | httpx.TimeoutException)


def _name_status(status: int) -> str:
    return str(status) if status in _NAMED else f"{status // 100}xx"


def _read_refusal(response: httpx.Response, *, now: datetime) -> BotError:
    status = response.status_code
    if status == httpx.codes.NOT_FOUND:
        return CallNotFound("no such call")
    if status in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return SamoraRefused(f"HTTP {status}")
    if status in _WORTH_ANOTHER_TRY:
        return _QuickRetry(f"HTTP {status}", retry_after=_read_retry_after(response, now=now))
    return SamoraUnavailable(f"HTTP {status}")


def _read_retry_after(response: httpx.Response, *, now: datetime) -> float | None:
    """Seconds, a day at most, from either form that RFC 9110 (10.2.3) allows."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_REST)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), _LONGEST_REST)


def _when_to_retry(error: Exception) -> bool | float:
    """The hook for stamina: whether to try again, or after how many seconds."""
    if not isinstance(error, _QuickRetry):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= _LONGEST_RETRY_AFTER else False
