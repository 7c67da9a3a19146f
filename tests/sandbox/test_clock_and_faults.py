from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault, Faults, RainKind


def test_the_clock_tells_real_time_until_it_is_moved() -> None:
    clock = SandboxClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)
    assert clock.now().tzinfo is UTC


def test_an_hour_passes_in_no_time() -> None:
    clock = SandboxClock()
    before = clock.now()
    clock.advance(3600)
    clock.advance(0.5)
    assert timedelta(seconds=3600.5) <= clock.now() - before < timedelta(seconds=3601.5)


def test_the_clock_never_goes_back() -> None:
    clock = SandboxClock()
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-1)


class Server:
    def __init__(self, faults: Faults, client: TestClient[web.Request, web.Application]) -> None:
        self.faults = faults
        self.client = client
        self.done: list[str] = []

    async def status(self, path: str = "/work") -> int:
        async with self.client.get(path) as answer:
            return answer.status

    async def post_status(self, path: str) -> int:
        # Not GET: aiohttp's client would quietly try a cut one again.
        async with self.client.post(path) as answer:
            return answer.status


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async def work(request: web.Request) -> web.Response:
        started.done.append(request.path)
        return web.Response(text="done")

    faults = Faults()
    app = web.Application(middlewares=[faults.middleware])
    app.add_routes([web.route("*", "/{path:.*}", work)])
    async with TestClient(TestServer(app)) as client:
        started = Server(faults, client)
        yield started


async def test_without_faults_the_work_is_done(server: Server) -> None:
    assert await server.status() == 200
    assert server.done == ["/work"]


async def test_a_fault_answers_in_place_of_the_work(server: Server) -> None:
    server.faults.add(Fault(status=429, body="<slow>", content_type="text/html", retry_after=7))
    async with server.client.get("/work") as answer:
        assert (answer.status, answer.content_type, answer.headers["Retry-After"]) == (429, "text/html", "7")
        assert await answer.text() == "<slow>"
    assert server.done == []


async def test_a_fault_strikes_as_often_as_it_says_and_is_spent(server: Server) -> None:
    server.faults.add(Fault(status=500, times=2))
    assert [await server.status() for _ in range(3)] == [500, 500, 200]


async def test_faults_strike_in_the_order_of_their_coming(server: Server) -> None:
    server.faults.add(Fault(status=500))
    server.faults.add(Fault(status=503))
    assert [await server.status() for _ in range(3)] == [500, 503, 200]


async def test_a_fault_waits_for_a_path_that_matches(server: Server) -> None:
    server.faults.add(Fault(path="/v1/*", status=500))
    assert [await server.status(path) for path in ("/v2/a", "/v1/a", "/v1/a")] == [200, 500, 200]


async def test_faults_can_be_forgotten(server: Server) -> None:
    server.faults.add(Fault(status=500))
    server.faults.clear()
    assert await server.status() == 200


async def test_a_delay_alone_lets_the_work_be_done(server: Server) -> None:
    server.faults.add(Fault(delay=0.001))
    assert await server.status() == 200


async def test_a_fault_after_the_work_loses_the_answer_but_not_the_effect(server: Server) -> None:
    server.faults.add(Fault(status=502, after=True))
    assert await server.status() == 502
    assert server.done == ["/work"]


@pytest.mark.parametrize(("after", "done"), [(False, []), (True, ["/work"])])
async def test_a_drop_cuts_the_line(server: Server, after: bool, done: list[str]) -> None:
    server.faults.add(Fault(drop=True, after=after))
    with pytest.raises(aiohttp.ClientConnectionError):
        await server.client.post("/work")  # not GET: aiohttp's client would quietly try that again
    assert server.done == done


# Rain


async def outcomes(server: Server, times: int, path: str = "/work") -> list[str]:
    """What came of so many requests: a status, or "cut", and an "!" where the work was done all the same."""
    seen = []
    for _ in range(times):
        before = len(server.done)
        try:
            outcome = str(await server.post_status(path))
        except aiohttp.ClientConnectionError:
            outcome = "cut"
        seen.append(outcome + "!" * (len(server.done) - before))
    return seen


async def test_rain_strikes_its_share_in_every_way(server: Server) -> None:
    server.faults.rain(path="/w*", share=0.3, seed=7)
    seen = await outcomes(server, 200)
    assert set(seen) == {"200!", "429", "500", "500!", "cut!"}
    assert 30 <= sum(outcome != "200!" for outcome in seen) <= 90
    assert server.faults.rained.total() == sum(outcome != "200!" for outcome in seen)
    assert server.faults.rained["lost"] == seen.count("500!") + seen.count("cut!")


async def test_the_same_seed_strikes_the_same_requests(server: Server) -> None:
    seen = []
    for seed in (7, 7, 8):
        server.faults.rain(share=0.5, seed=seed)
        seen.append(await outcomes(server, 30))
        server.faults.clear()
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


async def test_only_requests_that_match_move_the_dice(server: Server) -> None:
    server.faults.rain(path="/work", share=0.5, seed=7, kinds=["500"])
    alone = await outcomes(server, 20)
    server.faults.clear()
    server.faults.rain(path="/work", share=0.5, seed=7, kinds=["500"])
    between = []
    for _ in range(20):
        assert await outcomes(server, 1, "/other") == ["200!"]
        between += await outcomes(server, 1)
    assert between == alone


@pytest.mark.parametrize(("kind", "possible"), [("429", {"429"}), ("500", {"500"}), ("lost", {"500!", "cut!"})])
async def test_it_may_rain_one_kind_only(server: Server, kind: RainKind, possible: set[str]) -> None:
    server.faults.rain(share=1, seed=7, kinds=[kind])
    assert set(await outcomes(server, 20)) == possible


async def test_a_429_of_the_rain_says_when_to_come_again(server: Server) -> None:
    server.faults.rain(share=1, kinds=["429"])
    async with server.client.get("/work") as answer:
        assert answer.headers["Retry-After"] == "1"
        assert (await answer.json())["error"] == "ratelimited"


async def test_waiting_faults_go_before_the_rain_and_clear_ends_both(server: Server) -> None:
    server.faults.rain(share=1, kinds=["500"])
    server.faults.add(Fault(status=418))
    assert await outcomes(server, 2) == ["418", "500"]
    server.faults.clear()
    assert await outcomes(server, 1) == ["200!"]


@pytest.mark.parametrize("wrong", [{"share": 1.1}, {"share": -0.1}, {"kinds": []}, {"kinds": ["hail"]}])
def test_there_is_no_other_rain(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="share"):
        Faults().rain(**wrong)
