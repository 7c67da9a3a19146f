"""How near delivery comes to what Slack allows (within 5 %), and whether Slack ever had to refuse (never).

``python -m tests.bench.delivery``. Notices and cards are in SQLite before the bot starts. The baseline is what Slack
allows: one post a second and channel; in the workspace, as many posts a minute as SLACK_POSTS_PER_MINUTE says, to
which the sandbox's Slack is set here, too; 50 edits a minute. Every post and edit counts when it is answered.
"""

import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.core.changes import Facts
from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.slack.people import BOT_USER, TEAM_ID
from bot.storage.rows import facts_text
from bot.storage.schema import channels, followed_calls, notices, subscriptions
from tests.bench.goals import Goal, report
from tests.bench.process import cores, pinned
from tests.bench.stored import Values, followed_row, insert_all, now, opened, subscription_row

READY_SECONDS = 60.0
WITHIN = 0.95


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is owed.

    Attributes:
        channels: in how many channels.
        notices: to each of them.
        cards: how many cards, in a channel of their own.
        posts_per_minute: what the workspace takes.
    """

    channels: int
    notices: int
    cards: int
    posts_per_minute: int


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """When everything came, in seconds, in order.

    Attributes:
        posts: by channel.
        edits: of the cards.
        refused: how many calls Slack refused, by method.
    """

    posts: dict[str, list[float]]
    edits: list[float]
    refused: Counter[str]


async def deliver(work: Work, *, within: float) -> Delivered:
    """Owes all of that, starts a bot, and waits until it is delivered."""
    async with _servers(work) as (slack, samora):
        with tempfile.TemporaryDirectory(prefix="samora-bench-") as folder:
            url = f"sqlite:///{folder}/bot.db"
            await fill(url, work, slack, samora)
            settings = {"DATABASE_URL": url, "SLACK_POSTS_PER_MINUTE": str(work.posts_per_minute)}
            bot = BotProcess(bot_environment(slack=slack, samora=samora) | settings)
            with pinned(cores()[1]):
                await bot.__aenter__()
            try:
                await bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
                await _wait_until_done(slack, work, within=within)
            finally:
                await bot.__aexit__(None, None, None)
        posts = defaultdict(list)
        for request in slack.requests:
            if request.path == "/api/chat.postMessage" and request.status == 200:
                posts[str(request.body["channel"])].append(request.at.timestamp())
        edits = [each.at.timestamp() for each in slack.requests if _is_edit(each.path) and each.status == 200]
        return Delivered(posts=posts, edits=edits, refused=slack.rate_refusals)


@asynccontextmanager
async def _servers(work: Work) -> AsyncIterator[tuple[SlackSandbox, SamoraSandbox]]:
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, requests_kept=100_000) as slack:
        slack.rates.posts_per_minute = work.posts_per_minute
        yield slack, samora


def _is_edit(path: str) -> bool:
    return path == "/api/chat.update"


async def _wait_until_done(slack: SlackSandbox, work: Work, *, within: float) -> None:
    posts, edits = work.channels * work.notices, work.cards

    def is_done() -> bool:
        if len(slack.requests) < posts + edits:
            return False
        good = Counter(request.path for request in slack.requests if request.status == 200)
        return good["/api/chat.postMessage"] >= posts and good["/api/chat.update"] >= edits

    await slack.wait_for(is_done, within)


async def fill(url: str, work: Work, slack: SlackSandbox, samora: SamoraSandbox) -> None:
    """A subscription in each channel with its card and what it is owed; the calls are looked at by nobody."""
    followed: list[Values] = []
    subscribed: list[Values] = []
    owed: list[Values] = []
    facts = facts_text(Facts(old="TRIGGERED", new="ONGOING"))

    def follow(channel_id: str, *, is_card_old: bool) -> None:
        number = len(followed) + 1
        call = samora.add_call(status="ONGOING")
        card = slack.workspace.post(channel_id, BOT_USER, text="A card")
        followed.append(followed_row(number, call, team_id=TEAM_ID, due_at=None))
        subscribed.append(
            subscription_row(
                number,
                call,
                team_id=TEAM_ID,
                channel_id=channel_id,
                card_ts=card.ts,
                card_due_at=now() if is_card_old else None,
            )
        )

    for number in range(work.channels):
        channel_id = f"C0BENCH{number}"
        slack.add_channel(channel_id)
        follow(channel_id, is_card_old=False)
        owed += [
            {
                "team_id": TEAM_ID,
                "subscription_id": subscribed[-1]["id"],
                "number": change,
                "kind": "status",
                "channel_id": channel_id,
                "facts": facts,
                "created_at": now(),
            }
            for change in range(1, work.notices + 1)
        ]
    slack.add_channel("C0CARDS")
    for _ in range(work.cards):
        follow("C0CARDS", is_card_old=True)
    due = [{"team_id": TEAM_ID, "channel_id": f"C0BENCH{each}", "due_at": now()} for each in range(work.channels)]
    async with opened(url) as database:
        for table, rows in ((followed_calls, followed), (subscriptions, subscribed), (channels, due), (notices, owed)):
            await insert_all(database, table, rows)


def rate_of(moments: Sequence[float]) -> float:
    """How many a second: between the first and the last, what lies between two of them is one."""
    return (len(moments) - 1) / (moments[-1] - moments[0])


def minutely(moments: Sequence[float], allowed: int) -> float:
    """How many a minute, where so many are allowed: the minute is measured from each to the so manieth after it."""
    ordered = sorted(moments)
    minutes = [later - earlier for earlier, later in zip(ordered, ordered[allowed:], strict=False)]
    return allowed / statistics.mean(minutes) * 60


async def run() -> int:
    """Both parts, and the table."""
    print(f"{'':<58}{'delivered':>12}{'Slack allows':>14}{'ratio':>10}{'refused':>10}")
    steady = Work(channels=20, notices=30, cards=0, posts_per_minute=6000)
    by_channel = await deliver(steady, within=120)
    rates = sorted(rate_of(each) for each in by_channel.posts.values())
    middle, slowest = statistics.median(rates), rates[0]
    show(
        f"{steady.channels} channels × {steady.notices} notices: a second, median channel",
        middle,
        1,
        by_channel.refused,
    )
    show("the same, slowest channel", slowest, 1, by_channel.refused)
    crowded = Work(channels=30, notices=30, cards=150, posts_per_minute=300)
    together = await deliver(crowded, within=300)
    posts = minutely([at for each in together.posts.values() for at in each], crowded.posts_per_minute)
    edits = minutely(together.edits, 50)
    show("30 channels × 30 notices: posts a minute in the workspace", posts, crowded.posts_per_minute, together.refused)
    show(f"{crowded.cards} cards at the same time: edits a minute", edits, 50, together.refused)
    refused = by_channel.refused + together.refused
    return report(
        [
            Goal(name="posts in the slowest channel, to what Slack allows", value=slowest, least=WITHIN),
            Goal(name="posts in the workspace, to what Slack allows", value=posts / 300, least=WITHIN),
            Goal(name="edits in the workspace, to what Slack allows", value=edits / 50, least=WITHIN),
            Goal(name="429 in answer to posts", value=refused["chat.postMessage"], most=0),
            Goal(name="429 in answer to edits", value=refused["chat.update"], most=0),
        ]
    )


def show(name: str, found: float, allowed: float, refused: Counter[str]) -> None:
    """A line of the table."""
    print(f"{name:<58}{found:>12.3f}{allowed:>14g}{found / allowed:>8.3f} ×{refused.total():>10}", flush=True)


def main() -> int:
    """The exit code says whether every goal is met."""
    import uvloop

    with pinned(cores()[0]):
        return uvloop.run(run())


if __name__ == "__main__":
    sys.exit(main())
