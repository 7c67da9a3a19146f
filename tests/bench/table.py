"""The README's table of speed: ``python -m tests.bench.table``, in some six minutes; also written to ``dist/speed.md``.

What the bot is measured beside is measured in the same run, in turns with it. The exit code says whether all goals are
met.
"""

import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.bench import ack, looks, lookup, start
from tests.bench.process import cores, pinned

HEAD = ("what", "beside", "the bot", "that", "ratio", "goal")
OUTPUT = Path("dist/speed.md")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table: what is measured, beside what, in which unit, and its bound.

    Attributes:
        most: what the ratio, or the bot's own figure where it stands alone, may be at most.
        least: what it must be at least.
    """

    what: str
    beside: str = ""
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def goal(self) -> str:
        """The bound in words; nothing where it is only told."""
        times = " ×" if self.beside else f" {self.unit}"
        if self.most is not None:
            return f"≤ {self.most:g}{times}"
        return f"≥ {self.least:g}{times}" if self.least is not None else ""

    def is_met(self, value: float) -> bool:
        """Whether that is within the bound."""
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What came out for a row: the bot's, the other one's, and the ratio, which is the median of the rounds'."""

    bot: float
    other: float = 0.0
    ratio: float = 0.0


_AT_ONCE = {1: "one at a time", 8: "8 at once", 32: "32 at once", 256: "256 at once"}
_ACKS = {
    ack.BARE_BOLT: (
        "a bare Bolt app: awaits its one listener, same server",
        dict.fromkeys(ack.IN_FLIGHT, ack.OF_BARE_BOLT),
    ),
    ack.DEFAULT: ("Bolt's default dispatch, its own server", ack.TARGETS),
    ack.SIGNATURE: ("a handler that checks the signature, same server", {}),
}
ACKS = {
    (name, at_once): Row(what=f"acks, {_AT_ONCE[at_once]}", beside=beside, unit="/s", least=least.get(at_once))
    for name, (beside, least) in _ACKS.items()
    for at_once in ack.IN_FLIGHT
}
ACK_CPU = Row(
    what="CPU of an ack, 32 at once", beside=_ACKS[ack.BARE_BOLT][0], unit="µs", most=ack.MOST_CPU_OF_BARE_BOLT
)
_TWO = "one GET and one POST, same clients"
LOOKUPS = {
    at_once: Row(
        what=f"look-up to answer, {_AT_ONCE[at_once]}; Samora and Slack take 50 ms", beside=_TWO, unit="ms", most=1.3
    )
    for at_once in lookup.AT_ONCE
}
LOOKUP_AT_ONCE = Row(what="look-up to answer, one at a time; they take no time", beside=_TWO, unit="ms")
LOOKUP_CPU = Row(what="CPU of a look-up, 8 at once", beside=_TWO, unit="µs")
_LOOP = "a bare loop that asks and parses, same client"
LOOKS = Row(what="looks at followed calls, from one core", beside=_LOOP, unit="/s", least=0.8)
LOOK_CPU = Row(what="CPU of a look", beside=_LOOP, unit="µs", most=1.25)
START = Row(what="start to ready", unit="s", most=start.MOST_SECONDS)
START_CPU = Row(what="CPU of a start", unit="s", most=start.MOST_SECONDS)
START_BESIDE = Row(what="start to ready", beside="a bare Bolt app", unit="s", most=start.MOST_TIMES)
IDLE = Row(what="memory, idle", unit="MiB", most=start.MOST_MIB)
BUSY = Row(what="memory, looking at 10,000 followed calls without a pause", unit="MiB", most=200.0)

ROWS: tuple[Row, ...] = (
    *ACKS.values(),
    ACK_CPU,
    *LOOKUPS.values(),
    LOOKUP_AT_ONCE,
    LOOKUP_CPU,
    LOOKS,
    LOOK_CPU,
    START,
    START_CPU,
    START_BESIDE,
    IDLE,
    BUSY,
)


