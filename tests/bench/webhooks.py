"""Five hundred webhooks a second for a minute, with a thousand agents' subscriptions in two hundred channels.

``python -m tests.bench.webhooks [SECONDS]``. First one process on SQLite, then four replicas on PostgreSQL that share
the deliveries. The baseline is a bare handler on the same server that only reads the body and compares the secret, sent
the same load; and the same handler that then computes for as long as the one process needed for each webhook, and
writes nothing: what it makes wait is the machine's. What is measured alone, the bare handlers and the one process, has
one core to itself, and the load, Slack and Samora share the others. The four replicas share all cores with them and
with the database: how quickly they answer on a machine of two cores is shown, and what they must not do is post
anything twice.

Each call is announced twice, as it begins and as it ends; nine in ten are finished, and one in ten nobody answered,
which is what the subscriptions are for. Afterwards nothing may stand twice in any channel.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from uuid import UUID

from sqlalchemy import func, select

from bot.core.calls import find_call_ids
from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.slack.people import BOT_USER, TEAM_ID
from bot.storage.schema import agent_subscriptions, boards, followed_calls, notices, subscriptions
from tests.bench.ack import free_port, running
from tests.bench.goals import Goal, report
from tests.bench.process import cores, cpu_seconds, peak_mib, pid_of, pinned
from tests.bench.steady import WEBHOOK_SECRET, Steadiness
from tests.bench.stored import Values, insert_all, now, opened
from tests.postgres import open_postgres

PER_SECOND = 500
SECONDS = 60.0
CHANNELS = 200
AGENTS = 200
SUBSCRIPTIONS = 1_000
MANY_LOOKS = 50
TRIAL_SECONDS, TRIAL_TURNS = 10.0, 100  # how long a turn of the bare handler's takes on this machine
POSTS_PER_MINUTE = 300
READY_SECONDS = 60.0
EVERYWHERE = os.sched_getaffinity(0)
_UNANSWERED = 10  # one call in so many

# What is yet to be posted: cards, boards and notices.
_WAITING = (
    select(func.count()).where(subscriptions.c.card_due_at.is_not(None), subscriptions.c.card_ts == ""),
    select(func.count()).where(boards.c.due_at.is_not(None), boards.c.ts == ""),
    select(func.count()).where(notices.c.done_at.is_(None)),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run came to.

    Attributes:
        answers: of the webhooks.
        known: how many calls stand in the database afterwards.
        posts: how many messages Slack took, in the time that it was watched.
        possible: how many there were to post, as far as the rates allow; those of a minute may come at once.
        doubles: what stands twice in a channel, one line each.
        refused: how many requests Slack refused as too many, by method.
        mib: the most memory that one process had.
        cpu_us: of a core, all processes together, for each webhook: with the looks and posts that it led to.
    """

    answers: Steadiness
    known: int
    posts: int
    possible: float
    doubles: list[str]
    refused: Counter[str]
    mib: float
    cpu_us: float


def agent_id(number: int) -> str:
    """An agent's id."""
    return str(UUID(int=0xA6E27 << 100 | number))


def wish_rows() -> Iterator[Values]:
    """Five agents in each channel, and five channels for each agent."""
    for number in range(SUBSCRIPTIONS):
        channel, turn = number % CHANNELS, number // CHANNELS
        yield {
            "id": f"bench-{number}",
            "team_id": TEAM_ID,
            "channel_id": f"C0BENCH{channel}",
            "agent_id": agent_id((channel + turn * 40) % AGENTS),
            "creator_id": "U0MIRA",
            "delivery": "thread",
            "style": "compact",
            "filters": json.dumps([["status", ["UNANSWERED"], False]]),
            "state": "active",
            "created_at": now() - timedelta(minutes=5),
        }


