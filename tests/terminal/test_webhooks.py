"""``samora-bot webhooks``: what it makes, mends, removes and checks, and what it says of that."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core.errors import StoreUnavailable, UserMistake
from bot.samora.webhooks_api import NAME, Webhook, WebhooksApi
from bot.storage.webhooks import WebhookStore
from bot.terminal.webhooks import Wanted, WebhookDesk

AGENT = "a6e27000-0000-4000-8000-000000000001"
URL = "https://bot.example/samora/webhook"
SECRET = "the-webhook-secret"
ALL = ("CALL_STARTED", "CALL_FINISHED", "CALL_FAILED")
WANTED = Wanted(agent_id=AGENT, url=URL)
GOOD = Webhook(id="wh-1", agent_id=AGENT, name=NAME, url=URL, events=ALL, headers={"X-Samora-Bot-Secret": SECRET})


class FakeApi(WebhooksApi):
    """Samora's webhooks, in memory."""

    def __init__(self, *there: Webhook) -> None:
        self.there = list(there)
        self.done: list[str] = []

    async def list(self, agent_id: str = "") -> tuple[Webhook, ...]:
        return tuple(each for each in self.there if agent_id in {"", each.agent_id})

    async def create(self, *, agent_id: str, url: str, secret: str) -> Webhook:
        self.done.append("create")
        made = replace(GOOD, agent_id=agent_id, url=url, headers={"X-Samora-Bot-Secret": secret})
        self.there.append(made)
        return replace(made, secret="whsec_1")

    async def mend(self, webhook_id: str, *, url: str, secret: str) -> None:
        self.done.append(f"mend {webhook_id}")
        mended = replace(GOOD, id=webhook_id, url=url, headers={"X-Samora-Bot-Secret": secret})
        self.there = [mended if each.id == webhook_id else each for each in self.there]

    async def remove(self, webhook_id: str) -> None:
        self.done.append(f"remove {webhook_id}")
        self.there = [each for each in self.there if each.id != webhook_id]


class FakeStore(WebhookStore):
    """What is kept of them."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.fails = False

    async def keep(self, webhook_id: str, *, agent_id: str, secret: str) -> None:  # noqa: ARG002
        if self.fails:
            raise StoreUnavailable("locked")
        self.kept[webhook_id] = secret

    async def forget(self, webhook_id: str) -> None:
        if self.fails:
            raise StoreUnavailable("locked")
        self.kept.pop(webhook_id, None)


def make_desk(*there: Webhook) -> tuple[WebhookDesk, FakeApi, FakeStore]:
    api, store = FakeApi(*there), FakeStore()
    return WebhookDesk(api=api, store=store, secrets=[SECRET, "the-older-secret"]), api, store


async def test_twice_is_once(capsys: pytest.CaptureFixture[str]) -> None:
    desk, api, store = make_desk()
    await desk.install(WANTED)
    assert store.kept == {"wh-1": "whsec_1"}
    await desk.install(WANTED)
    assert api.done == ["create"]
    said = capsys.readouterr().out
    assert "Installed: Samora tells https://bot.example/samora/webhook" in said
    assert "Nothing to do" in said
    assert SECRET not in said
    assert "whsec" not in said


FAULTS = {
    "it is sent elsewhere": replace(GOOD, url="https://old.example/samora/webhook"),
    "it does not tell of CALL_FAILED": replace(GOOD, events=ALL[:2]),
    "it is switched off": replace(GOOD, is_active=False),
    "it brings transcripts or links along": replace(GOOD, brings_more=True),
    "it does not bring the first secret": replace(GOOD, headers={"X-Samora-Bot-Secret": "the-older-secret"}),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_is_wrong_is_mended(fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    desk, api, _ = make_desk(FAULTS[fault])
    await desk.install(WANTED)
    assert api.done == ["mend wh-1"]
    assert fault in capsys.readouterr().out.replace("\n", " ")
    assert api.there == [GOOD]


async def test_one_of_ours_is_enough_and_those_of_others_stay() -> None:
    theirs = replace(GOOD, id="wh-9", name="Zapier", url="https://zapier.example/x")
    desk, api, _ = make_desk(GOOD, replace(GOOD, id="wh-2"), theirs)
    await desk.install(WANTED)
    assert api.there == [GOOD, theirs]


async def test_the_bot_of_another_address_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Two bots may share an organisation: one to try things out, and one that works."""
    other = replace(GOOD, id="wh-2", url="https://staging.example/samora/webhook")
    desk, api, _ = make_desk(other, GOOD)
    await desk.install(WANTED)
    assert api.there == [other, GOOD]
    said = capsys.readouterr().out
    assert "Nothing to do: webhook wh-1" in said
    assert "Left alone: webhook wh-2, which is sent to https://staging.example" in said