def measure_acks(seconds: float = 1.0, rounds: int = 9) -> Iterator[tuple[Row, Figure]]:
    """Requests a second of which the bot only acks."""
    with ack.subjects(with_lookups=False) as servers:
        measured = ack.measure_all(servers, seconds, rounds)
    for (name, at_once), row in ACKS.items():
        bot, other = (statistics.median(each.per_second for each in measured[who, at_once]) for who in (ack.BOT, name))
        yield row, Figure(bot=bot, other=other, ratio=ack.compare(measured, ack.BOT, name, at_once))
    bot, other = (statistics.median(each.cpu_us for each in measured[who, 32]) for who in (ack.BOT, ack.BARE_BOLT))
    yield ACK_CPU, Figure(bot=bot, other=other, ratio=ack.compare_cpu(measured, ack.BOT, ack.BARE_BOLT, 32))


def measure_lookups(seconds: float = 3.0, rounds: int = 3) -> Iterator[tuple[Row, Figure]]:
    """Look-ups, from the command to the answer."""
    with pinned(cores()[0]):
        usual = uvloop.run(lookup.run(lookup.NEIGHBOUR_SECONDS, seconds, rounds))
        bare = uvloop.run(lookup.run(0.0, seconds, rounds))
    for at_once, row in LOOKUPS.items():
        yield row, _compare(usual, at_once, is_cpu=False)
    yield LOOKUP_AT_ONCE, _compare(bare, 1, is_cpu=False)
    yield LOOKUP_CPU, _compare(bare, 8, is_cpu=True)


def _compare(found: lookup.Found, at_once: int, *, is_cpu: bool) -> Figure:
    bot, other = (lookup.middle(found, name, at_once)[is_cpu] for name in ("bot", "bare"))
    return Figure(bot=bot, other=other, ratio=lookup.ratios(found, at_once)[is_cpu])


def measure_looks(seconds: float = 4.0, rounds: int = 7) -> Iterator[tuple[Row, Figure]]:
    """Looks at followed calls."""
    with pinned(cores()[0]):
        found = uvloop.run(looks.take_turns(seconds=seconds, rounds=rounds))
    middle = statistics.median
    yield (
        LOOKS,
        Figure(
            bot=middle(bot.per_second for bot, _ in found),
            other=middle(bare.per_second for _, bare in found),
            ratio=middle(bot.per_second / bare.per_second for bot, bare in found),
        ),
    )
    yield (
        LOOK_CPU,
        Figure(
            bot=middle(bot.cpu_us for bot, _ in found),
            other=middle(bare.cpu_us for _, bare in found),
            ratio=middle(bot.cpu_us / bare.cpu_us for bot, bare in found),
        ),
    )
    yield BUSY, Figure(bot=middle(bot.mib for bot, _ in found))


def measure_starts(rounds: int = 7) -> Iterator[tuple[Row, Figure]]:
    """Starts, and what is in memory after them."""
    found = start.take_turns(rounds)
    bot, bare = (start.middle(list(each)) for each in zip(*found, strict=True))
    yield START, Figure(bot=bot.seconds)
    yield START_CPU, Figure(bot=bot.cpu_seconds)
    ratio = statistics.median(one.seconds / other.seconds for one, other in found)
    yield START_BESIDE, Figure(bot=bot.seconds, other=bare.seconds, ratio=ratio)
    yield IDLE, Figure(bot=bot.mib)


def render(row: Row, figure: Figure) -> str:
    """The row with its figures, as Markdown."""
    digits = 2 if row.unit == "s" else 1 if row.unit in {"ms", "MiB"} else 0
    unit = row.unit if row.unit.startswith("/") else f" {row.unit}"
    bot, other = (f"{each:,.{digits}f}{unit}" for each in (figure.bot, figure.other))
    is_met = row.is_met(figure.ratio if row.beside else figure.bot)
    goal = f"{row.goal}{'' if is_met else ': **missed**'}"
    cells = (row.what, row.beside, bot, *((other, f"{figure.ratio:.2f} ×") if row.beside else ("", "")), goal)
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    """Measures all, prints the table, and keeps it."""
    figures: dict[Row, Figure] = {}
    for measure in (measure_starts, measure_acks, measure_lookups, measure_looks):
        print(f"{measure.__name__} …", file=sys.stderr, flush=True)
        figures.update(measure())
    lines = ["| " + " | ".join(HEAD) + " |", "|---|---|---:|---:|---:|---|"]
    lines += [render(row, figures[row]) for row in ROWS]
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return 0 if all(row.is_met(figures[row].ratio if row.beside else figures[row].bot) for row in ROWS) else 1


if __name__ == "__main__":
    sys.exit(main())