async def run_load(ids: list[str], ports: list[int], seconds: float) -> Steadiness:
    """The load, from a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.steady", str(PER_SECOND), str(seconds), *map(str, ports)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    answer, _ = await process.communicate("\n".join(ids).encode())
    return Steadiness(**json.loads(answer))


async def watch(url: str, *, replicas: int, seconds: float, looks_per_second: int | None = None) -> Outcome:
    """So many processes, sent the load, and given a while to say what they owe; they look so often, or as is usual."""
    clock = SandboxClock()
    async with AsyncExitStack() as stack:
        samora = await stack.enter_async_context(SamoraSandbox(clock=clock, requests_kept=1_000_000))
        slack = await stack.enter_async_context(SlackSandbox(clock=clock, requests_kept=1_000_000))
        slack.rates.posts_per_minute = POSTS_PER_MINUTE
        for number in range(CHANNELS):
            slack.add_channel(f"C0BENCH{number}", f"bench-{number}", members={"U0MIRA", BOT_USER})
        ids = [
            samora.add_call(
                status="CALL_FINISHED" if number % _UNANSWERED else "UNANSWERED", agent_id=agent_id(number % AGENTS)
            ).call_id
            for number in range(round(PER_SECOND * seconds / 2))
        ]
        async with opened(url) as database:
            await insert_all(database, agent_subscriptions, list(wish_rows()))
        bots, ports = [], [free_port() for _ in range(replicas)]
        for port in ports:
            environment = bot_environment(slack=slack, samora=samora, port=port) | {
                "DATABASE_URL": url,
                "WEBHOOK_SECRET": WEBHOOK_SECRET,
                **({"SAMORA_RATE": str(looks_per_second)} if looks_per_second else {}),
                "SLACK_POSTS_PER_MINUTE": str(POSTS_PER_MINUTE),
            }
            # The child inherits the cores that we are on when it is started.
            with pinned(cores()[1] if replicas == 1 else EVERYWHERE):
                bots.append(await stack.enter_async_context(BotProcess(environment)))
        await asyncio.gather(*(bot.wait_for_line('"event": "ready"', within=READY_SECONDS) for bot in bots))
        began, used = perf_counter(), sum(cpu_seconds(pid_of(bot)) for bot in bots)
        answers = await run_load(ids, ports, seconds)
        lasted, used = perf_counter() - began, sum(cpu_seconds(pid_of(bot)) for bot in bots) - used
        posts = _posts(slack)
        async with opened(url) as database, database.reading() as connection:
            known = (await connection.execute(select(func.count()).select_from(followed_calls))).scalar_one()
            waiting = sum([(await connection.execute(each)).scalar_one() for each in _WAITING])
        return Outcome(
            answers=answers,
            known=known,
            posts=posts,
            possible=min(POSTS_PER_MINUTE * max(1.0, lasted / 60), posts + waiting),
            doubles=find_doubles(slack),
            refused=slack.rate_refusals,
            mib=max(peak_mib(pid_of(bot)) for bot in bots),
            cpu_us=used / sum(answers.statuses.values()) * 1e6,
        )


def _posts(slack: SlackSandbox) -> int:
    return sum(each.path.endswith("chat.postMessage") and each.status == 200 for each in slack.requests)


def find_doubles(slack: SlackSandbox) -> list[str]:
    """Calls that have two cards in one channel; a card names its agent, too."""
    agents = {agent_id(number) for number in range(AGENTS)}
    cards = Counter(
        (message.channel, str(call_id))
        for message in slack.messages
        if message.bot_id and message.thread_ts is None and not message.deleted
        for call_id in find_call_ids(message.text)
        if str(call_id) not in agents
    )
    return [f"{call_id} stands {times} times in {channel}" for (channel, call_id), times in cards.items() if times > 1]


async def run_bare(ids: list[str], seconds: float, *, turns: int = 0) -> tuple[Steadiness, float]:
    """The same load for the bare handler, which computes so many turns each time; and microseconds of CPU for each."""
    port = free_port()
    with ExitStack() as stack:
        with pinned(cores()[1]):
            handler = running("-m", "tests.bench.servers", "webhook", str(port), str(turns), port=port)
            process = stack.enter_context(handler)
        spent = cpu_seconds(process.pid)
        answers = await run_load(ids, [port], seconds)
        return answers, (cpu_seconds(process.pid) - spent) / sum(answers.statuses.values()) * 1e6


async def run(ids: list[str], seconds: float) -> int:
    """All of it, and the table."""
    heads = (
        f"{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'worst':>9}{'p99 ratio':>11}{'MiB':>6}{'posts':>7}{'CPU µs':>8}"
    )
    print(f"{'':<42}{heads}")
    bare, bare_us = await run_bare(ids, min(seconds, 15.0))
    show("bare handler: reads, compares the secret", bare, bare, cpu_us=bare_us)
    with tempfile.TemporaryDirectory(prefix="samora-bench-") as folder:
        single = await watch(f"sqlite:///{folder}/bot.db", replicas=1, seconds=seconds)
        show("one process, SQLite", single.answers, bare, single)
        _, trial_us = await run_bare(ids, TRIAL_SECONDS, turns=TRIAL_TURNS)
        turns = round(TRIAL_TURNS * (single.cpu_us - bare_us) / (trial_us - bare_us))
        computing, cpu_us = await run_bare(ids, seconds, turns=turns)
        show("bare handler that computes for as long", computing, bare, cpu_us=cpu_us)
        busy = await watch(f"sqlite:///{folder}/busy.db", replicas=1, seconds=seconds, looks_per_second=MANY_LOOKS)
        show(f"one process, SQLite, SAMORA_RATE={MANY_LOOKS}", busy.answers, bare, busy)
    with pinned(EVERYWHERE), open_postgres() as server:
        url = server.url(server.make_database())
        shared = await watch(url, replicas=4, seconds=seconds, looks_per_second=MANY_LOOKS)
    show(f"four replicas, PostgreSQL, SAMORA_RATE={MANY_LOOKS}", shared.answers, bare, shared)
    wanted = len(ids)
    quick = Goal(name="one process: ms to the answer at p99", value=single.answers.p99_ms, most=50)
    return report([quick, *goals("one process", single, wanted), *goals("four replicas", shared, wanted)])


def goals(name: str, outcome: Outcome, wanted: int) -> list[Goal]:
    """What the issue asks of a run."""
    for line in (*outcome.doubles, *(f"refused: {times} × {method}" for method, times in outcome.refused.items())):
        print(line)
    answers, refused = outcome.answers, outcome.refused
    taken = answers.statuses.get("202", 0) / sum(answers.statuses.values())
    return [
        Goal(name=f"{name}: deliveries a second, to those sent", value=answers.per_second / PER_SECOND, least=0.98),
        Goal(name=f"{name}: share of them taken", value=taken, least=1.0),
        Goal(name=f"{name}: share of the calls that are remembered", value=outcome.known / wanted, least=1.0),
        Goal(name=f"{name}: cards that stand twice", value=len(outcome.doubles), most=0),
        Goal(
            name=f"{name}: messages posted, to those that could be", value=outcome.posts / outcome.possible, least=0.9
        ),
        Goal(name=f"{name}: 429 in answer to posts", value=refused["chat.postMessage"], most=0),
        Goal(name=f"{name}: 429 in answer to edits", value=refused["chat.update"], most=0),
    ]


def show(
    name: str, answers: Steadiness, bare: Steadiness, outcome: Outcome | None = None, *, cpu_us: float = 0.0
) -> None:
    """A line of the table."""
    more = f"{outcome.mib:>6.0f}{outcome.posts:>7}{outcome.cpu_us:>8.0f}" if outcome else f"{'':>13}{cpu_us:>8.0f}"
    print(
        f"{name:<42}{answers.per_second:>10.0f}{answers.p50_ms:>9.2f}{answers.p99_ms:>9.2f}{answers.worst_ms:>9.1f}"
        f"{answers.p99_ms / bare.p99_ms:>10.1f} ×{more}",
        flush=True,
    )


def main(arguments: list[str]) -> int:
    """The exit code says whether every goal is met."""
    seconds = float(arguments[0]) if arguments else SECONDS
    ids = [str(UUID(int=number)) for number in range(round(PER_SECOND * seconds / 2))]
    with pinned(cores()[0]):
        return asyncio.run(run(ids, seconds))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
