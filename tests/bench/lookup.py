"""How long a look-up takes, from the command to the answer at its ``response_url``, beside the two requests it needs.

``python -m tests.bench.lookup [SECONDS] [ROUNDS]``. Bare is a handler on the same server that, without looking at what
it was sent, asks Samora once and posts an answer of the same size once, through the same clients. Slack and Samora are
here in this process, as cheap as can be; each answers after 50 ms, which is quick for either, and then at once, where
nothing is left of a look-up but what it costs. Look-ups come one by one, or eight together, 80 a second in all: a
hundred are a flood, in which the bot does acks first. Of a process's CPU that is left out which it takes at rest.
"""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter

import uvloop

from bot.core.calls import EXAMPLE_ID
from tests.bench.ack import environment, free_port, running, wait_until_ready
from tests.bench.goals import Goal, report
from tests.bench.load import signed_command
from tests.bench.process import cores, pinned, precise_cpu_seconds
from tests.bench.servers import Neighbour

AT_ONCE = (1, 8)
A_SECOND = 80
NEIGHBOUR_SECONDS = 0.05
MOST = 1.3


@dataclass(kw_only=True)
class Subject:
    """A server that looks calls up.

    Attributes:
        name: what it is.
        port: where it listens.
        pid: its process.
    """

    name: str
    port: int
    pid: int


@dataclass(kw_only=True)
class Looked:
    """What a round came to: each look-up's milliseconds, and microseconds of CPU for one."""

    milliseconds: list[float]
    cpu_us: float

    @property
    def p50(self) -> float:
        """The middle one's milliseconds."""
        return statistics.median(self.milliseconds)


@dataclass(kw_only=True)
class Inbox:
    """The answers that are waited for, by the number in their address."""

    port: int
    waiting: dict[str, "asyncio.Future[None]"] = field(default_factory=dict)

    def take(self, path: bytes) -> None:
        """Hears of a request; only answers are waited for."""
        if answer := self.waiting.pop(path.decode().rpartition("/")[2], None):
            answer.set_result(None)


@asynccontextmanager
async def open_inbox(delay: float) -> AsyncIterator[Inbox]:
    """Slack and Samora, in this process, answering after so many seconds."""
    inbox = Inbox(port=free_port())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Neighbour(delay=delay, on_request=inbox.take), "127.0.0.1", inbox.port)
    async with server:
        yield inbox


async def measure(subject: Subject, inbox: Inbox, *, at_once: int, seconds: float, numbers: "count[int]") -> Looked:
    """Looks up so many at once for so long."""
    milliseconds: list[float] = []
    resting = await _cpu_at_rest(subject)
    connections = [await asyncio.open_connection("127.0.0.1", subject.port) for _ in range(at_once)]

    async def look_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = str(next(numbers))
        answer = inbox.waiting[number] = asyncio.get_running_loop().create_future()
        url = f"http://127.0.0.1:{inbox.port}/response/{number}"
        began = perf_counter()
        writer.write(signed_command(EXAMPLE_ID, response_url=url, trigger_id=f"{number}.lookup"))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await asyncio.wait_for(answer, 20)
        milliseconds.append((perf_counter() - began) * 1000)

    began, spent = perf_counter(), precise_cpu_seconds(subject.pid)
    for wave in count(1):
        await asyncio.gather(*(look_up(*connection) for connection in connections))
        lasted = perf_counter() - began
        if lasted > seconds:
            break
        await asyncio.sleep(wave * at_once / A_SECOND - lasted)
    spent = precise_cpu_seconds(subject.pid) - spent - resting * lasted
    for _, writer in connections:
        writer.close()
    return Looked(milliseconds=milliseconds, cpu_us=spent / len(milliseconds) * 1e6)


async def _cpu_at_rest(subject: Subject) -> float:
    """What a second costs in which nobody asks for anything."""
    spent = precise_cpu_seconds(subject.pid)
    await asyncio.sleep(1)
    return precise_cpu_seconds(subject.pid) - spent


Found = dict[tuple[str, int], list[Looked]]


async def run(delay: float, seconds: float, rounds: int) -> Found:
    """All rounds, the two in turn; by who looked up and how many at once."""
    found: Found = {}
    numbers = count(1)
    async with AsyncExitStack() as stack:
        inbox = await stack.enter_async_context(open_inbox(delay))
        subjects = [await stack.enter_async_context(started(name, inbox)) for name in ("bare", "bot")]
        for turn in range(rounds + 1):
            for at_once in AT_ONCE:
                for subject in subjects:
                    looked = await measure(subject, inbox, at_once=at_once, seconds=seconds, numbers=numbers)
                    if turn:  # the first one only warms up
                        found.setdefault((subject.name, at_once), []).append(looked)
    return found


@asynccontextmanager
async def started(name: str, inbox: Inbox) -> AsyncIterator[Subject]:
    """The bot, or what it is beside, on a core of its own."""
    port = free_port()
    is_bot = name == "bot"
    arguments = ["-m", "bot", "run"] if is_bot else ["-m", "tests.bench.servers", "lookup", str(port), str(inbox.port)]
    with tempfile.TemporaryDirectory(prefix="samora-bench-") as folder:
        settings = environment(inbox.port, port, folder) if is_bot else None
        with pinned(cores()[1]):
            starting = running(*arguments, environment=settings, port=port)
            process = await asyncio.to_thread(starting.__enter__)
        try:
            if is_bot:
                await asyncio.to_thread(wait_until_ready, port)
            yield Subject(name=name, port=port, pid=process.pid)
        finally:
            await asyncio.to_thread(starting.__exit__, None, None, None)


def ratios(found: Found, at_once: int) -> tuple[float, float]:
    """How many times as long the bot took as the bare one, by the clock and by its CPU; the median of the rounds."""
    pairs = list(zip(found["bot", at_once], found["bare", at_once], strict=True))
    by_clock = statistics.median(bot.p50 / bare.p50 for bot, bare in pairs)
    return by_clock, statistics.median(bot.cpu_us / bare.cpu_us for bot, bare in pairs)


def middle(found: Found, name: str, at_once: int) -> tuple[float, float]:
    """The middle round's milliseconds and microseconds of CPU."""
    looked = found[name, at_once]
    return statistics.median(each.p50 for each in looked), statistics.median(each.cpu_us for each in looked)


def main(seconds: float = 4.0, rounds: int = 5) -> int:
    """Prints the figures; the exit code says whether the goals are met."""
    goals = []
    print(f"{'neighbours take':<18}{'at once':<10}{'':<6}{'p50 ms':>10}{'CPU µs each':>14}")
    for delay in (NEIGHBOUR_SECONDS, 0.0):
        with pinned(cores()[0]):
            found = uvloop.run(run(delay, seconds, rounds))
        for at_once in AT_ONCE:
            for name in ("bare", "bot"):
                p50, cpu = middle(found, name, at_once)
                print(f"{delay * 1000:<18.0f}{at_once:<10}{name:<6}{p50:>10.2f}{cpu:>14.0f}")
            by_clock, by_cpu = ratios(found, at_once)
            name = f"neighbours take {delay * 1000:.0f} ms, {at_once} at once:"
            goals.append(Goal(name=f"{name} time to the bare one's", value=by_clock, most=MOST, is_for_later=not delay))
            goals.append(Goal(name=f"{name} CPU to its", value=by_cpu, most=MOST, is_for_later=True))
    return report(goals)


if __name__ == "__main__":
    sys.exit(main(*(kind(value) for kind, value in zip((float, int), sys.argv[1:], strict=False))))
