"""Soak: the bot lives ten times a busy day, its neighbours failing in turn, and must not grow.

``python -m tests.soak.run [SECONDS]``, or ``make soak``; a quarter of an hour unless told otherwise. Each second the
bot's memory, file descriptors, asyncio tasks, threads and rows are looked at, and told each minute. It has grown if the
median of the last third of the run is higher than that of the second by more than :data:`tests.soak.growth.TOLERANCES`
say. What is over is kept for a fifteenth of the run, so that pruning shows. See :mod:`tests.soak.day` for that day.
"""

import asyncio
import contextlib
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import aiohttp

from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.stage import install_webhooks
from tests.bench.process import pid_of
from tests.e2e.world import MANY_LOOKUPS
from tests.soak.day import BUSY_DAY, Life
from tests.soak.growth import TOLERANCES, Course, Sample, count_rows, follow_course, take_sample

SECONDS = 900.0
TIMES = 10.0
READY_SECONDS = 60.0
KEPT_SHARE = 1 / 15
A_FEW = 4
_REST_SECONDS = 30.0
_LONGEST_PAUSE = 1.0
_FEWEST_SAMPLES = 90
_STEPS = 180  # of a call's life, in the whole run


@dataclass(frozen=True, kw_only=True)
class Soaked:
    """What a run came to.

    Attributes:
        samples: what the process had, in order.
        rested: what it had when nothing was to be done any more, or half a minute later.
        done: how often what was done.
        rows: how many rows each table has at the end.
        bugs: lines of the bot's log that must not be.
        exit_code: how it ended.
    """

    samples: list[Sample]
    rested: Sample
    done: Counter[str]
    rows: dict[str, int]
    bugs: list[str]
    exit_code: int | None

    def courses(self) -> list[Course]:
        """How each thing went."""
        return [follow_course(name, self.samples) for name in TOLERANCES]


async def soak(
    seconds: float, *, times: float = TIMES, tell: Callable[[float, Sample], None] = lambda _at, _sample: None
) -> Soaked:
    """Runs the bot for that long; ``tell`` hears each sample and the seconds since the beginning."""
    clock = SandboxClock()
    kept = seconds * KEPT_SHARE
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock) as slack:
        webhooks = install_webhooks(samora)
        settings = {"POLL_INTERVAL": "2", "SAMORA_RATE": "50", "LEASE_SECONDS": "10", **MANY_LOOKUPS}
        environment = bot_environment(slack=slack, samora=samora) | settings | webhooks
        arguments = (f"{kept:g}", f"{kept / 6:g}", "run")
        async with BotProcess(environment, module="tests.soak.short_lived", arguments=arguments) as bot:
            await bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
            await slack.wait_for_connection(within=READY_SECONDS)
            life = Life(slack=slack, samora=samora, times=times, pace=seconds / _STEPS)
            await life.prepare()
            samples: list[Sample] = []
            watching = asyncio.create_task(_watch(bot, webhooks["PORT"], seconds, samples, tell), name="watch")
            await life.live(seconds)
            watching.cancel()
            rested = await _rest(bot, webhooks["PORT"], samples[0]["tasks"])
            rows = count_rows(_database(bot))
            bugs = [line for line in bot.lines if _is_bug(line)]
            await bot.stop()
        return Soaked(samples=samples, rested=rested, done=life.done, rows=rows, bugs=bugs, exit_code=bot.exit_code)


def _is_bug(line: str) -> bool:
    """Slack's client tells with a traceback that a connection was dropped under its hands."""
    return '"event": "bug"' in line or ("Traceback" in line and '"logger": "slack_' not in line)


async def _watch(
    bot: BotProcess, port: str, seconds: float, samples: list[Sample], tell: Callable[[float, Sample], None]
) -> None:
    began = monotonic()
    while True:
        samples.append(await _look(bot, port))
        tell(monotonic() - began, samples[-1])
        await asyncio.sleep(min(_LONGEST_PAUSE, seconds / _FEWEST_SAMPLES))


async def _look(bot: BotProcess, port: str) -> Sample:
    async with aiohttp.ClientSession() as browser, browser.get(f"http://127.0.0.1:{port}/metrics") as answer:
        return take_sample(pid_of(bot), await answer.text(), _database(bot))


async def _rest(bot: BotProcess, port: str, tasks: float) -> Sample:
    """The first look at which it has as few tasks as at the beginning, but for a few that come and go."""
    until = monotonic() + _REST_SECONDS
    while True:
        sample = await _look(bot, port)
        if sample["tasks"] <= tasks + A_FEW or monotonic() > until:
            return sample
        await asyncio.sleep(_LONGEST_PAUSE)


def _database(bot: BotProcess) -> Path:
    return Path(bot.folder) / "samora-bot.db"


class _Minutes:
    """Prints a sample a minute, with a head above."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, at: float, sample: Sample) -> None:
        if at < self._next:
            return
        if not self._next:
            print(f"{'minute':>8}" + "".join(f"{name:>18}" for name in TOLERANCES))
        print(f"{at / 60:>8.1f}" + "".join(f"{sample[name]:>18.1f}" for name in TOLERANCES), flush=True)
        self._next += 60


def report(soaked: Soaked) -> int:
    """Prints what it came to; the exit code."""
    print("\ndone: " + ", ".join(f"{count:,} {what}" for what, count in sorted(soaked.done.items())))
    print("rows at the end: " + ", ".join(f"{count:,} {name}" for name, count in soaked.rows.items() if count))
    print("\n| | first third | second third | last third | at most | may be | |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    courses = soaked.courses()
    for course in courses:
        thirds = "".join(f" {each:,.1f} |" for each in course.thirds)
        verdict = "**grown**" if course.has_grown else "steady"
        print(f"| {course.name} |{thirds} {course.most:,.1f} | {course.limit:,.1f} | {verdict} |")
    for line in soaked.bugs:
        print(line)
    if soaked.exit_code:
        print(f"The bot ended with {soaked.exit_code}.")
    return int(any(course.has_grown for course in courses) or bool(soaked.bugs) or soaked.exit_code != 0)


def main(arguments: list[str]) -> int:
    """Runs it, and says whether anything has grown."""
    seconds = float(arguments[0]) if arguments else SECONDS
    a_day = ", ".join(f"{count:,} {what}" for what, count in BUSY_DAY.items())
    print(f"{TIMES:g} times a busy day ({a_day} within eight hours), for {seconds:g} seconds:\n")
    with contextlib.suppress(KeyboardInterrupt):
        return report(asyncio.run(soak(seconds, tell=_Minutes())))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
