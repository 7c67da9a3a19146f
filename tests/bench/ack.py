"""How quickly the bot acks: beside a default Bolt app that only acks, and beside a bare check of the signature.

``python -m tests.bench.ack [SECONDS] [ROUNDS]``. All servers run at once, are measured one after the other, and the
medians of the rounds are compared: only the ratios travel from machine to machine.
"""

import os
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import sleep
from urllib.error import HTTPError
from urllib.request import urlopen

from bot.core.calls import EXAMPLE_ID
from tests.bench.load import SECRET, Figures, measure, signed_commands

IN_FLIGHT = (1, 32, 256)
# At so many in flight, at least so many times the default app's throughput.
TARGETS = {1: 30.0, 32: 1.8, 256: 1.0}


@dataclass(frozen=True)
class Subject:
    """A server that is measured."""

    name: str
    port: int
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
    try:
        _wait_until_it_listens(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(port: int) -> None:
    """Waits until the bot knows its workspace: before that it can answer nothing, and would look quicker than it is."""
    for _ in range(600):
        try:
            urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
        except HTTPError:
            sleep(0.05)
        else:
            return
    message = "the bot does not get ready"
    raise RuntimeError(message)


def _wait_until_it_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            message = f"{process.args!r} ended with {process.returncode}"
            raise RuntimeError(message)
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            sleep(0.05)
        else:
            return
    message = f"nothing listens on {port}"
    raise RuntimeError(message)


@contextmanager
def subjects() -> Iterator[list[Subject]]:
    """All servers: the two baselines, and the bot beside a Samora that answers, that hangs, and that is not asked."""
    with ExitStack() as stack:
        found = []
        for name, label in (("default", "default Bolt app"), ("signature", "signature check")):
            port = free_port()
            stack.enter_context(running("-m", "tests.bench.servers", name, str(port), port=port))
            found.append(Subject(label, port))
        for label, how, text in (
            ("bot: help", "answers", "help"),
            ("bot: look-up, Samora hangs", "hangs", EXAMPLE_ID),
            ("bot: look-up, Samora answers", "answers", EXAMPLE_ID),
        ):
            neighbours, port = free_port(), free_port()
            stack.enter_context(
                running("-m", "tests.bench.servers", "neighbours", str(neighbours), how, port=neighbours)
            )
            stack.enter_context(running("-m", "bot", "run", environment=environment(neighbours, port), port=port))
            wait_until_ready(port)
            found.append(Subject(label, port, text=text, neighbours=neighbours))
        yield found


def environment(neighbours: int, port: int) -> dict[str, str]:
    """The settings of a bot beside these neighbours."""
    return {
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_APP_TOKEN": "",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": f"http://127.0.0.1:{neighbours}/api/",
        "SAMORA_API_KEY": "bench",
        "SAMORA_API_URL": f"http://127.0.0.1:{neighbours}",
        "PORT": str(port),
        "LOG_FORMAT": "json",
        # One person asks thousands of times a second there; being told to wait is no look-up.
        "USER_LOOKUPS_PER_MINUTE": "1000000",
        "CHANNEL_LOOKUPS_PER_MINUTE": "1000000",
    }


def main(seconds: float = 5.0, rounds: int = 3) -> int:
    """Prints the table; the exit code says whether every target is met."""
    measured: dict[tuple[str, int], list[Figures]] = {}
    with subjects() as servers:
        for turn in range(rounds):
            for at_once in IN_FLIGHT:
                for server in servers:
                    url = f"http://127.0.0.1:{server.neighbours}/response"
                    requests = signed_commands(server.text, response_url=url, count=20_000)
                    figures = measure(server.port, requests, at_once=at_once, seconds=seconds)
                    measured.setdefault((server.name, at_once), []).append(figures)
                    print(
                        f"\rround {turn + 1} of {rounds}, {at_once} in flight, {server.name:<40}",
                        end="",
                        file=sys.stderr,
                    )
    print(file=sys.stderr)
    return report(servers, measured)


def report(servers: list[Subject], measured: dict[tuple[str, int], list[Figures]]) -> int:
    """The table: requests per second, the middle request's milliseconds, and the ratio to the default app."""
    print(f"{'requests per second (p50 in ms)':<34}" + "".join(f"{at_once:>28}" for at_once in IN_FLIGHT))
    failed = 0
    for server in servers:
        cells = []
        for at_once in IN_FLIGHT:
            base = statistics.median(each.per_second for each in measured[servers[0].name, at_once])
            rate = statistics.median(each.per_second for each in measured[server.name, at_once])
            p50 = statistics.median(each.p50_ms for each in measured[server.name, at_once])
            ratio = rate / base
            misses = server.neighbours > 0 and (ratio < TARGETS[at_once] or (at_once == 1 and p50 >= 1.0))
            failed += misses
            cells.append(f"{rate:>9.0f} ({p50:6.2f}) {ratio:6.2f} ×{'!' if misses else ' '}")
        print(f"{server.name:<34}" + "".join(f"{cell:>28}" for cell in cells))
    print(f"targets: {', '.join(f'≥ {target} × at {at}' for at, target in TARGETS.items())}, p50 < 1 ms at 1")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*(kind(value) for kind, value in zip((float, int), sys.argv[1:], strict=False))))
