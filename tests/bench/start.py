"""How long a start takes, until the bot is ready, and what it has in memory then, beside a Bolt app with one listener.

``python -m tests.bench.start [ROUNDS]``. Both are started in turn, on the same server; the bot's database is there
already, the neighbours answer at once, and either's code is compiled, as pip and the image install it.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from time import perf_counter

from tests.bench.ack import environment, free_port, running, stopped, wait_until_it_listens, wait_until_ready
from tests.bench.goals import Goal, report
from tests.bench.process import cpu_seconds, resident_mib

MOST_SECONDS = 1.0
MOST_TIMES = 2.5
MOST_MIB = 90.0


@dataclass(frozen=True, kw_only=True)
class Started:
    """What a start took, in seconds by the clock and of a core, and the MiB that are resident after it."""

    seconds: float
    cpu_seconds: float
    mib: float


def take_turns(rounds: int) -> list[tuple[Started, Started]]:
    """So many starts of the bot and of the Bolt app; one before them makes the database, and warms up what is read."""
    neighbours = free_port()
    found = []
    with (
        running("-m", "tests.bench.servers", "neighbours", str(neighbours), "answers", port=neighbours),
        tempfile.TemporaryDirectory(prefix="samora-bench-") as folder,
    ):
        # Python keeps what the first round compiles, even where the environment says otherwise.
        compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}
        for turn in range(rounds + 1):
            port = free_port()
            settings = environment(neighbours, port, folder) | {"DATABASE_URL": f"sqlite:///{folder}/bot.db"}
            bot = _start(port, "-m", "bot", "run", settings=settings | compiled, is_bot=True)
            port = free_port()
            bare = _start(port, "-m", "tests.bench.servers", "bolt", str(port), settings=compiled, is_bot=False)
            if turn:
                found.append((bot, bare))
    return found


def _start(port: int, *arguments: str, settings: dict[str, str], is_bot: bool) -> Started:
    began = perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with stopped(process):
        wait_until_it_listens(port, process)
        if is_bot:
            wait_until_ready(port)
        seconds = perf_counter() - began
        return Started(seconds=seconds, cpu_seconds=cpu_seconds(process.pid), mib=resident_mib(process.pid))


def middle(found: list[Started]) -> Started:
    """The median of each figure."""
    return Started(
        seconds=statistics.median(each.seconds for each in found),
        cpu_seconds=statistics.median(each.cpu_seconds for each in found),
        mib=statistics.median(each.mib for each in found),
    )


def main(rounds: int = 7) -> int:
    """Prints the figures; the exit code says whether the goals are met."""
    found = take_turns(rounds)
    bot, bare = (middle(list(each)) for each in zip(*found, strict=True))
    for name, each in (("bot", bot), ("bare Bolt app", bare)):
        print(f"{name:<16}{each.seconds:>8.2f} s {each.cpu_seconds:>8.2f} s of a core {each.mib:>8.1f} MiB")
    return report(
        [
            Goal(name="seconds from start to ready", value=bot.seconds, most=MOST_SECONDS),
            Goal(name="seconds of a core until then", value=bot.cpu_seconds, most=MOST_SECONDS),
            Goal(name="times a bare Bolt app's", value=bot.seconds / bare.seconds, most=MOST_TIMES),
            Goal(name="memory idle, MiB", value=bot.mib, most=MOST_MIB),
        ]
    )


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
