"""Growth: what a process has, looked at from outside again and again, and whether it becomes more and more."""

import os
import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TASKS = "samora_bot_tasks "


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How much more of something the last third of a run may have than the second: a share of that, and so much."""

    share: float
    more: float


# The weather is the same in each third, and so are its medians, but for chance.
TOLERANCES: Mapping[str, Tolerance] = {
    "memory, MiB": Tolerance(share=0.03, more=1.0),
    "file descriptors": Tolerance(share=0.1, more=5),
    "tasks": Tolerance(share=0.1, more=5),
    "threads": Tolerance(share=0.0, more=1),
    "rows": Tolerance(share=0.1, more=50),
}
Sample = Mapping[str, float]


def take_sample(pid: int, metrics: str, database: Path) -> dict[str, float]:
    """What the process has now.

    Args:
        pid: the process.
        metrics: what it says at ``/metrics``; the tasks are told by it alone.
        database: its SQLite file.
    """
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {
        "memory, MiB": int(status["VmRSS"].split()[0]) / 1024,
        "file descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "tasks": float(next(line for line in metrics.splitlines() if line.startswith(_TASKS)).split()[1]),
        "threads": int(status["Threads"]),
        "rows": sum(count_rows(database).values()),
    }


def count_rows(database: Path) -> dict[str, int]:
    """How many rows each table has."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608
    finally:
        connection.close()


@dataclass(frozen=True, kw_only=True)
class Course:
    """How one thing went: the medians of the three thirds of a run, the most, and what would have been too much."""

    name: str
    thirds: tuple[float, float, float]
    most: float
    limit: float

    @property
    def has_grown(self) -> bool:
        """Whether the last third had more than it may."""
        return self.thirds[2] > self.limit


def follow_course(name: str, samples: Sequence[Sample]) -> Course:
    """Looks at the three thirds of at least three samples; in the first one the process may still become warm."""
    values = [sample[name] for sample in samples]
    third = len(values) // 3
    first, second = statistics.median(values[:third]), statistics.median(values[third : 2 * third])
    last, tolerance = statistics.median(values[2 * third :]), TOLERANCES[name]
    limit = second * (1 + tolerance.share) + tolerance.more
    return Course(name=name, thirds=(first, second, last), most=max(values), limit=limit)