async def test_the_bot_of_another_address_and_secret_keeps_its_webhook(capsys: pytest.CaptureFixture[str]) -> None:
    other = replace(GOOD, id="wh-2", url="https://staging.example/samora/webhook", headers={"X-Samora-Bot-Secret": "x"})
    desk, api, _ = make_desk(other)
    await desk.install(WANTED)
    assert api.there == [other, GOOD]
    assert "Left alone: webhook wh-2" in capsys.readouterr().out


async def test_one_whose_secret_cannot_be_kept_is_made_anew_later() -> None:
    """Samora tells it only once."""
    desk, api, store = make_desk()
    store.fails = True
    with pytest.raises(StoreUnavailable):
        await desk.install(WANTED)
    assert api.there == []
    store.fails = False
    await desk.install(WANTED)
    assert store.kept == {"wh-1": "whsec_1"}


async def test_ours_are_removed(capsys: pytest.CaptureFixture[str]) -> None:
    theirs = replace(GOOD, id="wh-9", name="Zapier", url="https://zapier.example/x")
    desk, api, store = make_desk(GOOD, theirs)
    store.kept["wh-1"] = "whsec_1"
    await desk.remove(Wanted(agent_id=AGENT))
    assert api.there == [theirs]
    assert store.kept == {}
    await desk.remove(Wanted(agent_id=AGENT))
    assert "No webhook of ours" in capsys.readouterr().out
    await desk.remove(Wanted(webhook_id="wh-9"))
    assert api.there == []
    with pytest.raises(UserMistake, match="Whose calls"):
        await desk.remove(Wanted())


async def test_what_cannot_be_forgotten_is_not_removed_either() -> None:
    """Else nothing would be left by which its secret could be found, and thrown away."""
    desk, api, store = make_desk(GOOD)
    store.kept["wh-1"], store.fails = "whsec_1", True
    with pytest.raises(StoreUnavailable):
        await desk.remove(Wanted(agent_id=AGENT))
    assert api.there == [GOOD]
    store.fails = False
    await desk.remove(Wanted(agent_id=AGENT))
    assert (api.there, store.kept) == ([], {})


async def test_with_an_address_the_bot_of_another_one_keeps_its_webhook(capsys: pytest.CaptureFixture[str]) -> None:
    other = replace(GOOD, id="wh-2", url="https://staging.example/samora/webhook")
    desk, api, _ = make_desk(GOOD, other)
    await desk.remove(WANTED)
    assert api.there == [other]
    await desk.remove(WANTED)
    assert api.there == [other]
    assert "No webhook of ours is sent there" in capsys.readouterr().out


