"""The HTTP server: it listens where it is told to, answers until it is stopped, and says why it can't."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvicorn
from pytest_mock import MockerFixture

from bot import server
from bot.server import CannotStart, listen, serve

SOON = 5.0


class Web:
    """An application that answers every request, as soon as it may."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        self.asked.set()
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"alive"})


@asynccontextmanager
async def serving(web: Any) -> AsyncIterator[tuple[str, asyncio.Event, asyncio.Task[None]]]:
    """The server's address, what stops it, and its task."""
    listening, stopped = listen("127.0.0.1", 0), asyncio.Event()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    task = asyncio.create_task(serve(web, listening, stopped))
    try:
        yield url, stopped, task
    finally:
        stopped.set()
        await asyncio.wait({task}, timeout=SOON)
        listening.close()


# Listening


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_it_listens_where_it_is_told_to(host: str, family: socket.AddressFamily) -> None:
    with listen(host, 0) as listening:
        assert listening.family == family
        assert listening.getsockname()[0] == host
        assert listening.getsockname()[1] > 0


def test_a_port_that_is_taken_is_told_in_one_sentence() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(CannotStart) as refusal:
            listen("127.0.0.1", port)

    assert str(refusal.value) == f"HOST 127.0.0.1, PORT {port}: Address already in use. Set another."


def test_an_address_that_is_not_this_machines_is_told_in_one_sentence() -> None:
    with pytest.raises(CannotStart, match=r"^HOST 192\.0\.2\.1, PORT 3000: .+\. Set another\.$"):
        listen("192.0.2.1", 3000)


def test_a_host_that_has_no_address_is_told_in_one_sentence() -> None:
    with pytest.raises(CannotStart, match=r"^HOST no-such-host\.invalid, PORT 3000: .+\. Set another\.$"):
        listen("no-such-host.invalid", 3000)


# Serving


async def test_it_answers_until_it_is_stopped() -> None:
    async with serving(Web()) as (url, stopped, task), aiohttp.ClientSession() as client:
        async with client.get(url) as answer:
            assert (answer.status, await answer.text()) == (200, "alive")
            assert "server" not in answer.headers, "nobody need know what it is made of"

        stopped.set()
        await asyncio.wait_for(task, SOON)
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.get(url)


async def test_a_request_that_is_under_way_at_the_stop_is_answered() -> None:
    web = Web()
    web.may_answer.clear()
    async with serving(web) as (url, stopped, task), aiohttp.ClientSession() as client:
        asking = asyncio.create_task(client.get(url))
        await asyncio.wait_for(web.asked.wait(), SOON)
        stopped.set()
        await asyncio.sleep(0)
        assert not task.done()
        web.may_answer.set()
        async with await asking as answer:
            assert await answer.text() == "alive"
        await asyncio.wait_for(task, SOON)


async def test_a_server_that_is_stopped_before_it_begins_ends() -> None:
    listening, stopped = listen("127.0.0.1", 0), asyncio.Event()
    stopped.set()

    await asyncio.wait_for(serve(Web(), listening, stopped), SOON)  # type: ignore[arg-type]


async def test_a_server_that_ends_by_itself_cannot_go_on(mocker: MockerFixture) -> None:
    mocker.patch.object(uvicorn.Server, "serve", return_value=None)
    with listen("127.0.0.1", 0) as listening, pytest.raises(CannotStart, match="ended by itself"):
        await serve(Web(), listening, asyncio.Event())  # type: ignore[arg-type]


async def test_a_server_that_breaks_tells_how(mocker: MockerFixture) -> None:
    mocker.patch.object(uvicorn.Server, "serve", side_effect=OSError("broken"))
    with listen("127.0.0.1", 0) as listening, pytest.raises(OSError, match="broken"):
        await serve(Web(), listening, asyncio.Event())  # type: ignore[arg-type]


async def test_signals_are_none_of_its_business(mocker: MockerFixture) -> None:
    """When to stop is decided outside: uvicorn would take SIGTERM for itself, and raise it again at its end."""
    taken = mocker.patch("signal.signal")
    async with serving(Web()) as (url, _, _), aiohttp.ClientSession() as client, client.get(url):
        taken.assert_not_called()


def test_requests_under_way_have_less_time_than_the_whole_stop() -> None:
    assert server._REQUESTS_GRACE_SECONDS < 10
