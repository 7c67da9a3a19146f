"""The page's server: what it serves, to whom, and where."""

import socket
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox import site as module
from bot.sandbox.site import PageMissing, Site, find_page
from bot.sandbox.stage import Stage


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html><title>The page</title>", encoding="utf-8")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "page.js").write_text("1", encoding="utf-8")
    return tmp_path


async def test_the_page_and_its_parts_are_served_under_a_strict_policy(stage: Stage, page: Path) -> None:
    async with Site(stage=stage, page=page, port=18_800) as site, aiohttp.ClientSession() as http:
        for path, part in (("/", "The page"), ("/assets/page.js", "1")):
            answer = await http.get(site.url + path)
            assert part in await answer.text()
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        for path in ("/nothing.js", "/../site.py", "/%2e%2e/site.py"):
            assert (await http.get(site.url + path)).status == 404


async def test_on_a_taken_port_it_finds_another(stage: Stage, page: Path, unused_tcp_port: int) -> None:
    with socket.create_server(("127.0.0.1", unused_tcp_port)):
        async with Site(stage=stage, page=page, port=unused_tcp_port) as site, aiohttp.ClientSession() as http:
            assert site.url != f"http://127.0.0.1:{unused_tcp_port}"
            assert (await http.get(site.url)).status == 200


async def test_where_no_port_is_free_it_says_so(stage: Stage, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HOST", "192.0.2.1")  # an address that no machine has
    with pytest.raises(OSError, match="no port is free"):
        async with Site(stage=stage, page=page, port=18_850):
            pass


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 101),
        ({"Origin": "SELF"}, 101),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "192.168.0.7:8730"}, 403),
        ({"Host": ""}, 403),
    ],
)
async def test_only_the_page_itself_may_speak_to_it(
    stage: Stage, page: Path, headers: dict[str, str], status: int
) -> None:
    """A page from elsewhere could open a WebSocket to this machine, or lead a name of its own to it."""
    async with Site(stage=stage, page=page, port=18_900) as site, aiohttp.ClientSession() as http:
        sent = {name: site.url if value == "SELF" else value for name, value in headers.items()}
        if status == 101:
            async with http.ws_connect(f"{site.url}/live", headers=sent) as live:
                assert (await live.receive_json()) == {"reset": True}
        else:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await http.ws_connect(f"{site.url}/live", headers=sent)
            assert refusal.value.status == status
            if "Host" in headers:
                assert (await http.get(site.url, headers=sent)).status == status


async def test_localhost_is_this_machine_too(stage: Stage, page: Path) -> None:
    async with Site(stage=stage, page=page, port=18_950) as site, aiohttp.ClientSession() as http:
        port = site.url.rpartition(":")[2]
        assert (await http.get(site.url, headers={"Host": f"localhost:{port}"})).status == 200


async def test_more_browsers_than_it_takes_are_turned_away(
    stage: Stage, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BROWSERS", 1)
    async with Site(stage=stage, page=page, port=19_000) as site, aiohttp.ClientSession() as http:
        async with http.ws_connect(f"{site.url}/live"):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                await http.ws_connect(f"{site.url}/live")
        await stage.changes.wait_for(lambda: True, within=1, describe=str)


def test_a_page_that_is_not_built_is_told_with_the_command_that_builds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE", tmp_path)
    with pytest.raises(PageMissing, match="make page"):
        find_page()
    (tmp_path / "index.html").touch()
    assert find_page() == tmp_path
