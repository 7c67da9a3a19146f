"""The look-up: always asked anew, and only safe links are handed out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.calls import Call, CallId, CallStatus, Media, MediaState
from bot.core.errors import BotError, CallNotFound, SamoraUnavailable, UnsafeLink
from bot.core.lookup import LINK_LIFETIME, FreshLink, Lookup, is_loopback
from tests.factories import READ_AT, RECORDING_URL, TRANSCRIPT_URL, make_call, make_call_id


class Calls:
    """A CallsApi that gives the same answer to each question and counts them."""

    def __init__(self, answer: Call | BotError) -> None:
        self.answer = answer
        self.asked: list[CallId] = []

    async def get_call(self, call_id: CallId) -> Call:
        self.asked.append(call_id)
        if isinstance(self.answer, BotError):
            raise self.answer
        return self.answer


async def link_of(url: str | None, *, loopback_links: bool = False, **call: Any) -> FreshLink | MediaState:
    calls = Calls(make_call(recording_url=url, **call))
    return await Lookup(calls=calls, loopback_links=loopback_links).fresh_link(make_call_id(), Media.RECORDING)


async def test_each_question_is_asked_of_samora_again() -> None:
    calls = Calls(make_call())
    lookup = Lookup(calls=calls)
    assert await lookup.call(make_call_id()) is calls.answer
    await lookup.call(make_call_id())
    await lookup.fresh_link(make_call_id(), Media.RECORDING)
    assert calls.asked == [make_call_id()] * 3


@pytest.mark.parametrize(("media", "url"), [(Media.RECORDING, RECORDING_URL), (Media.TRANSCRIPT, TRANSCRIPT_URL)])
async def test_a_link_works_for_an_hour_from_the_reading(media: Media, url: str) -> None:
    link = await Lookup(calls=Calls(make_call())).fresh_link(make_call_id(), media)
    hour = timedelta(minutes=60)
    assert link == FreshLink(media=media, url=url, lifetime=hour, works_until=READ_AT + hour)


async def test_a_link_that_says_until_when_it_works_is_believed() -> None:
    link = await link_of("https://s3.example.com/a.mp3?X-Amz-Date=20240115T103005Z&X-Amz-Expires=900&X-Amz-Signature=0")
    assert isinstance(link, FreshLink)
    assert link.lifetime == timedelta(minutes=15)
    assert link.works_until == datetime(2024, 1, 15, 10, 45, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Expires=900",
        "X-Amz-Date=20240115T103005Z",
        "X-Amz-Date=yesterday&X-Amz-Expires=900",
        "X-Amz-Date=20240115T103005Z&X-Amz-Expires=soon",
        "X-Amz-Date=20240115T103005Z&X-Amz-Expires=0",
        "X-Amz-Date=20240115T103005Z&X-Amz-Expires=-900",
        "X-Amz-Date=20240115T103005Z&X-Amz-Expires=604801",
        "X-Amz-Date=99991231T235959Z&X-Amz-Expires=900",
        "X-Amz-Date=20240115T103005Z&X-Amz-Expires=9999999999999999",
    ],
)
async def test_a_link_that_says_it_in_no_sensible_way_works_for_an_hour(query: str) -> None:
    link = await link_of(f"https://s3.example.com/a.mp3?{query}")
    assert isinstance(link, FreshLink)
    assert (link.lifetime, link.works_until) == (LINK_LIFETIME, READ_AT + LINK_LIFETIME)


async def test_a_link_never_shows_in_a_repr() -> None:
    assert "s3.example.com" not in repr(await link_of(RECORDING_URL))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (CallStatus.CALL_FINISHED, MediaState.PREPARING),
        (CallStatus.UNANSWERED, MediaState.NEVER),
        (CallStatus.ONGOING, MediaState.UNFINISHED),
    ],
)
async def test_without_a_link_the_state_says_why(status: CallStatus, state: MediaState) -> None:
    assert await link_of(None, status=status) is state


@pytest.mark.parametrize("error", [CallNotFound("no such call"), SamoraUnavailable("time-out")])
async def test_an_error_of_samora_passes_through(error: BotError) -> None:
    lookup = Lookup(calls=Calls(error))
    with pytest.raises(type(error)):
        await lookup.call(make_call_id())
    with pytest.raises(type(error)):
        await lookup.fresh_link(make_call_id(), Media.RECORDING)


UNSAFE = [
    "http://s3.example.com/a",
    "ftp://s3.example.com/a",
    "javascript:alert(1)",
    "data:text/html,x",
    "//s3.example.com/a",
    "s3.example.com/a",
    "https:///a",
    "https://",
    "https:s3.example.com",
    "https://:443/a",
    "https://user@s3.example.com/a",
    "https://bank.example:pass@evil.example/a",
    "https://@s3.example.com/a",
    "https://s3.example.com:99999/a",
    "https://s3.example.com:x/a",
    "https://[::1/a",
    "https://s3.exämple.com/a",
    "https://s3.example.com/a b",
    "https://s3.example.com/a\n",
    "https://s3.example.com/\x00",
    "https://s3.example.com/a>b",
    "https://s3.example.com/a|b",
    "https://s3.example.com/<!channel>",
    "https://s3.example.com/`x`",
    "https:\\\\s3.example.com\\a",
    "https://evil.example\\@s3.example.com/",
    "http://127.0.0.1.example.com/a",
    "http://localhost.example.com/a",
    "http://10.0.0.1/a",
]


@pytest.mark.parametrize("url", UNSAFE)
@pytest.mark.parametrize("loopback_links", [False, True])
async def test_an_unsafe_link_is_not_handed_out_and_not_quoted(url: str, loopback_links: bool) -> None:
    with pytest.raises(UnsafeLink) as refusal:
        await link_of(url, loopback_links=loopback_links)
    assert "example" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/a", "http://localhost/a", "http://[::1]:9/a", "http://LOCALHOST/a"]
)
async def test_plain_http_is_fine_on_this_machine_if_the_api_is_here_too(url: str) -> None:
    link = await link_of(url, loopback_links=True)
    assert isinstance(link, FreshLink)
    assert link.url == url
    with pytest.raises(UnsafeLink):
        await link_of(url, loopback_links=False)


@pytest.mark.parametrize(
    "url", ["https://s3.example.com:443/a?b=c&d=%20#e", "HTTPS://S3.example.com/a", "https://[2001:db8::1]/a"]
)
async def test_an_https_link_with_a_host_is_handed_out_as_it_is(url: str) -> None:
    link = await link_of(url)
    assert isinstance(link, FreshLink)
    assert link.url == url


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("192.0.2.1", False),
        ("10.0.0.1", False),
        ("::2", False),
        ("example.com", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, here: bool) -> None:
    assert is_loopback(host) is here
