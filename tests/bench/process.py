"""What a process costs, and where it runs: seen from outside, in /proc."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.sandbox.process import BotProcess

_TICKS = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[set[int], set[int]]:
    """Which cores are for the servers, and which one is for what is measured; the same one if there is only one."""
    there = sorted(os.sched_getaffinity(0))
    return set(there[:-1]) or {there[0]}, {there[-1]}


@contextmanager
def pinned(to: set[int]) -> Iterator[None]:
    """What is started inside runs on these cores only; whoever starts it comes back to its own."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, to)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pid_of(bot: BotProcess) -> int:
    """The process's id."""
    assert bot._process is not None, "the bot has ended: " + "\n".join(list(bot.lines)[-5:])
    return bot._process.pid


def cpu_seconds(pid: int) -> float:
    """How much of a core it has used, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def precise_cpu_seconds(pid: int) -> float:
    """The same to the nanosecond, of the threads that it still has."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def peak_mib(pid: int) -> float:
    """The most memory that it ever had resident."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


def resident_mib(pid: int) -> float:
    """The memory that it has resident now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024
