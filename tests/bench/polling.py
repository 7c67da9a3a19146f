"""How one bot process on one core keeps 10,000 followed calls up to date.

``python -m tests.bench.polling [INTERVAL]``. The calls are ongoing, in SQLite before the bot starts, and due evenly
over the interval; the servers run in this process, on other cores. A look is late by what lies between two looks of a
call, as Samora saw them, beyond the interval. Then the bot is given more than it can do, for the rate that one core
reaches; beside it stands a bare loop that only asks and parses: the same client and transport, on the same core,
without the bot in between (``python -m tests.bench.polling bare URL KEY SECONDS``, with the calls' ids on its standard
input).
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, pairwise
from time import perf_counter, process_time

from bot.core.calls import CallId
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import SandboxCall
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.slack.people import TEAM_ID
from bot.storage.schema import followed_calls, subscriptions
from tests.bench.goals import Goal, report
from tests.bench.process import cores, cpu_seconds, peak_mib, pid_of, pinned
from tests.bench.stored import followed_row, insert_all, now, opened, subscription_row

CALLS = 10_000
CHANNELS = 100
INTERVAL = 30.0
HIGHEST_RATE = 1_000
AT_ONCE = 64  # where such a client is quickest
STARTING = timedelta(seconds=5)
BARE_SECONDS = 10.0
READY_SECONDS = 60.0
# What a core sustains is looked for among these shares of what it reaches; with fewer calls, as that takes less time.
SHARES = (0.95, 0.85, 0.75, 0.65)
FEWER = 2_500


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What one run came to.

    Attributes:
        interval: between two looks at a call, in seconds.
        rate: looks a second that the bot was allowed.
        per_second: looks a second that it made.
        late: how late they were, in seconds, in order.
        cpu_us: what a look cost, in microseconds of a core.
        busy: how much of its core the process used.
        mib: the most memory that it had.
    """

    interval: float
    rate: int
    per_second: float
    late: list[float]
    cpu_us: float
    busy: float
    mib: float

    @property
    def p99(self) -> float:
        """What 99 in 100 looks were not later than."""
        return self.late[len(self.late) * 99 // 100]


@dataclass(frozen=True, kw_only=True)
class Field:
    """The servers, and the calls that are followed."""

    slack: SlackSandbox
    samora: SamoraSandbox
    calls: list[SandboxCall]


async def watch(field: Field, *, interval: float, rate: int, seconds: float) -> Watched:
    """Has a new bot follow the calls for that long, and looks at what Samora saw."""
    with tempfile.TemporaryDirectory(prefix="samora-bench-") as folder:
        url = f"sqlite:///{folder}/bot.db"
        first_at = await fill(url, field.calls, interval=interval)
        settings = {"DATABASE_URL": url, "POLL_INTERVAL": f"{interval:g}", "SAMORA_RATE": str(rate)}
        field.samora.requests.clear()
        bot = BotProcess(bot_environment(slack=field.slack, samora=field.samora) | settings)
        # The child inherits the core that we are on when it is started.
        with pinned(cores()[1]):
            await bot.__aenter__()
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_exit(bot.__aexit__)
            await bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
            await asyncio.sleep(max(0.0, (first_at - now()).total_seconds()))
            pid = pid_of(bot)
            seen, spent, began = len(field.samora.requests), cpu_seconds(pid), perf_counter()
            await asyncio.sleep(seconds)
            looks, spent = len(field.samora.requests) - seen, cpu_seconds(pid) - spent
            lasted, mib = perf_counter() - began, peak_mib(pid)
        assert all(each.status == 200 for each in field.samora.requests), "Samora was not asked as it should be"
        return Watched(
            interval=interval,
            rate=rate,
            per_second=looks / lasted,
            late=lateness(field.samora, interval),
            cpu_us=spent / max(looks, 1) * 1e6,
            busy=spent / lasted,
            mib=mib,
        )


async def fill(url: str, calls: list[SandboxCall], *, interval: float, team_id: str = TEAM_ID) -> datetime:
    """Follows all calls; the first is due at the time returned."""
    first_at = now() + STARTING
    step = timedelta(seconds=interval / len(calls))
    numbered = list(enumerate(calls, start=1))
    async with opened(url) as database:
        rows = [followed_row(each, call, team_id=team_id, due_at=first_at + step * each) for each, call in numbered]
        await insert_all(database, followed_calls, rows)
        rows = [
            subscription_row(each, call, team_id=team_id, channel_id=f"C{each % CHANNELS}", card_ts=f"{each}.000000")
            for each, call in numbered
        ]
        await insert_all(database, subscriptions, rows)
    return first_at


def lateness(samora: SamoraSandbox, interval: float) -> list[float]:
    """What lies between two looks of the same call beyond the interval, in order."""
    moments: dict[str, list[datetime]] = defaultdict(list)
    for request in samora.requests:
        moments[request.path].append(request.at)
    gaps = [
        (later - earlier).total_seconds() - interval for each in moments.values() for earlier, later in pairwise(each)
    ]
    return sorted(gaps) or [float("inf")]


async def run_bare(url: str, key: str, ids: list[str], *, seconds: float = BARE_SECONDS) -> tuple[float, float]:
    """The bare loop, on the bot's core: requests a second, and microseconds of CPU each."""
    with pinned(cores()[1]):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.polling", "bare"),
            *(url, key, str(seconds)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    answer, _ = await process.communicate("\n".join(ids).encode())
    per_second, cpu_us = answer.split()
    return float(per_second), float(cpu_us)


async def ask_barely(url: str, key: str, seconds: float, ids: list[CallId]) -> None:
    """Asks and parses, as many at once as the bot does, and prints how many a second and what each cost."""
    from bot.samora.client import open_http
    from bot.samora.schema import read_call

    waiting, done = cycle(ids), 0

    async def ask_on(until: float) -> None:
        nonlocal done
        while perf_counter() < until:
            call_id = next(waiting)
            async with http.stream("GET", f"/v1/call/{call_id}") as response:
                assert response.status_code == 200
                read_call(await response.aread(), call_id=call_id, read_at=now())
            done += 1

    async with open_http(base_url=url, api_key=key) as http:
        began, used = perf_counter(), process_time()
        await asyncio.gather(*(ask_on(began + seconds) for _ in range(AT_ONCE)))
        print(done / (perf_counter() - began), (process_time() - used) / done * 1e6)


async def run(interval: float) -> int:
    """All of it."""
    clock = SandboxClock()
    kept = HIGHEST_RATE * 200
    async with (
        SamoraSandbox(clock=clock, requests_kept=kept) as samora,
        SlackSandbox(clock=clock, rates=False) as slack,
    ):
        variables: dict[str, object] = {"name": "John Doe", "email": "john@example.com", "customer_id": "CUST-001"}
        calls = [samora.add_call(status="ONGOING", variables=dict(variables)) for _ in range(CALLS)]
        field = Field(slack=slack, samora=samora, calls=calls)
        ids = [call.call_id for call in calls]
        bare, bare_us = await run_bare(samora.url, samora.api_key, ids)
        show_bare(bare, bare_us)
        usual = await watch(field, interval=interval, rate=round(CALLS / interval * 1.5), seconds=interval * 3)
        show(f"{CALLS:,} calls, every {interval:g} s", usual, bare)
        reached = await watch(field, interval=CALLS / HIGHEST_RATE, rate=HIGHEST_RATE, seconds=40)
        show("more than it can do", reached, bare)
        sustained = await find_sustained(field, reached, bare)
        again, again_us = await run_bare(samora.url, samora.api_key, ids)
        show_bare(again, again_us)
    bare, bare_us = statistics.mean((bare, again)), statistics.mean((bare_us, again_us))
    print(f"\nOne core sustains {sustained:.0f} looks a second, late by less than 1 s at p99.")
    return report(
        [
            Goal(name="seconds late at p99, beyond the interval", value=usual.p99, most=1.0),
            Goal(name="memory at its peak, MiB", value=max(usual.mib, reached.mib), most=200),
            Goal(name="looks a second to a bare loop's", value=reached.per_second / bare, least=0.8, is_for_later=True),
        ]
    )


async def find_sustained(field: Field, reached: Watched, bare: float) -> float:
    """The highest rate at which looks are not late, among shares of what the bot reaches; 0 if there is none."""
    fewer = Field(slack=field.slack, samora=field.samora, calls=field.calls[:FEWER])
    for share in SHARES:
        wanted = reached.per_second * share
        interval = FEWER / wanted
        watched = await watch(fewer, interval=interval, rate=HIGHEST_RATE, seconds=max(20.0, interval * 3))
        show(f"{share:.0%} of that", watched, bare)
        if watched.p99 < 1.0:
            return wanted
    return 0.0


def show_bare(per_second: float, cpu_us: float) -> None:
    """A line of the table for the baseline."""
    if not hasattr(show_bare, "is_begun"):
        show_bare.is_begun = True  # type: ignore[attr-defined]
        heads = ("looks/s", "ratio", "CPU µs each", "of a core", "late p50", "p99", "most, s", "MiB")
        print(f"{'':<46}" + "".join(f"{head:>12}" for head in heads))
    print(f"{'bare loop over the same client':<46}{per_second:>12.0f}{1.0:>10.2f} ×{cpu_us:>12.0f}", flush=True)


def show(name: str, watched: Watched, bare: float) -> None:
    """A line of the table."""
    late = watched.late
    name = f"{name} (POLL_INTERVAL={watched.interval:.3g}, SAMORA_RATE={watched.rate})"
    print(
        f"{name:<46}{watched.per_second:>12.0f}{watched.per_second / bare:>10.2f} ×{watched.cpu_us:>12.0f}"
        f"{watched.busy:>12.0%}{late[len(late) // 2]:>12.3f}{watched.p99:>12.3f}{late[-1]:>12.3f}{watched.mib:>12.0f}",
        flush=True,
    )


def main(arguments: list[str]) -> int:
    """The exit code says whether every goal is met."""
    import uvloop

    if arguments[:1] == ["bare"]:
        url, key, seconds = arguments[1:]
        ids = [CallId(line.strip()) for line in sys.stdin]
        uvloop.run(ask_barely(url, key, float(seconds), ids))
        return 0
    with pinned(cores()[0]):
        return uvloop.run(run(float(arguments[0]) if arguments else INTERVAL))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
