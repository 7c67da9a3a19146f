"""How many looks a second one core makes that is given more than it can do, beside a bare loop over the same client.

Both are given the same calls and the same neighbours, which are as cheap as can be, and take turns; each has the core
to itself. The bare loop asks and parses; the bot claims, asks, parses, compares and writes.
"""

import asyncio
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from bot.sandbox.company import ASHA, SandboxCall
from tests.bench.ack import environment, free_port, running, wait_until_ready
from tests.bench.load import TEAM
from tests.bench.polling import CALLS, STARTING, fill, run_bare
from tests.bench.process import cores, cpu_seconds, pinned, resident_mib
from tests.bench.servers import CALL, ONGOING_CALL, Neighbour
from tests.bench.stored import now

HIGHEST_RATE = 5_000  # what SAMORA_RATE takes
INTERVAL = 2.0  # so that all of that is wanted


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What one round came to: looks a second, microseconds of CPU for each, and what the process had in memory."""

    per_second: float
    cpu_us: float
    mib: float


async def take_turns(*, seconds: float, rounds: int) -> list[tuple[Looked, Looked]]:
    """So many rounds of the bot and of the bare loop."""
    seen = 0

    def count(path: bytes) -> None:
        nonlocal seen
        seen += path.startswith(b"/v1/")

    port = free_port()
    calls = list(_calls())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Neighbour(call=ONGOING_CALL, on_request=count), "127.0.0.1", port)
    found = []
    async with server:
        for _ in range(rounds):
            per_second, cpu_us = await run_bare(
                f"http://127.0.0.1:{port}", "bench", [call.call_id for call in calls], seconds=seconds
            )
            bare = Looked(per_second=per_second, cpu_us=cpu_us, mib=0.0)
            with tempfile.TemporaryDirectory(prefix="samora-bench-") as folder, ExitStack() as stack:
                url = f"sqlite:///{folder}/bot.db"
                await fill(url, calls, interval=INTERVAL, team_id=TEAM)
                pid = await asyncio.to_thread(_start, stack, port, folder, url)
                await asyncio.sleep(STARTING.total_seconds() + INTERVAL)
                before, spent = seen, cpu_seconds(pid)
                await asyncio.sleep(seconds)
                looks, spent = max(1, seen - before), cpu_seconds(pid) - spent
                bot = Looked(per_second=looks / seconds, cpu_us=spent / looks * 1e6, mib=resident_mib(pid))
                await asyncio.to_thread(stack.close)
            found.append((bot, bare))
    return found


def _start(stack: ExitStack, neighbours: int, folder: str, url: str) -> int:
    port = free_port()
    settings = {"DATABASE_URL": url, "POLL_INTERVAL": f"{INTERVAL:g}", "SAMORA_RATE": str(HIGHEST_RATE)}
    with pinned(cores()[1]):
        starting = running("-m", "bot", "run", environment=environment(neighbours, port, folder) | settings, port=port)
        process = stack.enter_context(starting)
    wait_until_ready(port)
    return process.pid


def _calls() -> list[SandboxCall]:
    """Calls that go on, as the neighbours tell of them, so that a look brings no news."""
    began = now().replace(year=2024, month=1, day=15, hour=10, minute=30, second=5, microsecond=0)
    assert began.isoformat().startswith(CALL["data"]["started_at"].removesuffix("Z"))
    return [
        SandboxCall(
            call_id=str(UUID(int=number, version=4)),
            agent_id=ASHA,
            status="ONGOING",
            created_at=began,
            updated_at=began + timedelta(minutes=5),
            started_at=began,
        )
        for number in range(CALLS)
    ]
