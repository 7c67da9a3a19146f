"""The bot as a process of its own, run against the sandbox: the real thing, which can be stopped and killed."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import bot
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox

_LINES_KEPT = 2_000
_STOP_SECONDS = 12.0

# Whoever tries the sandbox may have the settings of a real bot in the environment. They must not get in.
_NOT_INHERITED = ("SLACK_", "SAMORA_", "DATABASE_", "LOG_", "HOST", "PORT", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy")


def bot_environment(*, slack: SlackSandbox, samora: SamoraSandbox, port: int | None = None) -> dict[str, str]:
    """The settings of a bot for these servers: HTTP mode at that port, or Socket Mode without one."""
    settings = {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_API_URL": slack.api_url,
        "SAMORA_API_KEY": samora.api_key,
        "SAMORA_API_URL": samora.url,
        "LOG_FORMAT": "json",
    }
    if port is None:
        return settings | {"SLACK_APP_TOKEN": slack.app_token}
    return settings | {"SLACK_SIGNING_SECRET": slack.signing_secret, "PORT": str(port)}


class BotProcess:
    """``samora-bot run`` as a child process; entered, it runs, and left, it is stopped.

    Attributes:
        lines: the newest lines that it wrote, oldest first.
        exit_code: how it ended; None while it runs.
    """

    def __init__(self, environment: Mapping[str, str], *, arguments: tuple[str, ...] = ("run",)) -> None:
        """Takes its settings, and what follows ``samora-bot`` on its command line."""
        self.lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self.exit_code: int | None = None
        self._environment = environment
        self._arguments = arguments
        self._folder = tempfile.TemporaryDirectory(prefix="samora-bot-")
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        self._folder.cleanup()

    async def start(self) -> None:
        """Starts it, or starts it again; it is not ready yet."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        code = Path(bot.__file__).parent.parent
        self.exit_code = None
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *self._arguments,
            # An empty folder: no .env of somebody's real bot.
            cwd=self._folder.name,
            env=inherited | {"PYTHONPATH": str(code), **self._environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(), name="bot's lines")

    async def stop(self) -> int:
        """Asks it to stop, and kills it if it doesn't; returns its exit code."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> int:
        """``kill -9``: it can finish nothing."""
        return await self._end(signal.SIGKILL)

    async def wait(self) -> int:
        """Waits until it ends by itself; returns its exit code."""
        if self._process is None or self._reading is None:
            return self.exit_code or 0
        await self._reading
        self.exit_code = await self._process.wait()
        self._process = None
        return self.exit_code

    async def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return self.exit_code or 0
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            return await asyncio.wait_for(asyncio.shield(self.wait()), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            return await self.wait()

    async def _read(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        async for line in self._process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip())
