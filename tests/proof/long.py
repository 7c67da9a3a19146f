"""The long crash test: ``python -m tests.proof.long [seed]``, or ``make crash``. Prints what was survived."""

import asyncio
import socket
import sys
import tempfile
from time import monotonic

from tests.postgres import open_postgres
from tests.proof.chaos import Plan, play


def main() -> None:
    """Two replicas on PostgreSQL, then one process on SQLite; exits with 1 if anything was lost, double or late."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with open_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        databases = [(postgres.url(postgres.make_database()), 2), (f"sqlite:///{folder}/bot.db", 1)]
        flaws = [flaw for url, replicas in databases for flaw in _survive(seed, url, replicas)]
    for flaw in flaws:
        print(flaw)
    sys.exit(bool(flaws))


def _survive(seed: int, url: str, replicas: int) -> list[str]:
    plan = Plan(seed=seed, calls=200, channels=20, replicas=replicas, kills=30, database_url=url)
    began = monotonic()
    chaos = asyncio.run(play(plan, _free_port, within=900))
    notices = sum(len(chaos.notices(story)) for story in chaos.stories)
    kind, _, _ = url.partition(":")
    print(
        f"{kind}, seed {seed}: {plan.calls} calls, {replicas} process(es), {chaos.killed} kills, "
        f"{chaos.slack.faults.rained} failures of Slack, {notices} notices, {monotonic() - began:.0f} s, "
        f"{len(chaos.flaws())} flaws"
    )
    return chaos.flaws()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


if __name__ == "__main__":
    main()