async def test_a_list_tells_how_they_are_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    desk, _, _ = make_desk(GOOD, replace(GOOD, id="wh-2", name="Zapier"), replace(GOOD, id="wh-3", is_active=False))
    await desk.show(Wanted())
    said = capsys.readouterr().out
    assert all(each in said for each in ("fine", "not", "ours", "off"))
    assert SECRET not in said
    desk, _, _ = make_desk()
    await desk.show(Wanted())
    assert "No webhook is installed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.zapier.example/catch/s3cr3t?token=s3cr3t", "hooks.zapier.example/…"),
        ("https://[s3cr3t", "?"),
        ("[/s3cr3t]", "?/…"),
    ],
)
async def test_of_a_foreign_address_only_the_host_is_shown(
    url: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    desk, _, _ = make_desk(replace(GOOD, name="[/Zapier]", url=url))
    await desk.show(Wanted())
    said = capsys.readouterr().out
    assert f" {shown} " in said
    assert "s3cr3t" not in said


async def test_a_list_in_a_file_has_whole_ids_to_copy(capsys: pytest.CaptureFixture[str]) -> None:
    webhook_id = "0f8fad5b-d9cb-469f-a165-70867728950e"
    desk, _, _ = make_desk(replace(GOOD, id=webhook_id, headers={}))
    await desk.show(Wanted())
    said = capsys.readouterr().out
    assert all(each in said for each in (AGENT, webhook_id, URL, "it does not bring the first secret"))


@pytest.fixture
def brought() -> list[str | None]:
    """The secrets that came to the bot's door."""
    return []


@pytest.fixture
async def bot(brought: list[str | None]) -> AsyncIterator[str]:
    """A bot's door: where it is."""

    async def answer(request: web.Request) -> web.Response:
        brought.append(request.headers.get("X-Samora-Bot-Secret"))
        return web.Response(status=202 if request.headers.get("X-Samora-Bot-Secret") == SECRET else 401)

    app = web.Application()
    app.router.add_post("/samora/webhook", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/samora/webhook"))


async def test_a_check_knocks(bot: str, brought: list[str | None], capsys: pytest.CaptureFixture[str]) -> None:
    desk, _, _ = make_desk(replace(GOOD, url=bot))
    assert await desk.check(Wanted(agent_id=AGENT))
    assert "installed, and the bot answers" in capsys.readouterr().out
    assert brought == [None, SECRET]


async def test_a_check_of_an_address_leaves_the_bot_of_another_one_alone(
    bot: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = replace(GOOD, id="wh-2", url="https://staging.example/samora/webhook", headers={})
    desk, _, _ = make_desk(other, replace(GOOD, url=bot))
    assert await desk.check(Wanted(url=bot))
    assert "staging" not in capsys.readouterr().out


async def test_a_check_of_an_address_tells_what_is_sent_elsewhere(bot: str, capsys: pytest.CaptureFixture[str]) -> None:
    desk, _, _ = make_desk(replace(GOOD, url=bot))
    assert not await desk.check(Wanted(url=URL))
    assert "it is sent elsewhere" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize("headers", [{}, {"X-Samora-Bot-Secret": "of another bot"}])
async def test_a_check_brings_no_secret_where_samora_brings_none(
    bot: str, brought: list[str | None], headers: dict[str, str]
) -> None:
    desk, _, _ = make_desk(replace(GOOD, url=bot, headers=headers))
    assert not await desk.check(Wanted())
    assert brought == [None]


async def test_a_check_sees_that_the_bot_has_another_secret(bot: str, capsys: pytest.CaptureFixture[str]) -> None:
    desk, _, _ = make_desk(replace(GOOD, url=bot, headers={"X-Samora-Bot-Secret": "the-older-secret"}))
    assert not await desk.check(Wanted())
    assert "answers 401 instead of 202" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "said"),
    [("elsewhere", "answers 404 instead of 401"), ("", "it is switched off"), (None, "does not answer")],
)
async def test_a_check_says_what_is_wrong(
    bot: str, path: str | None, said: str, capsys: pytest.CaptureFixture[str], unused_tcp_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/samora/webhook" if path is None else f"{bot}{path}"
    desk, _, _ = make_desk(replace(GOOD, url=url, is_active=path != ""))
    assert not await desk.check(Wanted())
    assert said in capsys.readouterr().out.replace("\n", " ")


async def test_nothing_installed_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    desk, _, _ = make_desk()
    assert not await desk.check(Wanted())
    assert "No webhook of ours is installed" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["https://bot.example", "https://bot.example/", URL, URL + "/"])
def test_an_address_may_be_the_hosts_alone(url: str) -> None:
    assert Wanted.read(agent=AGENT.upper(), url=url, webhook="") == WANTED


@pytest.mark.parametrize(
    ("agent", "url", "said"),
    [
        ("collections", "", "isn't an agent's id"),
        (AGENT, "http://bot.example", "an address that Samora reaches"),
        (AGENT, "bot.example", "an address that Samora reaches"),
        (AGENT, "https://[", "isn't an address"),
        (AGENT, "https://bot.example:port", "isn't an address"),
        (AGENT, "https://me:pass@bot.example", "a plain address"),
        (AGENT, "https://bot.example/samora/webhook?key=1", "a plain address"),
        (AGENT, "https://bot.example/slack/events", "must end in /samora/webhook"),
    ],
)
def test_what_cant_be_meant_is_said(agent: str, url: str, said: str) -> None:
    with pytest.raises(UserMistake, match=said):
        Wanted.read(agent=agent, url=url, webhook="")


def test_an_install_needs_agent_and_address() -> None:
    with pytest.raises(UserMistake, match="Whose calls"):
        Wanted(url=URL).require(url=True)
    with pytest.raises(UserMistake, match="Where is the bot"):
        Wanted(agent_id=AGENT).require(url=True)
    Wanted(agent_id=AGENT).require()
