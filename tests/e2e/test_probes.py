"""What a supervisor's probes see of the real process."""

import asyncio
import json
import os
import signal
from collections.abc import Callable

import aiohttp
import pytest

from tests.e2e.following import open_world, read

pytestmark = pytest.mark.asyncio

# As in deploy/kubernetes/deployment.yaml.
PROBE = aiohttp.ClientTimeout(total=3)


async def test_an_event_loop_that_hung_is_seen_by_the_probe_meanwhile_and_by_the_one_afterwards(
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    async with open_world(unused_tcp_port_factory) as world:
        assert (await read(world, "/healthz"))[0] == 200
        assert world.bot._process
        pid = world.bot._process.pid
        async with aiohttp.ClientSession(timeout=PROBE) as prober:
            os.kill(pid, signal.SIGSTOP)
            try:
                with pytest.raises(TimeoutError):
                    await prober.get(f"{world.url}/healthz")
                asyncio.get_running_loop().call_later(2.5, os.kill, pid, signal.SIGCONT)
                # This one came while it hung, and is the first that is served afterwards.
                async with prober.get(f"{world.url}/healthz") as answer:
                    during = answer.status, await answer.json()
            finally:
                os.kill(pid, signal.SIGCONT)
        after = await read(world, "/healthz")
        ready = (await read(world, "/readyz"))[0]

    assert (during[0], during[1]["status"]) == (503, "blocked")
    assert (after[0], json.loads(after[1])["status"]) == (503, "blocked")
    assert all(report["seconds"] >= 5 for report in (during[1], json.loads(after[1])))
    assert ready == 200, "it answers again"
