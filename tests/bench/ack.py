"""How quickly the bot acks, beside a default Bolt app, the quickest one there is, and a bare check of the signature.

``python -m tests.bench.ack [SECONDS] [ROUNDS]``. All servers run at once, are measured one after the other, and the
medians of the rounds are compared: only the ratios travel from machine to machine, and on a machine that others use the
ratios of CPU travel best.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from time import sleep
from urllib.error import HTTPError
from urllib.request import urlopen

from bot.core.calls import EXAMPLE_ID
from tests.bench.load import SECRET, Figures, measure, signed_commands
from tests.bench.process import precise_cpu_seconds

IN_FLIGHT = (1, 32, 256)
DEFAULT, BARE_BOLT, SIGNATURE, BOT = "default Bolt app", "bare Bolt app", "signature check", "bot: help"
# What an ack that is awaited can be quicker than one that Bolt looks for every 10 ms. A bare app that only acks was
# seen to be 41.6, 2.5 and 1.28 times as quick at so many in flight; a bot that checks whom it serves and takes work on
# has to be at least so many times. The other goals are beside a bare app that awaits its one listener.
TARGETS = {1: 30.0, 32: 2.0, 256: 1.0}
OF_BARE_BOLT = 0.9
MOST_CPU_OF_BARE_BOLT = 1.1

Measured = dict[tuple[str, int], list[Figures]]


@dataclass(frozen=True)
class Subject:
    """A server that is measured."""

    name: str
    port: int
    pid: int
    text: str = "help"
    neighbours: int = 0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def running(
    *arguments: str, environment: dict[str, str] | None = None, port: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """A Python process, from when it listens until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with stopped(process):
        wait_until_it_listens(port, process)
        yield process


