"""The pruner: a batch after the other until nothing is left, then again in an hour, whatever goes wrong."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.core.errors import StoreUnavailable
from bot.pruner import Pruner


class Stop(Exception):
    """The test has seen enough."""


class Memory:
    """What is pruned: gives what it was told to give, and remembers how long was slept in between."""

    def __init__(self, *batches: int | Exception) -> None:
        self.batches = list(batches)
        self.slept: list[float] = []

    async def prune(self) -> int:
        batch = self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return batch

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self.batches:
            raise Stop


@pytest.mark.parametrize(
    ("batches", "slept", "said"),
    [
        ([500, 500, 3, 0, 0], [0.2, 0.2, 0.2, 3600, 3600], [("pruned", 1003)]),
        ([0], [3600], []),
        ([7, 0, 2, 0], [0.2, 3600, 0.2, 3600], [("pruned", 7), ("pruned", 2)]),
        ([5, StoreUnavailable("locked"), 1, 0], [0.2, 60, 0.2, 3600], [("store_unavailable", None), ("pruned", 6)]),
        ([RuntimeError("broken"), 0], [3600, 3600], [("bug", None)]),
    ],
)
async def test_until_nothing_is_left_and_then_every_hour(
    batches: list[int | Exception], slept: list[float], said: list[tuple[str, int | None]]
) -> None:
    memory = Memory(*batches)

    with capture_logs() as logs, pytest.raises(Stop):
        await Pruner(prune=memory.prune, sleep=memory.sleep).run()

    assert memory.slept == slept
    assert [(line["event"], line.get("rows")) for line in logs] == said


async def test_it_ends_when_it_is_cancelled() -> None:
    memory = Memory(0, 0)
    pruning = asyncio.create_task(Pruner(prune=memory.prune).run())
    await asyncio.sleep(0)
    pruning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pruning