@contextmanager
def stopped(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Stops a process at the end of the block."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(port: int) -> None:
    """Waits until the bot knows its workspace: before that it can answer nothing, and would look quicker than it is."""
    for _ in range(6_000):
        try:
            urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
        except HTTPError:
            sleep(0.01)
        else:
            return
    message = "the bot does not get ready"
    raise RuntimeError(message)


def wait_until_it_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Waits until somebody accepts connections there; RuntimeError if the process ends before, or doesn't."""
    for _ in range(6_000):
        if process.poll() is not None:
            message = f"{process.args!r} ended with {process.returncode}"
            raise RuntimeError(message)
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            sleep(0.01)
        else:
            return
    message = f"nothing listens on {port}"
    raise RuntimeError(message)


@contextmanager
def subjects(*, with_lookups: bool = True) -> Iterator[list[Subject]]:
    """All servers: the baselines, and the bot that asks no Samora, one that hangs, and one that answers."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="samora-bench-"))
        found = []
        for name, label in (("default", DEFAULT), ("bolt", BARE_BOLT), ("signature", SIGNATURE)):
            port = free_port()
            process = stack.enter_context(running("-m", "tests.bench.servers", name, str(port), port=port))
            found.append(Subject(label, port, process.pid))
        lookups = [
            ("bot: look-up, Samora hangs", "hangs", EXAMPLE_ID),
            ("bot: look-up, Samora answers", "answers", EXAMPLE_ID),
        ]
        for label, how, text in [(BOT, "answers", "help"), *(lookups if with_lookups else [])]:
            neighbours, port = free_port(), free_port()
            stack.enter_context(
                running("-m", "tests.bench.servers", "neighbours", str(neighbours), how, port=neighbours)
            )
            process = stack.enter_context(
                running("-m", "bot", "run", environment=environment(neighbours, port, folder), port=port)
            )
            wait_until_ready(port)
            found.append(Subject(label, port, process.pid, text=text, neighbours=neighbours))
        yield found


def environment(neighbours: int, port: int, folder: str) -> dict[str, str]:
    """The settings of a bot beside these neighbours; it remembers in that folder."""
    return {
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_APP_TOKEN": "",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": f"http://127.0.0.1:{neighbours}/api/",
        "SAMORA_API_KEY": "bench",
        "SAMORA_API_URL": f"http://127.0.0.1:{neighbours}",
        "DATABASE_URL": f"sqlite:///{folder}/bot-{port}.db",
        "PORT": str(port),
        "LOG_FORMAT": "json",
        # One person asks thousands of times a second there; being told to wait is no look-up.
        "USER_LOOKUPS_PER_MINUTE": "1000000",
        "CHANNEL_LOOKUPS_PER_MINUTE": "1000000",
    }


def measure_all(servers: list[Subject], seconds: float, rounds: int) -> Measured:
    """Each server at each load, one after the other, in so many rounds."""
    measured: Measured = {}
    for turn in range(rounds):
        for at_once in IN_FLIGHT:
            for server in servers:
                url = f"http://127.0.0.1:{server.neighbours}/response"
                requests = signed_commands(server.text, response_url=url, count=20_000)
                spent = precise_cpu_seconds(server.pid)
                figures = measure(server.port, requests, at_once=at_once, seconds=seconds)
                cpu_us = (precise_cpu_seconds(server.pid) - spent) / figures.requests * 1e6
                measured.setdefault((server.name, at_once), []).append(replace(figures, cpu_us=cpu_us))
                place = f"round {turn + 1} of {rounds}, {at_once} in flight, {server.name:<40}"
                print(f"\r{place}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return measured


def compare(measured: Measured, name: str, base: str, at_once: int) -> float:
    """How many times as many requests a second one server answers as another; the median of the rounds."""
    pairs = zip(measured[name, at_once], measured[base, at_once], strict=True)
    return statistics.median(one.per_second / other.per_second for one, other in pairs)


def compare_cpu(measured: Measured, name: str, base: str, at_once: int) -> float:
    """How many times the CPU one server needs for an ack that another needs; the median of the rounds."""
    pairs = zip(measured[name, at_once], measured[base, at_once], strict=True)
    return statistics.median(one.cpu_us / other.cpu_us for one, other in pairs)


def main(seconds: float = 5.0, rounds: int = 3) -> int:
    """Prints the table; the exit code says whether every target is met."""
    with subjects() as servers:
        return report(servers, measure_all(servers, seconds, rounds))


def report(servers: list[Subject], measured: Measured) -> int:
    """The table: requests per second, the middle request's milliseconds, and the ratio to the default app."""
    print(f"{'requests per second (p50 in ms)':<34}" + "".join(f"{at_once:>28}" for at_once in IN_FLIGHT))
    failed = 0
    for server in servers:
        cells = []
        for at_once in IN_FLIGHT:
            rate = statistics.median(each.per_second for each in measured[server.name, at_once])
            p50 = statistics.median(each.p50_ms for each in measured[server.name, at_once])
            ratio = compare(measured, server.name, DEFAULT, at_once)
            misses = server.neighbours > 0 and (ratio < TARGETS[at_once] or (at_once == 1 and p50 >= 1.0))
            failed += misses
            cells.append(f"{rate:>9.0f} ({p50:6.2f}) {ratio:6.2f} ×{'!' if misses else ' '}")
        print(f"{server.name:<34}" + "".join(f"{cell:>28}" for cell in cells))
    print(f"targets: {', '.join(f'≥ {target} × at {at}' for at, target in TARGETS.items())}, p50 < 1 ms at 1")
    for at_once in IN_FLIGHT:
        ratio = compare(measured, BOT, BARE_BOLT, at_once)
        failed += ratio < OF_BARE_BOLT
        cpu = compare_cpu(measured, BOT, BARE_BOLT, at_once)
        failed += cpu > MOST_CPU_OF_BARE_BOLT
        print(
            f"{BOT} to the {BARE_BOLT}, {at_once} in flight: {ratio:.2f} × (target ≥ {OF_BARE_BOLT} ×), "
            f"its CPU {cpu:.2f} × (target ≤ {MOST_CPU_OF_BARE_BOLT} ×)"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*(kind(value) for kind, value in zip((float, int), sys.argv[1:], strict=False))))
